# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real programs run side by side: none is left behind, whatever happens."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure import process
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError


def run(commands: list[list[str]], timeout_s: float, at_least_s: float = 0) -> list[process.Finished]:
    with process.started(commands) as programs:
        return process.finish(programs, timeout_s, at_least_s)


def test_output_and_exit_code_are_kept() -> None:
    (done,) = run([["sh", "-c", "echo out; echo err >&2; exit 3"]], 5)
    assert (done.stdout, done.stderr, done.returncode, done.timed_out) == ("out\n", "err\n", 3, False)
    assert 0 <= done.ended_at - done.started_at < 3


def test_programs_run_at_the_same_time() -> None:
    began = time.monotonic()
    run([["sleep", "0.5"]] * 4, 10)
    assert time.monotonic() - began < 1.6


def test_a_program_that_does_not_end_is_killed_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    (done,) = run([["sh", "-c", f"sleep 60 & echo $! > {child}; wait"]], 0.5)
    assert done.timed_out
    time.sleep(0.2)
    number = int(child.read_text())
    state = Path(f"/proc/{number}/stat")
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_program_that_ignores_the_polite_signal_is_killed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "TERMINATE_S", 0.3)
    began = time.monotonic()
    (done,) = run([["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]], 0.3)
    assert done.timed_out
    assert done.returncode == -9
    assert time.monotonic() - began < 3


def test_when_one_fails_early_the_others_need_not_go_on() -> None:
    began = time.monotonic()
    failed, stopped = run([["false"], ["sleep", "30"]], 40, at_least_s=5)
    assert time.monotonic() - began < 4
    assert (failed.returncode, failed.timed_out, stopped.timed_out) == (1, False, False)


def test_an_exception_leaves_nothing_running() -> None:
    with pytest.raises(KeyboardInterrupt), process.started([["sleep", "60"]]) as programs:
        raise KeyboardInterrupt
    with pytest.raises(ProcessLookupError):
        os.kill(programs[0].process.pid, 0)


def test_a_missing_program_is_named_and_the_first_one_stopped() -> None:
    with pytest.raises(MeasureError, match="'no-such-program' is not on this node"):
        run([["sleep", "60"], ["no-such-program"]], 5)


def test_more_output_than_a_pipe_holds_is_no_problem() -> None:
    (done,) = run([["sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"]], 20)
    assert len(done.stdout) == 1_000_000
