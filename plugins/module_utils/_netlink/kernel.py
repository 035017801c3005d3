# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel as the engine sees it: read objects, apply steps. The only place that changes the node's network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .._engine.errors import KernelError
from .._engine.objects import Key, Obj, Step
from .._engine.planner import Kinds
from . import learn, links, routing
from .conversation import NETLINK_ROUTE, Conversation
from .linkwriter import GONE, LinkWriter, SavedRoutes
from .wireguard import WireGuard


class NetlinkKernel:
    """Implements the engine's Kernel over one rtnetlink conversation (and one with WireGuard if needed)."""

    def __init__(self) -> None:
        self._rtnl = Conversation(NETLINK_ROUTE)
        self._wireguard: WireGuard | None = None
        self._links: dict[str, links.Link] = {}
        self._names: dict[int, str] = {}
        self._ports: dict[int, list[str]] = {}
        self._saved_routes: SavedRoutes = {}

    def close(self) -> None:
        """End the conversations."""
        self._rtnl.close()
        if self._wireguard:
            self._wireguard.close()

    def __enter__(self) -> NetlinkKernel:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def devices(self) -> Collection[str]:
        """Names of all interfaces, as of the last read."""
        return self._links.keys()

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> Mapping[Key, Obj]:
        """The wanted objects that exist, whoever owns them, and, of these kinds, all of ours."""
        self._links = links.read_links(self._rtnl)
        self._names = {link.index: link.name for link in self._links.values()}
        self._ports = {}
        for link in self._links.values():
            if link.master:
                self._ports.setdefault(link.master, []).append(link.name)
        self._saved_routes = {}
        spaces = {kind.space for kind in kinds.values()}
        addresses = links.read_addresses(self._rtnl) if spaces & {"link", "uplink"} else {}
        wanted = {obj.key[1] for obj in want if obj.key[0] in ("link", "uplink")}
        found: list[Obj] = []
        for link in self._links.values():
            here = addresses.get(link.index, [])
            if "link" in spaces and (link.name in wanted or (link.ours and link.kind in kinds)):
                found.append(self._read_link(link, kinds, here))
            if "uplink" in spaces and not link.ours and (link.name in wanted or purge):
                found.append(_uplink(link, here))
        if "route" in spaces:
            found += self._read_routing(kinds)
        return {obj.key: obj for obj in found}

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """Wanted ports that belong to a link that is not ours, and wanted uplinks that are ours."""
        problems = []
        for obj in want:
            link = self._links.get(obj.key[1]) if obj.key[0] == "uplink" else None
            if link and link.ours:
                problems.append(f"link {link.name}: is a {link.kind} of ours: write its addresses where it is made")
            for name in obj.attrs.get("ports", ()):
                master = self._master(name)
                if master and not master.ours:
                    problems.append(
                        f"{obj.kind} {obj.attrs['name']}: port {name} belongs to {master.name}, which is not ours: "
                        "release it there, or take it off the list"
                    )
        return problems

    def _master(self, name: str) -> links.Link | None:
        port = self._links.get(name)
        return self._links.get(self._names.get(port.master or 0, "")) if port else None

    def learn_next_hops(self, want: Sequence[Obj], timeout_s: float, check: bool) -> list[Obj]:
        """The objects with ``via: learn`` replaced by what the node knows; see learn.py. A route over a device that
        does not exist stays as it is, for the engine to refuse.
        """
        there = links.read_links(self._rtnl)

        def find(device: str, family: str) -> str | None:
            index = there[device].index
            return learn.next_hop(index, family, routing.read_routes(self._rtnl, {index: device}, None, index))

        return learn.learnt(want, timeout_s, check, find, there.keys())

    def apply(self, step: Step, kinds: Kinds, *, undo: bool = False) -> None:
        """Do it. KernelError if the kernel refuses. What is to be removed and is gone already, with a link or an
        address that took it along, is no error; with ``undo`` neither is anything else that is gone.
        """
        try:
            if step.key[0] in ("route", "rule"):
                self._rtnl.send([self._routing_request(step)])
            else:
                LinkWriter(self._rtnl, self.wireguard, self._links, self._saved_routes, undo).apply(step, kinds)
        except KernelError as exc:
            if exc.errno not in GONE or not (undo or step.op == "delete"):
                raise

    def wireguard(self) -> WireGuard:
        """The conversation with WireGuard."""
        if self._wireguard is None:
            self._wireguard = WireGuard()
        return self._wireguard

    def _read_link(self, link: links.Link, kinds: Kinds, addresses: list[links.Address]) -> Obj:
        kind = kinds.get(link.kind or "")
        if kind is None or not link.ours:
            return Obj(link.kind or "", ("link", link.name), {"name": link.name, "alias": link.alias}, link.ours)
        attrs = links.parse(kind, link)
        names = {attr.name for attr in kind.attrs}
        if "addresses" in names:
            attrs["addresses"] = tuple(sorted(address.text for address in addresses))
        if kind.name == "wireguard":
            attrs |= self.wireguard().read(link.name)
        if "ports" in names:
            attrs["ports"] = tuple(sorted(self._ports.get(link.index, ())))
            attrs["primary"] = self._names.get(link.nlas.get("IFLA_BOND_PRIMARY", 0))
        context = {"master": self._names[link.master]} if link.master in self._names else {}
        return Obj(kind.name, ("link", link.name), kind.applicable(attrs), True, context)

    def _read_routing(self, kinds: Kinds) -> list[Obj]:
        routes = routing.read_routes(self._rtnl, self._names)
        rules = routing.read_rules(self._rtnl)
        found = [Obj("route", kinds["route"].key_of(attrs), attrs) for attrs in routes]
        return found + [Obj("rule", kinds["rule"].key_of(attrs), attrs) for attrs in rules]

    def _routing_request(self, step: Step) -> links.Request:
        if step.key[0] == "rule":
            return routing.rule_request(step.obj.attrs, step.op)
        device = self._links.get(step.obj.attrs.get("device", ""))
        return routing.route_request(step.obj.attrs, device.index if device else None, step.op)


def _uplink(link: links.Link, addresses: list[links.Address]) -> Obj:
    attrs = {
        "interface": link.name,
        "up": link.up,
        "addresses": tuple(sorted(address.text for address in addresses if address.ours)),
        "others_addresses": tuple(sorted(address.text for address in addresses if not address.ours)),
    }
    return Obj("link", ("uplink", link.name), attrs, False)
