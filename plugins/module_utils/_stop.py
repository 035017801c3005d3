# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that ask a run to end: it finishes the step it is at and undoes what it has done, instead of dying half way.

Ctrl-C, a job cancelled in AWX and a connection that is gone all arrive as one of these. SIGKILL cannot be put off;
after it, the next run finds whole steps done or not done, and does the rest.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextlib.contextmanager
def put_off() -> Iterator[Callable[[], str]]:
    """While it lasts, the signals only leave a note. Yields a function that says which one came, or nothing.

    One that is ignored already (SIGHUP below nohup) stays ignored.
    """
    came: list[str] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(signal.Signals(number).name)

    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, note) for number in heard}
    try:
        yield lambda: came[0] if came else ""
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
