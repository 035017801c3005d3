# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of our protocol number."""

from __future__ import annotations

from collections.abc import Sequence

from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from .. import routing
from ..node import Node


class RouteSpace:
    """Keyed as the kernel tells routes apart. Others' are never read; one in the way is the kernel's EEXIST."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> list[Obj]:
        """All of ours."""
        routes = routing.read_routes(self._node.rtnl, self._node.names)
        return [Obj("route", kinds["route"].key_of(attrs), attrs) for attrs in routes]

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """None: a device that is missing is found by the engine."""
        return []

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        name = step.obj.attrs.get("device")
        device = self._node.link(name) if name else None
        request = routing.route_request(step.obj.attrs, device.index if device else None, step.op)
        self._node.rtnl.send([request])
