# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine needs of a kernel; the netlink adapter has it, and so has the tests' fake."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from .objects import Key, Obj, Step
from .order import Kinds


class Kernel(Protocol):
    """Reads objects and applies steps."""

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> Mapping[Key, Obj]:
        """The wanted objects that exist, whoever owns them, and, of these kinds, all of ours."""

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """What stands against these wishes on this node, as of the last read."""

    def devices(self) -> Collection[str]:
        """Names of all interfaces, as of the last read."""

    def apply(self, step: Step, kinds: Kinds, *, undo: bool = False) -> None:
        """Do it. KernelError if the kernel refuses; with ``undo`` what is gone already is no error."""
