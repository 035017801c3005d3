# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel made of dictionaries: it keeps state, refuses what a real one refuses, and can be told to misbehave."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import KernelError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Key, Obj, Step
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import Kinds


class FakeKernel:
    """Implements the engine's Kernel. ``log`` has every step that was applied, inverse ones too."""

    def __init__(self, objects: Iterable[Obj] = (), devices: Iterable[str] = ()) -> None:
        self.objects: dict[Key, Obj] = {obj.key: obj for obj in objects}
        self.others = set(devices)
        self.log: list[Step] = []
        self.fail_on: dict[int, str] = {}
        self.half_done_on: set[int] = set()
        self.deaf_to: set[str] = set()
        self.protests: list[str] = []

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> Mapping[Key, Obj]:
        """Wanted objects whoever owns them, and all of ours of these kinds."""
        wanted = {obj.key for obj in want}
        return {key: obj for key, obj in self.objects.items() if key in wanted or (obj.owned and obj.kind in kinds)}

    def devices(self) -> Collection[str]:
        """All links and whatever the test says is there besides."""
        return self.others | {key[1] for key in self.objects if key[0] in ("link", "uplink")}

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """What the test says."""
        return self.protests

    def apply(self, step: Step, kinds: Kinds, *, undo: bool = False) -> None:
        """Change the state as a kernel would, or fail as told: before, or half way through the step."""
        number = len(self.log)
        self.log.append(step)
        reason = self.fail_on.get(number)
        if reason and number not in self.half_done_on:
            raise KernelError(22, reason)
        self._change(step, undo)
        if reason:
            raise KernelError(22, reason)

    def _change(self, step: Step, undo: bool) -> None:
        there = step.key in self.objects
        if step.op == "create" and there and not undo:
            raise KernelError(17, "File exists")
        if step.op in ("change", "delete") and not there:
            if undo:
                return
            raise KernelError(19, "No such device")
        if step.after is None:
            self.objects.pop(step.key, None)
            return
        heard = {name: value for name, value in step.after.attrs.items() if name not in self.deaf_to}
        kept: dict[str, Any] = {}
        if there and step.op == "change":
            kept = {name: value for name, value in self.objects[step.key].attrs.items() if name in self.deaf_to}
        self.objects[step.key] = replace(step.after, attrs={**heard, **kept})
