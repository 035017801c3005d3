# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MPTCP endpoints and limits, over generic netlink.

The kernel keeps no owner of an endpoint. Ours are those whose device is ours, or whose address sits on a link of ours
or is one of ours on somebody else's. One that is exactly as wanted is left alone, whoever made it, as an address is;
and one that is wanted and whose device has gone is made again, as nobody can use it (a modem came back with another
index).
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..._engine import normal
from ..._engine.errors import KernelError
from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds, differing
from ..._kinds.mptcp import FLAGS, IMPLICIT, MPTCP_ENDPOINT
from ..generic import Family
from ..messages import attributes, mptcpmsg
from ..node import Node

_ADD, _REMOVE, _GET, _SET_LIMITS, _GET_LIMITS, _SET_FLAGS = 1, 2, 3, 5, 6, 7
_LIMITS = {"subflows": "MPTCP_PM_ATTR_SUBFLOWS", "add_addr_accepted": "MPTCP_PM_ATTR_RCV_ADD_ADDRS"}
_LIMITS_KEY = ("mptcp",)
ENABLED = Path("/proc/sys/net/mptcp/enabled")


class PathManager(Family):
    """The conversation with the kernel's path manager."""

    def __init__(self) -> None:
        super().__init__("mptcp_pm", mptcpmsg)


class MptcpSpace:
    """Endpoints are keyed by address and port; the limits are one object."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._there: list[dict[str, Any]] = []
        self._lacking = ""

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> list[Obj]:
        """Wanted endpoints, whoever owns them, and ours; the limits only if they are wanted, as they are nobody's.
        Nothing on a kernel without MPTCP.
        """
        wanted = {obj.key: obj for obj in want}
        self._there, self._lacking = [], ""
        try:
            self._there = [_parsed(nlas, self._node.names) for nlas in self._dump()]
            limits = attributes(self._node.talk(PathManager).ask(_GET_LIMITS)) if _LIMITS_KEY in wanted else {}
        except KernelError as exc:
            if exc.errno != errno.ENOENT:
                raise
            self._lacking = exc.reason
            return []
        found = [self._obj(attrs, wanted) for attrs in self._there if MPTCP_ENDPOINT.name in kinds]
        found = [obj for obj in found if obj.owned or others or obj.key in wanted]
        if limits:
            found.append(Obj("mptcp_limits", _LIMITS_KEY, {name: limits[nla] for name, nla in _LIMITS.items()}, False))
        return found

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """A kernel that cannot, or may not, and ids that others have."""
        if self._lacking:
            return [f"this node's kernel has no MPTCP (it needs CONFIG_MPTCP): {self._lacking}"]
        if ENABLED.is_file() and ENABLED.read_text().strip() == "0":
            return ["MPTCP is switched off on this node: set the sysctl net.mptcp.enabled to 1"]
        keys = {obj.key for obj in want if obj.attrs.get("id")}  # they say themselves which they will have
        ids = {attrs["id"]: attrs for attrs in self._there if MPTCP_ENDPOINT.key_of(attrs) not in keys}
        return [
            f"{MPTCP_ENDPOINT.call(obj.attrs)}: id {obj.attrs['id']} belongs to {MPTCP_ENDPOINT.call(ids[number])}: "
            "choose another one, or leave the choice to the kernel"
            for obj in want
            if (number := obj.attrs.get("id")) in ids
        ]

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        manager = self._node.talk(PathManager)
        attrs = step.obj.attrs
        if step.obj.kind == "mptcp_limits":
            manager.send([(_SET_LIMITS, {nla: attrs[name] for name, nla in _LIMITS.items()})])
        elif step.op == "change":
            manager.send([(_SET_FLAGS, {"MPTCP_PM_ATTR_ADDR": _identity(attrs) | _flags(attrs)})])
        else:
            requests = []
            if step.op in ("delete", "recreate"):
                requests += self._removal(attrs, must=step.op == "delete")
            if step.op in ("create", "recreate"):
                requests.append((_ADD, {"MPTCP_PM_ATTR_ADDR": self._addition(step.obj)}))
            manager.send(requests)

    def _dump(self) -> list[dict[str, Any]]:
        answers = self._node.talk(PathManager).dump(_GET)
        endpoints = [attributes(attributes(answer)["MPTCP_PM_ATTR_ADDR"]) for answer in answers]
        return [nlas for nlas in endpoints if not nlas.get("MPTCP_PM_ADDR_ATTR_FLAGS", 0) & IMPLICIT]

    def _obj(self, attrs: Mapping[str, Any], wanted: Mapping[Any, Obj]) -> Obj:
        key = MPTCP_ENDPOINT.key_of(attrs)
        owner = self._owner(attrs)
        orphaned = key in wanted and bool(attrs["device"]) and attrs["device"] not in self._node.links
        as_wanted = key in wanted and not differing(
            MPTCP_ENDPOINT, MPTCP_ENDPOINT.resolve(wanted[key].attrs, attrs), attrs
        )
        return Obj(
            MPTCP_ENDPOINT.name, key, attrs, not owner or as_wanted or orphaned, {"owner": owner} if owner else {}
        )

    def _owner(self, attrs: Mapping[str, Any]) -> str:
        """Why it is not ours, in words; empty if it is."""
        device = self._node.links.get(attrs["device"])
        if device and device.ours:
            return ""
        holders = []
        for index, addresses in self._node.addresses().items():
            for address in addresses:
                if address.text.partition("/")[0] == attrs["address"]:
                    link = self._node.links.get(self._node.names.get(index, ""))
                    if address.ours or (link and link.ours):
                        return ""
                    holders.append(link.name if link else f"index {index}")
        place = f"on {', '.join(holders)}, put there by somebody else" if holders else "not on this node"
        return f"its address is {place}" + (f", its device {device.name} is not ours" if device else "")

    def _removal(self, attrs: Mapping[str, Any], must: bool) -> list[tuple[int, dict[str, Any]]]:
        """By the id that it has now: the one that is known may be older than an undoing."""
        for nlas in self._dump():
            now = _parsed(nlas, {})
            if MPTCP_ENDPOINT.key_of(now) == MPTCP_ENDPOINT.key_of(attrs):
                return [(_REMOVE, {"MPTCP_PM_ATTR_ADDR": _identity(now) | {"MPTCP_PM_ADDR_ATTR_ID": now["id"]}})]
        if must:
            raise KernelError(errno.ENOENT, "no such endpoint")
        return []

    def _addition(self, obj: Obj) -> dict[str, Any]:
        attrs = obj.attrs
        device = self._node.link(attrs["device"]) if attrs.get("device") else None
        if device is None and attrs.get("device"):
            raise KernelError(errno.ENODEV, f"no interface {attrs['device']}")
        parts = _identity(attrs) | _flags(attrs)
        number = attrs.get("id") or self._free_id(obj.context.get("reserved"))
        parts |= {"MPTCP_PM_ADDR_ATTR_ID": number} if number else {}
        return parts | ({"MPTCP_PM_ADDR_ATTR_IF_IDX": device.index} if device else {})

    def _free_id(self, reserved: frozenset[int] | None) -> int:
        """The lowest that nobody has or wants; 0, the kernel's choice, if nothing is reserved, or all are taken."""
        if not reserved:
            return 0
        taken = reserved.union(nlas["MPTCP_PM_ADDR_ATTR_ID"] for nlas in self._dump())
        return next((number for number in range(1, 256) if number not in taken), 0)


