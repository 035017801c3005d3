# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of our protocol number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from ..._kinds.route import TYPES, title
from .. import routing
from ..conversation import CREATE, REPLACE
from ..node import Node


class RouteSpace:
    """Keyed as the kernel tells routes apart. Others' are only read if one can be in the way of a wanted one."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> list[Obj]:
        """All of ours, and those of others that have the key of a wanted one, or all of them that are of our types."""
        key_of = kinds["route"].key_of
        routes = routing.read_routes(self._node.rtnl, self._node.names)
        ours = {key_of(attrs): Obj("route", key_of(attrs), attrs) for attrs in routes}
        missing = {obj.key for obj in want} - ours.keys()
        theirs: list[Obj] = []
        for attrs, raw in routing.foreign_routes(self._node.rtnl, self._node.names) if missing or others else ():
            obj = Obj("route", key_of(attrs), attrs, owned=False, context={"raw": raw, "owner": _owner(attrs)})
            if obj.key in missing:
                ours.setdefault(obj.key, obj)
            elif others and attrs["type"] in TYPES.keys() - {"local"}:  # by which the kernel knows its own addresses
                theirs.append(obj)
        return [*ours.values(), *theirs]

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """None: a device that is missing is found by the engine."""
        return []

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        raw = step.after.context.get("raw") if step.after and not step.after.owned else None
        if raw:
            self._node.rtnl.replay(routing.NEWROUTE, CREATE | REPLACE, raw)
            return
        self._node.rtnl.send([routing.route_request(step.obj.attrs, self._index, step.op)])

    def _index(self, name: str) -> int | None:
        there = self._node.link(name)
        return there.index if there else None


def _owner(attrs: dict[str, Any]) -> str:
    protocol = routing.PROTOCOLS.get(attrs["protocol"], attrs["protocol"])
    return f"protocol {protocol}: {title(attrs)}"
