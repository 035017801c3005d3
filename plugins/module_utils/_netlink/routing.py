# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes and rules as the kernel lists them, and the messages that make and remove them."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._engine import normal
from .._engine.errors import KernelError
from .._kinds import RULE
from .._kinds.route import TYPES
from .._kinds.route_rules import METRICS, OVER_DEVICE, SCOPES, usual_scope
from .._kinds.rule import WHOLE_MARK
from . import nexthops
from .conversation import CREATE, EXCLUSIVE, REPLACE, Conversation
from .links import OUR_PROTOCOL, Request
from .messages import UNKNOWN_SELECTOR, attributes, build, routemsg, rulemsg

NEWROUTE, DELROUTE, GETROUTE = 24, 25, 26
NEWRULE, DELRULE, GETRULE = 32, 33, 34
KERNEL_PROTOCOL = 2
_SCOPE_NOWHERE = 255
_TO_TABLE = 1
_RTA_OIF = 4
_RTA_MULTIPATH = 9
_ROUTE_HEADER = 28  # struct nlmsghdr and struct rtmsg
_ROUTE_FLAGS = 24 + (sys.byteorder == "big") * 3  # the least byte of rtm_flags
_DEAD, _LINK_DOWN = 0x1, 0x10
_CLONED = 0x200
_ONLINK = 0x4
_NO_SUPPRESSION = 0xFFFFFFFF
_INVERTED = 0x2
_NETWORKS = (("from", "FRA_SRC", "src_len"), ("to", "FRA_DST", "dst_len"))
PROTOCOLS = {0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp", 186: "bgp"}
FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


def read_routes(
    rtnl: Conversation, names: Mapping[int, str], protocol: int | None = OUR_PROTOCOL, device: int | None = None
) -> list[dict[str, Any]]:
    """Routes as attributes of the kind table, of one protocol (None: of all), over one device or any."""
    found = []
    fields = {"proto": protocol or 0}
    attrs = {"RTA_OIF": device} if device else {}
    for family, number in FAMILIES.items():
        for message in _dump(rtnl, GETROUTE, routemsg, {**fields, "family": number}, attrs):
            nlas = attributes(message)
            if protocol is not None and message["proto"] != protocol:
                continue
            if (device is not None and nlas.get("RTA_OIF") != device) or message["flags"] & _CLONED:
                continue
            found.append({**_route(family, message, nlas, names), "protocol": message["proto"]})
    return found


def foreign_routes(rtnl: Conversation, names: Mapping[int, str]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Routes of other protocols, as attributes of the kind table and as the kernel's own messages."""
    for family, number in FAMILIES.items():
        for message in _dump(rtnl, GETROUTE, routemsg, {"family": number}, {}):
            if message["proto"] != OUR_PROTOCOL and not message["flags"] & _CLONED:
                attrs = _route(family, message, attributes(message), names)
                yield {**attrs, "protocol": message["proto"]}, message.raw


def raw_routes(rtnl: Conversation) -> dict[int, list[bytes]]:
    """The routes over each device that would have to be put back if it went down, as the kernel's own messages."""
    found: dict[int, list[bytes]] = {}
    for number in FAMILIES.values():
        for message in _dump(rtnl, GETROUTE, routemsg, {"family": number}, {}):
            if message["proto"] == KERNEL_PROTOCOL or message["flags"] & _CLONED:
                continue
            nlas = attributes(message)
            over = {nlas.get("RTA_OIF"), *nexthops.devices(bytes(nlas.get("RTA_MULTIPATH") or b""))}
            for device in over - {None, 0}:
                found.setdefault(device, []).append(message.raw)
    return found


def readdressed(raw: bytes, moved: Mapping[int, int]) -> bytes:
    """A raw route message with other devices, by their indices, and without the flags that only the kernel may set."""
    data = bytearray(raw)
    _clear(data, _ROUTE_FLAGS)
    offset = _ROUTE_HEADER
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if kind == _RTA_OIF:
            _move(data, offset + 4, moved)
        elif kind == _RTA_MULTIPATH:
            for flags, device in nexthops.places(data, offset + 4, offset + length):
                _move(data, device, moved)
                _clear(data, flags)
        offset += (max(length, 4) + 3) & ~3
    return bytes(data)


def _move(data: bytearray, place: int, moved: Mapping[int, int]) -> None:
    (device,) = struct.unpack_from("=I", data, place)
    struct.pack_into("=I", data, place, moved.get(device, device))


def _clear(data: bytearray, place: int) -> None:
    data[place] &= ~(_DEAD | _LINK_DOWN) & 0xFF


def _dump(rtnl: Conversation, kind: int, cls: type, fields: Mapping[str, Any], attrs: Mapping[str, Any]) -> list[Any]:
    try:
        return rtnl.dump(kind, cls, fields, attrs)
    except KernelError as exc:
        if exc.errno in (errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.ENOENT):  # no IPv6; no such table yet
            return []
        raise


def _route(family: str, message: Any, nlas: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    kinds = {number: name for name, number in TYPES.items()}
    kind = kinds.get(message["type"], str(message["type"]))
    target = nlas.get("RTA_DST")
    attrs = {
        "destination": normal.network(f"{target}/{message['dst_len']}") if message["dst_len"] else "default",
        "via": nlas.get("RTA_GATEWAY", ""),
        "table": nlas.get("RTA_TABLE", message["table"]),
        "metric": nlas.get("RTA_PRIORITY", 0),
        "source": nlas.get("RTA_PREFSRC", ""),
        "type": kind,
        "family": family,
    }
    if kind in OVER_DEVICE and nlas.get("RTA_OIF"):
        attrs["device"] = names.get(nlas["RTA_OIF"], f"index {nlas['RTA_OIF']}")
    if nlas.get("RTA_MULTIPATH"):
        attrs["nexthops"] = nexthops.unpack(bytes(nlas["RTA_MULTIPATH"]), names)
    scope = {number: name for name, number in SCOPES.items()}.get(message["scope"], str(message["scope"]))
    extras = {"onlink": bool(message["flags"] & _ONLINK), "scope": "" if scope == usual_scope(attrs) else scope}
    metrics = nlas.get("RTA_METRICS") or {}
    extras |= {row.name: row.from_netlink(metrics) for row in METRICS}
    return attrs | {name: value for name, value in extras.items() if value}


def route_request(attrs: Mapping[str, Any], index_of: Callable[[str], int | None], op: str) -> Request:
    """Add (``create``: must be new; ``change``: in place of the one with its key) or ``delete`` a route."""
    family = FAMILIES[attrs["family"]]
    target, _slash, length = "" if attrs["destination"] == "default" else attrs["destination"], "", "0"
    if target:
        target, _slash, length = target.partition("/")
    scope = _SCOPE_NOWHERE if op == "delete" else SCOPES[attrs.get("scope") or usual_scope(attrs)]
    fields = {
        "family": family,
        "dst_len": int(length),
        "proto": OUR_PROTOCOL,
        "scope": scope,
        "type": TYPES[attrs["type"]],
        "table": attrs["table"] if attrs["table"] < 256 else 0,
        "flags": _ONLINK if attrs.get("onlink") else 0,
    }
    parts: dict[str, Any] = {"RTA_DST": target} if target else {}
    if attrs["type"] in OVER_DEVICE and attrs.get("device") and (device := index_of(attrs["device"])):
        parts["RTA_OIF"] = device
    if attrs.get("nexthops") and op != "delete":
        parts["RTA_MULTIPATH"] = nexthops.pack(attrs["nexthops"], index_of)
    names = {"RTA_GATEWAY": "via", "RTA_PRIORITY": "metric", "RTA_PREFSRC": "source"}
    parts |= {nla: attrs[name] for nla, name in names.items() if attrs.get(name)}
    metrics: dict[str, Any] = {}
    for row in METRICS:
        metrics |= row.to_netlink(attrs[row.name]) if attrs.get(row.name) else {}
    if metrics and op != "delete":
        parts["RTA_METRICS"] = metrics
    parts["RTA_TABLE"] = attrs["table"]
    message = build(routemsg, fields, parts)
    if op == "delete":
        return (DELROUTE, 0, message)
    return (NEWROUTE, CREATE | (EXCLUSIVE if op == "create" else REPLACE), message)


def read_rules(rtnl: Conversation) -> Iterator[tuple[dict[str, Any], int, bytes]]:
    """Rules as attributes of the kind table, their protocol, and as the kernel's own messages. Of others' rules, only
    those that select by nothing else than our table knows.
    """
    for family, number in FAMILIES.items():
        for message in _dump(rtnl, GETRULE, rulemsg, {"family": number}, {}):
            nlas = attributes(message)
            protocol = nlas.get("FRA_PROTOCOL", 0)
            if protocol == OUR_PROTOCOL or _is_plain(message, nlas):
                yield _rule(family, message, nlas), protocol, message.raw


def _is_plain(message: Any, nlas: Mapping[str, Any]) -> bool:
    inverted = message["flags"] & _INVERTED
    unknown = any(name.startswith(UNKNOWN_SELECTOR) for name in nlas)
    return message["action"] == _TO_TABLE and not (inverted or unknown)


def _rule(family: str, message: Any, nlas: Mapping[str, Any]) -> dict[str, Any]:
    attrs: dict[str, Any] = {"family": family, "priority": 0}
    for attr in RULE.attrs:
        value = attr.from_netlink(nlas) if attr.nlas else None
        if value is not None and not (attr.name == "suppress_prefixlength" and value == _NO_SUPPRESSION):
            attrs[attr.name] = value
    if message["tos"]:
        attrs["tos"] = message["tos"]
    for name, nla, length in _NETWORKS:
        if nlas.get(nla):
            attrs[name] = normal.network(f"{nlas[nla]}/{message[length]}")
    if not attrs.get("fwmark"):
        attrs.pop("fwmark", None)
    attrs.setdefault("table", message["table"])
    return attrs


def rule_request(attrs: Mapping[str, Any], op: str, protocol: int = OUR_PROTOCOL) -> Request:
    """Add (``create``: must be new; ``adopt``: beside one like it) or ``delete`` a rule."""
    fields: dict[str, Any] = {"family": FAMILIES[attrs["family"]], "action": _TO_TABLE, "tos": attrs.get("tos") or 0}
    parts: dict[str, Any] = {}
    for attr in RULE.attrs:
        if attr.nlas and attrs.get(attr.name) is not None:
            parts |= attr.to_netlink(attrs[attr.name])
    for name, nla, field in _NETWORKS:
        if attrs.get(name):
            parts[nla], _slash, length = attrs[name].partition("/")
            fields[field] = int(length)
    if attrs.get("fwmark"):
        parts.setdefault("FRA_FWMASK", WHOLE_MARK)
    parts["FRA_PROTOCOL"] = protocol
    message = build(rulemsg, fields, parts)
    if op == "delete":
        return (DELRULE, 0, message)
    return (NEWRULE, CREATE | (0 if op == "adopt" else EXCLUSIVE), message)