def _parsed(nlas: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    flags = nlas.get("MPTCP_PM_ADDR_ATTR_FLAGS", 0)
    index = nlas.get("MPTCP_PM_ADDR_ATTR_IF_IDX", 0)
    address = nlas.get("MPTCP_PM_ADDR_ATTR_ADDR4") or nlas["MPTCP_PM_ADDR_ATTR_ADDR6"]
    return {
        "address": normal.address(address),
        "port": nlas.get("MPTCP_PM_ADDR_ATTR_PORT", 0),
        "device": names.get(index, f"index {index}") if index else "",
        **{name: bool(flags & bit) for name, bit in FLAGS.items()},
        "id": nlas["MPTCP_PM_ADDR_ATTR_ID"],
    }


def _identity(attrs: Mapping[str, Any]) -> dict[str, Any]:
    six = ":" in attrs["address"]
    parts = {
        "MPTCP_PM_ADDR_ATTR_FAMILY": socket.AF_INET6 if six else socket.AF_INET,
        "MPTCP_PM_ADDR_ATTR_ADDR6" if six else "MPTCP_PM_ADDR_ATTR_ADDR4": attrs["address"],
    }
    return parts | ({"MPTCP_PM_ADDR_ATTR_PORT": attrs["port"]} if attrs.get("port") else {})


def _flags(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {"MPTCP_PM_ADDR_ATTR_FLAGS": sum(bit for name, bit in FLAGS.items() if attrs.get(name))}
