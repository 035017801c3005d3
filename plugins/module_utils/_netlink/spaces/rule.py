# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy rules of our protocol number."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from ..._engine.errors import KernelError
from ..._engine.objects import Key, Obj, Step
from ..._engine.planner import Kinds
from .. import routing
from ..conversation import CREATE, EXCLUSIVE
from ..links import OUR_PROTOCOL
from ..node import Node


class RuleSpace:
    """Keyed by all that a rule is."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> list[Obj]:
        """All of ours, and those of others that are exactly like a wanted one, or all that lead to a table by what
        ours can select by.
        """
        key_of = kinds["rule"].key_of
        wanted = {obj.key for obj in want}
        found: dict[Key, Obj] = {}
        theirs: list[Obj] = []
        for attrs, protocol, raw in routing.read_rules(self._node.rtnl):
            key = key_of(attrs)
            if protocol == OUR_PROTOCOL:
                found[key] = Obj("rule", key, attrs)
                continue
            owner = f"protocol {routing.PROTOCOLS.get(protocol, protocol)}"
            context = {"raw": raw, "owner": owner, "protocol": protocol}
            obj = Obj("rule", key, attrs, owned=False, context=context)
            if key in wanted:
                found.setdefault(key, obj)
            elif others:
                theirs.append(obj)
        return [*found.values(), *theirs]

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """None."""
        return []

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        rtnl, attrs = self._node.rtnl, step.obj.attrs
        if step.adopts and step.before:  # first ours beside theirs, so that there always is one
            theirs = step.before.context["protocol"]
            rtnl.send(
                [
                    routing.rule_request(attrs, "adopt"),
                    routing.rule_request(attrs, "delete", theirs),
                ]
            )
        elif step.after and not step.after.owned:
            with contextlib.suppress(KernelError):  # it was not removed
                rtnl.replay(routing.NEWRULE, CREATE | EXCLUSIVE, step.after.context["raw"])
            rtnl.send([routing.rule_request(attrs, "delete")])
        else:
            rtnl.send([routing.rule_request(attrs, step.op)])
