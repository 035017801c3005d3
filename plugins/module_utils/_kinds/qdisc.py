# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What queueing disciplines have in common: where they are, whose they are, how their options travel.

A discipline is known by its interface and its parent: the root, or a class of the htb that is there. Handles 7600: to
76ff: are ours, and what hangs below them. Options of some kinds are attributes, rows with numbers in the table; of
others a C structure, which the kind's ``codec`` packs and unpacks whole.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr

ROOT = "root"
ROOT_HANDLE = 0x7600_0000
FIRST_HANDLE, LAST_HANDLE = 0x7600, 0x76FF

# All kinds have one priority; within it the root comes first, then classes, then what is in them.
PRIORITY = 60
RANK_ROOT, RANK_CLASS, RANK_LEAF = 0, 1, 2

_CLASS = re.compile(r"7600:([0-9a-f]{1,4})")


def class_id(value: str) -> str:
    """``7600:41``, as tc writes it: the root's handle, and a hexadecimal number that is not 0."""
    match = _CLASS.fullmatch(value.lower())
    number = int(match[1], 16) if match else 0
    if not number or number in TAKEN:
        taken = " and ".join(f"{one:x}" for one in TAKEN)
        raise ValueError(f"{value!r} is no class of ours: 7600:1 to 7600:fffe, in hexadecimal, but for {taken}")
    return class_text(number)


def class_text(number: int) -> str:
    """``7600:41`` of 0x41."""
    return f"{FIRST_HANDLE:x}:{number:x}"


def class_number(text: str) -> int:
    """The whole number, handle included, of a class in canonical form: 0x76000041."""
    major, _colon, minor = text.partition(":")
    return int(major, 16) << 16 | int(minor, 16)


def parent_place(value: str) -> str:
    """``root``, or a class of ours."""
    return ROOT if value == ROOT else class_id(value)


# What is in a class has the class's number as its handle, so that no class can have these: the root's own, and that of
# what comes in (ingress, clsact).
TAKEN = (FIRST_HANDLE, 0xFFFF)

INTERFACE = Attr("interface", required=True, normalise=normal.interface_name, devices=True)
PARENT = Attr("parent", default=ROOT, normalise=parent_place)
KEY = ("interface", "parent")


def title(attrs: Mapping[str, Any]) -> str:
    """``on wwan0``, ``on wg-linkagg in class 7600:41``."""
    inside = "" if attrs["parent"] == ROOT else f" in class {attrs['parent']}"
    return f"on {attrs['interface']}{inside}"


def rank(attrs: Mapping[str, Any]) -> int:
    """What is in a class comes after it."""
    return RANK_ROOT if attrs["parent"] == ROOT else RANK_LEAF


def attribute(number: int, data: bytes) -> bytes:
    """One netlink attribute as bytes, padded to four."""
    return struct.pack("=HH", len(data) + 4, number) + data + bytes(-len(data) % 4)


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and payloads of netlink attributes."""
    start = 0
    while start + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, start)
        if length < 4:
            return
        yield number & 0x3FFF, data[start + 4 : start + length]
        start += (length + 3) & ~3
