# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies steps about links: the order of messages that the kernel asks for, in one place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from .._engine.errors import KernelError
from .._engine.objects import Obj, Step
from .._engine.planner import Kinds
from .._engine.tables import Kind
from . import links, routing
from .conversation import CREATE, REPLACE, Conversation
from .wireguard import WireGuard


class LinkWriter:
    """One step about one link. ``there`` are the node's links as of the last read."""

    def __init__(
        self, rtnl: Conversation, wireguard: Callable[[], WireGuard], there: Mapping[str, links.Link]
    ) -> None:
        self._rtnl = rtnl
        self._wireguard = wireguard
        self._there = there

    def apply(self, step: Step, kinds: Kinds, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        kind = kinds[step.obj.kind]
        if step.op == "create" and step.after:
            self._create(kind, step.after)
        elif step.op == "delete" and step.before:
            self._delete(step.before)
        elif step.op == "recreate" and step.before and step.after:
            self._recreate(kind, step.before, step.after)
        elif step.before and step.after:
            self._change(kind, step.before, step.after, set(step.changed))

    def _create(self, kind: Kind, obj: Obj) -> None:
        attrs = obj.attrs
        name = attrs["name"]
        batch = links.new(kind, attrs)
        master = self._there.get(obj.context.get("master", ""))
        if master:
            batch.append(links.set_link(name, master=master.index))
        plain = not attrs.get("addresses") and not attrs.get("ports") and kind.name != "wireguard"
        if plain and attrs.get("up"):
            batch.append(links.set_link(name, up=True))
        self._rtnl.send(batch)
        if plain:
            return
        if kind.name == "wireguard":
            self._wireguard().write(attrs, {})
        index = links.read_link(self._rtnl, name).index
        self._rtnl.send(self._enslave(attrs.get("ports", ()), index))
        self._finish(name, index, attrs)

    def _delete(self, obj: Obj) -> None:
        self._rtnl.send([links.delete(obj.attrs["name"])])
        self._rtnl.send([links.set_link(name, up=True) for name in obj.attrs.get("ports", ()) if self._was_up(name)])

    def _recreate(self, kind: Kind, before: Obj, after: Obj) -> None:
        old = self._there.get(before.attrs["name"])
        routes = routing.raw_routes(self._rtnl, old.index) if old else []
        if old:
            self._rtnl.send([links.delete(old.name)])
        self._create(kind, after)
        new = links.read_link(self._rtnl, after.attrs["name"])
        self._restore(routes, new.index)

    def _change(self, kind: Kind, before: Obj, after: Obj, changed: set[str]) -> None:
        if kind.space == "uplink":
            self._change_uplink(before, after)
            return
        name, index = after.attrs["name"], links.read_link(self._rtnl, before.attrs["name"]).index
        needs = {need for attr in kind.attrs if attr.name in changed for need in attr.needs}
        if needs:
            self._change_stopped(kind, before, after, changed, needs, index)
            return
        self._change_running(kind, before, after, changed)
        if changed & {"ports", "mtu"}:
            self._change_ports(before, after, index)
        self._finish(name, index, after.attrs, before.attrs)

    def _change_running(self, kind: Kind, before: Obj, after: Obj, changed: set[str]) -> None:
        """What can be changed while the link works."""
        name, attrs = after.attrs["name"], after.attrs
        generic = {key: attrs[key] for key in ("alias", "mtu") if key in changed}
        batch = [links.set_link(name, **generic)] if generic else []
        data = self._data(kind, attrs, changed)
        if data:
            batch.append(links.change_data(kind, name, data, attrs.get("mtu") if kind.resend else None))
        self._rtnl.send(batch)
        if kind.name == "wireguard":
            self._wireguard().write(attrs, before.attrs)

    def _change_stopped(
        self, kind: Kind, before: Obj, after: Obj, changed: set[str], needs: set[str], index: int
    ) -> None:
        """Options for which a bond must be down, or without ports: down, change, back up, routes put back."""
        name = after.attrs["name"]
        routes = routing.raw_routes(self._rtnl, index)
        ports = before.attrs.get("ports", ())
        release = [links.set_link(port, master=0) for port in ports] if "no_ports" in needs else []
        self._rtnl.send([*release, links.set_link(name, up=False)])
        running = {key for key in changed if kind.attr(key).layer != "own"}
        self._change_running(kind, before, after, running)
        had = () if "no_ports" in needs else ports
        self._change_ports(Obj(before.kind, before.key, {**before.attrs, "ports": had}), after, index)
        self._finish(name, index, after.attrs, before.attrs, again=True)
        self._restore(routes, index)

    def _change_ports(self, before: Obj, after: Obj, index: int) -> None:
        old, new = set(before.attrs.get("ports", ())), set(after.attrs.get("ports", ()))
        gone = sorted(name for name in old - new if name in self._there)
        batch = [links.set_link(name, master=0) for name in gone]
        batch += [links.set_link(name, up=True) for name in gone if self._was_up(name)]
        self._rtnl.send(batch + self._enslave(sorted(new - old), index))

    def _enslave(self, names: Any, index: int) -> list[links.Request]:
        """A port must be down to be taken in; the bond itself opens it."""
        batch = []
        for name in names:
            batch += [links.set_link(name, up=False), links.set_link(name, master=index)]
        return batch

    def _finish(
        self, name: str, index: int, attrs: Mapping[str, Any], before: Mapping[str, Any] | None = None, again: bool = False
    ) -> None:
        """Addresses, state, and what the kernel does to ports on the way: a bond gives them its own MTU."""
        before = before or {}
        old, new = set(before.get("addresses", ())), set(attrs.get("addresses", ()))
        routes = routing.raw_routes(self._rtnl, index) if old - new else []
        batch = [links.add_address(index, text) for text in sorted(new if again else new - old)]
        batch += [links.remove_address(index, text) for text in sorted(old - new)]
        if old - new:  # an address takes the others of its subnet along
            batch += [links.add_address(index, text) for text in sorted(new)]
        if attrs.get("up") is not None and (again or attrs["up"] != before.get("up")):
            batch.append(links.set_link(name, up=attrs["up"]))
        if attrs.get("ports") and attrs.get("mtu"):
            batch.append(links.set_link(name, mtu=attrs["mtu"]))
            batch += [links.set_link(p, mtu=self._there[p].mtu) for p in attrs["ports"] if p in self._there]
        if attrs.get("primary") and attrs["primary"] != before.get("primary"):
            batch.append(links.set_primary(name, self._there[attrs["primary"]].index))
        self._rtnl.send(batch)
        self._restore(routes, index)

    def _change_uplink(self, before: Obj, after: Obj) -> None:
        name = after.attrs["interface"]
        attrs = {"up": after.attrs["up"], "addresses": after.attrs["addresses"]}
        self._finish(name, self._there[name].index, attrs, before.attrs)

    def _data(self, kind: Kind, attrs: Mapping[str, Any], changed: set[str]) -> dict[str, Any]:
        names = {attr.name for attr in kind.attrs if attr.layer == "data"}
        if not names & changed:
            return {}
        return links.data_attributes(kind, attrs, None if kind.resend else changed)

    def _restore(self, routes: list[bytes], index: int) -> None:
        """Put routes back that went with the link or its last address. Some cannot come back (their source address
        is gone for good); ours among them are put right by their own steps, or reported when we read back.
        """
        for raw in routes:
            with contextlib.suppress(KernelError):
                self._rtnl.replay(routing.NEWROUTE, CREATE | REPLACE, routing.readdressed(raw, index))

    def _was_up(self, name: str) -> bool:
        return name in self._there and self._there[name].up
