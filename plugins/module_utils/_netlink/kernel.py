# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel as the engine sees it: read objects, apply steps. The only place that changes the node's network.

What an object is and how it is read and changed is known by its space alone; see spaces.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .._engine.errors import KernelError
from .._engine.objects import Key, Obj, Step
from .._engine.planner import Kinds
from . import learn, links, routing
from .blame import keys
from .linkwriter import GONE
from .node import Node
from .spaces import SPACES


class NetlinkKernel:
    """Implements the engine's Kernel over one rtnetlink conversation (and those that a space needs besides)."""

    def __init__(self) -> None:
        self._node = Node()
        self._spaces = {name: space(self._node) for name, space in SPACES.items()}

    def close(self) -> None:
        """End the conversations."""
        self._node.close()

    def __enter__(self) -> NetlinkKernel:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def devices(self) -> Collection[str]:
        """Names of all interfaces, as of the last read."""
        return self._node.links.keys()

    def interfaces(self) -> Mapping[str, tuple[int, bool]]:
        """Name -> index and whether it is up, of all interfaces as they are now."""
        return {link.name: (link.index, link.up) for link in links.read_links(self._node.rtnl).values()}

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> Mapping[Key, Obj]:
        """The wanted objects that exist, whoever owns them, and, of these kinds, all of ours."""
        self._node.refresh()
        wanted = _by_space(want)
        found: list[Obj] = []
        for name in dict.fromkeys(kind.space for kind in kinds.values()):
            found += self._spaces[name].read(kinds, wanted.get(name, ()), purge=purge)
        return {obj.key: obj for obj in found}

    def listing(self, kinds: Kinds, *, others: bool = False) -> list[Obj]:
        """All objects of these kinds that are ours, or that can carry something of ours; with ``others`` the rest, too,
        which may share keys.
        """
        self._node.refresh()
        found: list[Obj] = []
        for name in dict.fromkeys(kind.space for kind in kinds.values()):
            single = [Obj(kind.name, (name,), {}) for kind in kinds.values() if kind.space == name and not kind.key]
            found += self._spaces[name].read(kinds, single, purge=True, others=others)
        return found

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """What stands against these wishes on this node, as of the last read."""
        return [
            problem for name, objects in _by_space(want).items() for problem in self._spaces[name].objections(objects)
        ]

    def learn_next_hops(self, want: Sequence[Obj], timeout_s: float, check: bool) -> list[Obj]:
        """The objects with ``via: learn`` replaced by what the node knows; see learn.py. A route over a device that
        does not exist stays as it is, for the engine to refuse.
        """
        if not any(obj.attrs.get("via") == learn.LEARN for obj in want):
            return list(want)
        rtnl = self._node.rtnl
        there = links.read_links(rtnl)

        def find(device: str, family: str) -> str | None:
            index = there[device].index
            return learn.next_hop(index, family, routing.read_routes(rtnl, {index: device}, None, index))

        return learn.learnt(want, timeout_s, check, find, there.keys())

    def peers(self) -> Mapping[str, str]:
        """Name -> the address of the other end, of point-to-point interfaces."""
        peers = links.read_peers(self._node.rtnl)
        return {
            link.name: peers[link.index] for link in links.read_links(self._node.rtnl).values() if link.index in peers
        }

    def apply(self, step: Step, kinds: Kinds, *, undo: bool = False) -> None:
        """Do it. KernelError, with the keys that it is about, if the kernel refuses. What is to be removed and is gone
        already, with a link or an address that took it along, is no error; with ``undo`` neither is anything else that
        is gone.
        """
        try:
            self._spaces[step.key[0]].apply(step, kinds, undo=undo)
        except KernelError as exc:
            if exc.errno not in GONE or not (undo or step.op == "delete"):
                exc.keys = tuple(keys(exc, getattr(exc, "nlas", ()), kinds[step.obj.kind], step.obj))
                raise


def _by_space(objects: Sequence[Obj]) -> dict[str, list[Obj]]:
    found: dict[str, list[Obj]] = {}
    for obj in objects:
        found.setdefault(obj.key[0], []).append(obj)
    return found
