# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queueing disciplines at the root of interfaces, and in classes. At the root, ours have a handle from 7600: to 76ff:.
In a class of ours they are ours, and have the class's number as their handle.

What the kernel puts there by itself has the handle 0: it counts as nothing, gives way, and comes back by itself.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Any

from ..._engine.errors import KernelError
from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from ..._engine.tables import Kind
from ..._kinds.qdisc import FIRST_HANDLE, LAST_HANDLE, ROOT, ROOT_HANDLE, class_number, class_text
from ..conversation import CREATE, EXCLUSIVE, REPLACE
from ..decoder import Answer
from ..links import Request
from ..messages import DELETE_QDISC, GET_QDISCS, NEW_QDISC, ROOT_PARENT, attributes, build, qdiscmsg
from ..node import Node
from ..queues import repeatable

_FIRST_SPECIAL = 0xFFFFFFF0  # parents from here on are no classes: what comes in, and the root
_ETHERNET_HEADER_BYTES = 14


class QdiscSpace:
    """Keyed by interface and parent."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> list[Obj]:
        """The disciplines of wanted interfaces, whoever owns them, and ours of these kinds."""
        wanted = {obj.key for obj in want}
        found = []
        for answer in self._node.rtnl.dump(GET_QDISCS, qdiscmsg):
            name = self._node.names.get(answer["index"])
            if name is None or not answer["handle"] or _FIRST_SPECIAL <= answer["parent"] != ROOT_PARENT:
                continue
            obj = _obj(answer, name, kinds)
            if obj.key in wanted or ((obj.owned or others) and obj.kind in kinds):
                found.append(obj)
        return found

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """Buckets that a full packet of their interface does not fit in: the kernel would drop it."""
        problems = []
        for obj in want:
            link = self._node.links.get(obj.attrs["interface"])
            most = link.mtu + _ETHERNET_HEADER_BYTES if link else 0
            problems += [
                f"{obj.kind} on {obj.attrs['interface']}: {name} {obj.attrs[name]} is less than a full packet, "
                f"{most} bytes (its MTU is {most - _ETHERNET_HEADER_BYTES})"
                for name in ("burst", "mtu")
                if obj.kind == "tbf" and name in obj.attrs and obj.attrs[name] < most
            ]
        return problems

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        link = self._node.link(step.obj.attrs["interface"])
        if link is None:
            raise KernelError(errno.ENODEV, f"no interface {step.obj.attrs['interface']}")
        removal, making = _requests(step, link.index, kinds)
        try:
            if undo:  # what is to go may never have come
                removal = removal if self._is_there(step.before, link.index) else []
            if step.after and "raw" in step.after.context:  # somebody else's, put back
                self._node.rtnl.send(removal)
                self._node.rtnl.replay(NEW_QDISC, CREATE | REPLACE, step.after.context["raw"])
            else:
                self._node.rtnl.send([*removal, *making])
        except KernelError as exc:
            if exc.errno == errno.ENOENT and step.op in ("create", "recreate"):
                raise KernelError(exc.errno, f"{exc.reason}: {_missing(step.obj)}") from exc
            raise

    def _is_there(self, obj: Obj | None, index: int) -> bool:
        handle = _handle(obj) if obj else 0
        answers = self._node.rtnl.dump(GET_QDISCS, qdiscmsg, {"index": index})
        return any(answer["index"] == index and answer["handle"] == handle for answer in answers)


def _missing(obj: Obj) -> str:
    """What the kernel did not find: the discipline's kind, or the class that it was to be in."""
    kernel_has_none = f"this node's kernel has no sch_{obj.kind}"
    if obj.attrs["parent"] == ROOT:
        return kernel_has_none
    return f"there is no htb class {obj.attrs['parent']} on {obj.attrs['interface']}, or {kernel_has_none}"


def _parent(attrs: Mapping[str, Any]) -> int:
    """The kernel's number of where it is."""
    return ROOT_PARENT if attrs["parent"] == ROOT else class_number(attrs["parent"])


def _handle(obj: Obj) -> int:
    """The kernel's number that it has, or, if we are to make it, gets."""
    made = ROOT_HANDLE if obj.attrs["parent"] == ROOT else (class_number(obj.attrs["parent"]) & 0xFFFF) << 16
    return obj.context.get("handle", made)


def _place(answer: Answer) -> tuple[str, bool]:
    """Its parent, as text, and whether what is there is ours."""
    if answer["parent"] == ROOT_PARENT:
        return ROOT, FIRST_HANDLE <= answer["handle"] >> 16 <= LAST_HANDLE
    major, minor = answer["parent"] >> 16, answer["parent"] & 0xFFFF
    return (class_text(minor), True) if major == FIRST_HANDLE else (f"{major:x}:{minor:x}", False)


def _obj(answer: Answer, name: str, kinds: Kinds) -> Obj:
    nlas = attributes(answer)
    kind = kinds.get(nlas["TCA_KIND"])
    parent, owned = _place(answer)
    attrs = {"interface": name, "parent": parent}
    options = nlas.get("TCA_OPTIONS")
    if kind and options is not None:
        attrs |= kind.codec.unpack(options) if kind.codec else _parsed(kind, options)
    theirs = {"owner": f"its handle is {answer['handle'] >> 16:x}:", "raw": repeatable(answer)}
    context = {"handle": answer["handle"]} if owned else theirs
    return Obj(nlas["TCA_KIND"], ("qdisc", name, parent), attrs, owned, context)


def _parsed(kind: Kind, nlas: Mapping[str, Any]) -> dict[str, Any]:
    values = {attr.name: attr.from_netlink(nlas) for attr in kind.attrs if attr.nlas}
    return {name: value for name, value in values.items() if value is not None}


def _requests(step: Step, index: int, kinds: Kinds) -> tuple[list[Request], list[Request]]:
    """What removes and what makes. Ours is changed where it is, another's gives way in the moment ours comes, and one
    of ours goes before a new one of another kind comes, as both have the same handle.
    """
    before, after = step.before, step.after
    place = {"index": index, "parent": _parent(step.obj.attrs)}
    in_place = step.op == "change" and before is not None and before.owned
    removal, making = [], []
    if before and before.owned and not in_place:
        removal.append((DELETE_QDISC, 0, build(qdiscmsg, {**place, "handle": _handle(before)}, {})))
    if after and "raw" not in after.context:
        flags = 0 if in_place else CREATE | (REPLACE if before else EXCLUSIVE)
        handle = _handle(before if in_place and before else after)
        options = _options(kinds[after.kind], after.attrs, set(step.changed) if in_place else None)
        parts = {"TCA_KIND": after.kind, "TCA_OPTIONS": options}
        making.append((NEW_QDISC, flags, build(qdiscmsg, {**place, "handle": handle}, parts)))
    return removal, making


def _options(kind: Kind, attrs: Mapping[str, Any], names: set[str] | None) -> dict[str, Any] | bytes:
    """All of them, or those of these names where the kind's options are attributes."""
    if kind.codec:
        return kind.codec.pack(attrs)
    options: dict[str, Any] = {}
    for attr in kind.attrs:
        value = attrs.get(attr.name)
        if attr.nlas and value is not None and (names is None or attr.name in names):
            options |= attr.to_netlink(value)
    return options
