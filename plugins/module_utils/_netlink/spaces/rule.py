# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy rules of our protocol number."""

from __future__ import annotations

from collections.abc import Sequence

from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from .. import routing
from ..node import Node


class RuleSpace:
    """Keyed by all that a rule is."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> list[Obj]:
        """All of ours."""
        return [Obj("rule", kinds["rule"].key_of(attrs), attrs) for attrs in routing.read_rules(self._node.rtnl)]

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """None."""
        return []

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        self._node.rtnl.send([routing.rule_request(step.obj.attrs, step.op)])
