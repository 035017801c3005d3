# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One at a time: modules and the agent never change a node's network together."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .._engine.errors import EngineError

LOCK = Path("/run/linkagg/lock")
WAIT_S = 60.0
_PAUSE_S = 0.1


class Busy(EngineError):
    """Another one keeps the lock."""


@contextmanager
def locked(
    *,
    make: bool = True,
    path: Path = LOCK,
    wait_s: float = WAIT_S,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Hold the node's lock; it goes with the process, however that ends. Busy if another keeps it.

    Without ``make``, as in check mode, a lock that was never made is not needed.
    """
    handle = _open(path, make)
    if handle is None:
        yield
        return
    try:
        _acquire(handle, path, wait_s, clock, pause)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _open(path: Path, make: bool) -> int | None:
    if make:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if make else 0), 0o600)
    except FileNotFoundError:
        return None


def _acquire(
    handle: int, path: Path, wait_s: float, clock: Callable[[], float], pause: Callable[[float], None]
) -> None:
    deadline = clock() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if clock() >= deadline:
                holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
                lasting = f" for {wait_s:g} s" if wait_s else ""
                raise Busy(
                    [
                        f"another run, or linkagg.service, has been changing this node's network{lasting} "
                        f"(process {holder} holds {path}): wait for its end, or end it"
                    ]
                ) from None
        pause(_PAUSE_S)
