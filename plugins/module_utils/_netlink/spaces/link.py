# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that we make: tunnels and bonds, known as ours by their alias."""

from __future__ import annotations

from collections.abc import Sequence

from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from .. import links, ports
from ..linkwriter import LinkWriter
from ..node import Node
from ..wireguard import WireGuard


class LinkSpace:
    """Keyed by name."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> list[Obj]:
        """Wanted links, whoever owns them, and ours of these kinds."""
        wanted = {obj.key[1] for obj in want}
        members: dict[int, list[links.Link]] = {}
        for link in self._node.links.values():
            if link.master:
                members.setdefault(link.master, []).append(link)
        return [
            self._obj(link, kinds, members.get(link.index, []))
            for link in self._node.links.values()
            if link.name in wanted or ((link.ours or others) and link.kind in kinds)
        ]

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """Wanted ports that belong to a link that is not ours."""
        problems = []
        for obj in want:
            for name in obj.attrs.get("ports", ()):
                master = self._master(name)
                if master and not master.ours:
                    problems.append(
                        f"{obj.kind} {obj.attrs['name']}: port {name} belongs to {master.name}, which is not ours: "
                        "release it there, or take it off the list"
                    )
        return problems

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        LinkWriter(self._node, undo).apply(step, kinds)

    def _master(self, name: str) -> links.Link | None:
        port = self._node.links.get(name)
        return self._node.links.get(self._node.names.get(port.master or 0, "")) if port else None

    def _obj(self, link: links.Link, kinds: Kinds, members: Sequence[links.Link]) -> Obj:
        kind = kinds.get(link.kind or "")
        context = {} if link.ours else {"owner": f"alias {link.alias!r}"}
        if kind is None:
            attrs = {"name": link.name, "alias": link.alias}
            return Obj(link.kind or "", ("link", link.name), attrs, link.ours, context)
        attrs = links.parse(kind, link, self._node.names)
        names = {attr.name for attr in kind.attrs}
        if "addresses" in names:
            here = self._node.addresses().get(link.index, [])
            attrs["addresses"] = tuple(sorted(address.text for address in here))
        if kind.name == "wireguard":
            attrs |= self._node.talk(WireGuard).read(link.name)
        if "ports" in names:
            attrs["ports"] = tuple(sorted(member.name for member in members))
            attrs |= {"port_options": options} if (options := ports.read(members)) else {}
            attrs["queue_mark"] = self._node.queue_mark(link.index)
        if link.master in self._node.names:
            context["master"] = self._node.names[link.master]
        return Obj(kind.name, ("link", link.name), kind.applicable(attrs), link.ours, context)
