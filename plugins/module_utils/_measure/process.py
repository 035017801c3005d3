# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs run side by side for a bounded time. Whatever happens, none of them is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError

POLL_S = 0.1
# iperf3 needs a moment after SIGTERM to tell its server that the test is over.
TERMINATE_S = 3.0


@dataclass(frozen=True)
class Finished:
    """A program that has ended. `started_at`, `ended_at`: epoch seconds."""

    command: Sequence[str]
    returncode: int
    stdout: str
    stderr: str
    started_at: float
    ended_at: float
    timed_out: bool = False


@dataclass
class Running:
    """A program in a process group of its own, its output in unnamed files (a full pipe would stop it)."""

    command: Sequence[str]
    process: subprocess.Popen[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    timed_out: bool = False

    def ended(self) -> bool:
        if self.ended_at is None and self.process.poll() is not None:
            self.ended_at = time.time()
        return self.ended_at is not None

    def finished(self) -> Finished:
        return Finished(
            self.command,
            self.process.returncode,
            _text(self.stdout),
            _text(self.stderr),
            self.started_at,
            self.ended_at or time.time(),
            self.timed_out,
        )


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


def _start(command: Sequence[str]) -> Running:
    stdout, stderr = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  closed with `Running`
    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise MeasureError(f"the program '{command[0]}' is not on this node; install it") from None
    return Running(command, process, stdout, stderr)


def _signal_group(one: Running, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(one.process.pid, number)


def end_on_signals() -> None:
    """Let SIGTERM and SIGHUP end this process the way an exception does, so that its programs end as well."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def stop(programs: Sequence[Running]) -> None:
    """End them: SIGTERM to their process groups, SIGKILL to what is still there after `TERMINATE_S`."""
    left = [one for one in programs if not one.ended()]
    for one in left:
        _signal_group(one, signal.SIGTERM)
    deadline = time.monotonic() + TERMINATE_S
    while any(not one.ended() for one in left) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    for one in left:
        if not one.ended():
            _signal_group(one, signal.SIGKILL)
            one.process.wait()
            one.ended()


@contextlib.contextmanager
def started(commands: Sequence[Sequence[str]]) -> Iterator[list[Running]]:
    """Start them all; on the way out, however that comes, end what still runs.

    :raises MeasureError: a program is not installed.
    """
    programs: list[Running] = []
    try:
        for command in commands:
            programs += [_start(command)]  # one by one: those before a failure must be stopped
        yield programs
    finally:
        stop(programs)
        for one in programs:
            one.stdout.close()
            one.stderr.close()


def finish(programs: Sequence[Running], timeout_s: float, at_least_s: float = 0.0) -> list[Finished]:
    """Wait for all; those that run at the end of `timeout_s` are stopped and marked `timed_out`.

    One that ends before it ran `at_least_s` has failed: then the others are stopped at once.
    """
    deadline = time.monotonic() + timeout_s
    while sum(one.ended() for one in programs) < len(programs):
        early = any(one.ended_at and one.ended_at - one.started_at < at_least_s for one in programs)
        late = time.monotonic() >= deadline
        if early or late:
            for one in programs:
                one.timed_out = late and not one.ended()
            stop(programs)
            break
        time.sleep(POLL_S)
    return [one.finished() for one in programs]
