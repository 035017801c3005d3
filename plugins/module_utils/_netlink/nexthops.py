# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several next hops of one route: an array of struct rtnexthop, each with attributes of its own (linux/rtnetlink.h)."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_HOP = struct.Struct("=HBBi")  # length, flags, weight less 1, interface
_FLAGS, _DEVICE = 2, 4  # places in it
_ATTRIBUTE = struct.Struct("=HH")
_GATEWAY = 5

Hops = tuple[Mapping[str, Any], ...]


def pack(hops: Iterable[Mapping[str, Any]], index_of: Callable[[str], int | None]) -> bytes:
    """The payload of RTA_MULTIPATH."""
    parts = []
    for hop in hops:
        gateway = ipaddress.ip_address(hop["via"]).packed if hop["via"] else b""
        inner = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(gateway), _GATEWAY) + gateway if gateway else b""
        device = index_of(hop["device"]) or 0  # of which the kernel says that there is none
        parts.append(_HOP.pack(_HOP.size + len(inner), 0, hop["weight"] - 1, device) + inner)
    return b"".join(parts)


def unpack(raw: bytes, names: Mapping[int, str]) -> Hops:
    """The inverse, as in the kind table."""
    found = []
    start = 0
    while start + _HOP.size <= len(raw):
        length, _flags, weight, device = _HOP.unpack_from(raw, start)
        via, place = "", start + _HOP.size
        while place + _ATTRIBUTE.size <= start + length:
            size, number = _ATTRIBUTE.unpack_from(raw, place)
            if number == _GATEWAY:
                via = str(ipaddress.ip_address(raw[place + _ATTRIBUTE.size : place + size]))
            place += (max(size, _ATTRIBUTE.size) + 3) & ~3
        found.append({"via": via, "device": names.get(device, f"index {device}"), "weight": weight + 1})
        start += (max(length, _HOP.size) + 3) & ~3
    return tuple(sorted(found, key=lambda hop: (hop["device"], hop["via"])))


def places(raw: bytes | bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where in ``raw`` each hop's flags and interface are."""
    while start + _HOP.size <= end:
        (length,) = struct.unpack_from("=H", raw, start)
        yield start + _FLAGS, start + _DEVICE
        start += (max(length, _HOP.size) + 3) & ~3


def devices(raw: bytes) -> set[int]:
    """The interfaces of all hops."""
    return {struct.unpack_from("=i", raw, device)[0] for _flags, device in places(raw, 0, len(raw))}
