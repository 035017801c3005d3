# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the person at the terminal sees: stages with their seconds, and errors without a traceback."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class LabError(Exception):
    """Something the user must know about; the text is the whole message."""


def say(text: str) -> None:
    """Print one line of progress, at once."""
    print(text, flush=True)


def complain(text: str) -> None:
    """Print an error or a warning to standard error, after what was said before."""
    sys.stdout.flush()
    print(text, file=sys.stderr, flush=True)


class Stages:
    """Names, announces and times the stages of a command; ``seconds`` is {name: seconds}, in order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str, what: str) -> Iterator[None]:
        say(f"==> {name}: {what}")
        started = time.monotonic()
        try:
            yield
        finally:
            took = round(time.monotonic() - started, 1)
            self.seconds[name] = round(self.seconds.get(name, 0.0) + took, 1)
            say(f"    {name}: {took:.0f} s")
