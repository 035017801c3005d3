# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies steps about links: the order of messages that the kernel asks for, in one place."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable, Mapping
from typing import Any

from .._engine.errors import KernelError
from .._engine.objects import Obj, Step
from .._engine.planner import Kinds
from .._engine.tables import Attr, Kind
from . import links, ports, queues, routing, steering
from .conversation import CREATE, REPLACE
from .node import Node
from .wireguard import WireGuard

GONE = (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL)


class LinkWriter:
    """Steps about links.

    With ``undo``, what is gone already is no error, and a link is removed only if it is ours by now.
    """

    def __init__(self, node: Node, undo: bool = False) -> None:
        self._node = node
        self._rtnl = node.rtnl
        self._saved = node.saved_routes
        self._undo = undo

    def apply(self, step: Step, kinds: Kinds) -> None:
        """Do it. KernelError if the kernel refuses."""
        kind = kinds[step.obj.kind]
        if step.op == "create" and step.after:
            self._create(kind, step.after)
            if self._undo or step.again:
                self._put_routes_back(step.after.attrs["name"])
                self._put_queues_back(step.after.attrs["name"])
        elif step.op == "delete" and step.before:
            self._delete(step.before)
        elif step.before and step.after and (step.op == "recreate" or _only_anew(kind, step)):
            self._recreate(kind, step.before, step.after)
        elif step.before and step.after:
            self._change(kind, step.before, step.after, set(step.changed))

    def _create(self, kind: Kind, obj: Obj) -> None:
        attrs = obj.attrs
        name = attrs["name"]
        self._node.forget(name)
        plain = kind.name != "wireguard" and not any(map(attrs.get, ("addresses", "ports", "queue_mark")))
        back = self._into_bond(obj)
        opened = plain and attrs.get("up")
        batch = links.new(kind, attrs, self._index, up=True if opened and not back else None) + back
        batch += [links.set_link(name, up=True)] if opened and back else []
        self._send(batch)
        if plain:
            return
        if kind.name == "wireguard":
            self._node.talk(WireGuard).write(attrs, {})
        index = links.read_link(self._rtnl, name).index
        self._take(attrs.get("ports", ()), index)
        self._finish(name, index, attrs, {}, ports_moved=True)
        self._finish_ports(kind, {}, attrs, moved=True)

    def _into_bond(self, obj: Obj) -> list[links.Request]:
        """Back into the bond that the link was in, with what it had there and its own MTU."""
        master = self._node.link(obj.context["master"]) if "master" in obj.context else None
        if master is None:
            return []
        name = obj.attrs["name"]
        kept = self._node.saved_ports.get(name)
        batch = [links.set_link(name, up=False), links.set_link(name, master=master.index)]
        batch += [links.change_port(name, kept)] if kept else []
        return batch + ([links.set_mtu(name, obj.attrs["mtu"])] if obj.attrs.get("mtu") else [])

    def _delete(self, obj: Obj) -> None:
        name = obj.attrs["name"]
        self._save_routes(name)
        self._remove(name)
        self._send(_reopening(self._known(obj.attrs.get("ports", ()))))

    def _recreate(self, kind: Kind, before: Obj, after: Obj) -> None:
        name = before.attrs["name"]
        self._save_routes(name)
        with contextlib.suppress(KernelError) if self._undo else contextlib.nullcontext():
            self._remove(name)
        self._create(kind, after)
        self._put_routes_back(name)
        self._put_queues_back(name)

    def _change(self, kind: Kind, before: Obj, after: Obj, changed: set[str]) -> None:
        if kind.space == "uplink":
            name = after.attrs["interface"]
            self._finish(name, self._index(name), after.attrs, before.attrs)
            return
        name = after.attrs["name"]
        needs = {need for attr in kind.attrs if attr.name in changed for need in attr.needs}
        if needs & {"down", "no_ports"}:
            self._change_stopped(kind, before, after, changed, needs)
            return
        self._change_running(kind, before, after, changed, needs)
        index = self._index(name)
        if "ports" in changed:
            self._move_ports(before.attrs["ports"], after.attrs["ports"], index)
        self._finish(name, index, after.attrs, before.attrs, ports_moved=bool(changed & {"ports", "mtu"}))
        self._finish_ports(kind, before.attrs, after.attrs, moved=bool(changed & {"ports", "active_slave"}))

    def _change_running(self, kind: Kind, before: Obj, after: Obj, changed: set[str], needs: set[str]) -> None:
        """What can be changed while the link works. Before it can have another address, a port leaves its bond."""
        name, attrs = after.attrs["name"], after.attrs
        batch: list[links.Request] = []
        leaves = "no_bond" in needs and "master" in before.context
        if leaves:
            self._keep_port(name)
            batch.append(links.set_link(name, master=0))
        generic = links.link_attributes(kind, attrs, changed)
        batch += [links.set_link(name, generic)] if generic else []
        batch += self._into_bond(after) if leaves else []
        if any(attr.layer == "data" and attr.name in changed and not attr.late for attr in kind.attrs):
            data = links.data_attributes(kind, attrs, self._index, lambda attr: _sent(kind, attr, changed))
            batch.append(links.change_data(kind, name, data, attrs.get("mtu") if kind.resend else None))
        self._send(batch)
        if "mtu" in changed:  # as a port it has it from now on, also when its bond gets another one
            self._node.forget(name)
        if kind.name == "wireguard":
            self._node.talk(WireGuard).write(attrs, before.attrs)

    def _change_stopped(self, kind: Kind, before: Obj, after: Obj, changed: set[str], needs: set[str]) -> None:
        """Options for which a bond must be down, or without ports: the one, the other, change, and all back.

        Without ports a bond has a random hardware address; it gets back the one that others know it by.
        """
        name = after.attrs["name"]
        index = self._index(name)
        release, down = "no_ports" in needs, "down" in needs
        self._save_routes(name)
        ports, wanted = before.attrs.get("ports", ()), after.attrs.get("ports", ())
        released = self._still_in(ports, index) if release else []
        self._known(ports)
        self._send([links.set_link(port, master=0) for port in released])
        self._send([links.set_link(name, up=False)] if down else [])
        again = {"mac_address"} if release and ports else set()
        self._change_running(
            kind, before, after, {key for key in changed if kind.attr(key).layer != "own"} | again, needs
        )
        self._move_ports(ports, wanted, index, retake=release)
        self._finish(name, index, after.attrs, before.attrs, ports_moved=True, was_down=down)
        self._finish_ports(kind, {} if release else before.attrs, after.attrs, moved=True)
        self._put_routes_back(name)

    def _move_ports(self, old: Iterable[str], new: Iterable[str], index: int, retake: bool = False) -> None:
        """Ports come before others leave: a bond without ports loses its hardware address."""
        gone = self._known(self._still_in(set(old) - set(new), index))
        self._take(set(new) if retake else set(new) - set(old), index)
        self._send([links.set_link(port.name, master=0) for port in gone] + _reopening(gone))

    def _finish_ports(self, kind: Kind, before: Mapping[str, Any], attrs: Mapping[str, Any], moved: bool) -> None:
        """What ports have of their own, and what is to be set last."""
        if "ports" not in attrs:
            return
        old = [option for option in before.get("port_options", ()) if option["port"] in before["ports"]]
        batch = ports.changes(attrs["ports"], old, attrs.get("port_options", ()))
        late = links.data_attributes(kind, attrs, self._index, lambda attr: attr.late) if moved else {}
        self._send([*batch, *([links.change_data(kind, attrs["name"], late)] if late else [])])

    def _take(self, names: Iterable[str], index: int) -> None:
        """Ports for a bond. They must be down to be taken in; the bond itself opens them.

        It also gives them its own MTU. Theirs are put back right here: killed before a later message did it, the next
        run would take the bond's for their own.
        """
        names = sorted(names)
        own = {port.name: port.mtu for port in self._known(names)}
        batch = []
        for name in names:
            batch += [links.set_link(name, up=False), links.set_link(name, master=index)]
            batch += [links.set_mtu(name, own[name])] if name in own else []
        self._send(batch)

    def _still_in(self, names: Iterable[str], index: int) -> list[str]:
        """Those of a bond's ports that no other bond has taken since."""
        if not names:
            return []
        there = links.read_links(self._rtnl)
        return [name for name in sorted(names) if name in there and there[name].master == index]

    def _known(self, names: Iterable[str]) -> list[links.Link]:
        """Those of the links that there are, as they were read, or as a step has made them."""
        return [link for link in map(self._node.link, sorted(names)) if link]

    def _finish(
        self,
        name: str,
        index: int,
        attrs: Mapping[str, Any],
        before: Mapping[str, Any],
        ports_moved: bool = False,
        was_down: bool = False,
    ) -> None:
        """Addresses, ports' own MTU (a bond gives them its own), state."""
        old, new = set(before.get("addresses", ())), set(attrs.get("addresses", ()))
        if old - new:
            self._save_routes(name)
        batch = [links.add_address(index, text) for text in sorted(new if was_down else new - old)]
        batch += [links.remove_address(index, text) for text in sorted(old - new)]
        if old - new:  # an address takes the others of its subnet along
            batch += [links.add_address(index, text) for text in sorted(new)]
        if ports_moved and attrs.get("ports"):
            batch += [links.set_mtu(name, attrs["mtu"])] if attrs.get("mtu") else []
            batch += [links.set_mtu(port.name, port.mtu) for port in self._known(attrs["ports"])]
        if attrs.get("queue_mark", 0) != before.get("queue_mark", 0):
            self._steer(name, index, attrs["queue_mark"])
        if attrs.get("up") is not None and (was_down or attrs["up"] != before.get("up")):
            batch.append(links.set_link(name, up=attrs["up"]))
        self._send(batch)
        if old - new:
            self._put_routes_back(name)

    def _steer(self, name: str, index: int, queue_mark: int) -> None:
        """What is found incomplete cannot be made so again: an undoing takes it away."""
        there = self._node.link(name)
        ours = bool(there and there.ours)
        try:
            steering.write(self._rtnl, index, max(queue_mark, steering.NONE), ours=ours)
        except KernelError as exc:
            if not (self._undo and exc.errno in GONE):
                raise

    def _send(self, batch: list[links.Request]) -> None:
        try:
            self._rtnl.send(batch)
        except KernelError as exc:
            if not (self._undo and exc.errno in GONE):
                raise

    def _remove(self, name: str) -> None:
        if not self._undo or links.read_link(self._rtnl, name).ours:
            self._keep_port(name)
            self._keep_queues(name)
            self._send([links.delete(name)])
            self._node.forget(name)

    def _keep_port(self, name: str) -> None:
        """Remember what the link has as a port of a bond; the first time of a run is the one that counts."""
        there = self._node.link(name)
        if there and there.port:
            self._node.saved_ports.setdefault(name, ports.kept(there))

    def _keep_queues(self, name: str) -> None:
        """Remember what shapes the link; the first time of a run is the one that counts."""
        there = self._node.link(name)
        if there and name not in self._node.saved_queues:
            self._node.saved_queues[name] = self._node.queues(there.index)

    def _put_queues_back(self, name: str) -> None:
        """Steps about shapers, which come later, then find what they know."""
        kept = self._node.saved_queues.get(name)
        if kept:
            queues.put_back(self._rtnl, links.read_link(self._rtnl, name).index, kept)

    def _index(self, name: str) -> int:
        there = None if self._undo else self._node.link(name)
        return there.index if there else links.read_link(self._rtnl, name).index

    def _save_routes(self, name: str) -> None:
        """Remember the routes over a link that will lose them; the first time of a run is the one that counts."""
        there = self._node.link(name)
        if name not in self._saved and there:
            self._saved[name] = there.index, self._node.routes().get(there.index, [])

    def _put_routes_back(self, name: str) -> None:
        """Some cannot come back, if their source address or next hop is gone for good. Ours among them are put
        right by their own steps, or reported when we read back.
        """
        if name not in self._saved:
            return
        old, saved = self._saved[name]
        moved = self._node.moved
        if saved:
            moved[old] = links.read_link(self._rtnl, name).index
        for raw in saved:
            with contextlib.suppress(KernelError):
                self._rtnl.replay(routing.NEWROUTE, CREATE | REPLACE, routing.readdressed(raw, moved))


def _only_anew(kind: Kind, step: Step) -> bool:
    """Whether the kernel cannot do that in place, as can be with the inverse of what it could."""
    before, after = (obj.attrs if obj else {} for obj in (step.before, step.after))
    return any(kind.attr(name).remade(before.get(name), after.get(name)) for name in step.changed if name != "kind")


def _sent(kind: Kind, attr: Attr, changed: set[str]) -> bool:
    """Whether a change sends this row: all of them, or what changes and what the kernel would forget with it."""
    return not attr.late and (kind.resend or bool(changed & {attr.name, *attr.resend_with}))


def _reopening(ports: Iterable[links.Link]) -> list[links.Request]:
    """A bond closes the ports that it releases; those that were up are to be up."""
    return [links.set_link(port.name, up=True) for port in ports if port.up]
