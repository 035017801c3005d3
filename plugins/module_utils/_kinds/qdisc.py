# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What queueing disciplines have in common: where they are, whose they are, how their options travel.

A discipline is known by its interface and its parent; so far the parent is the root. Handles 7600: to 76ff: are ours.
Options of some kinds are attributes, rows with numbers in the table; of others a C structure, which the kind's
``codec`` packs and unpacks whole.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr

ROOT = "root"
ROOT_HANDLE = 0x7600_0000
FIRST_HANDLE, LAST_HANDLE = 0x7600, 0x76FF

INTERFACE = Attr("interface", required=True, normalise=normal.interface_name, devices=True)
PARENT = Attr("parent", default=ROOT, internal=True)
KEY = ("interface", "parent")
PRIORITY = 60


def title(attrs: Mapping[str, Any]) -> str:
    """``on wwan0``."""
    return f"on {attrs['interface']}"


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
