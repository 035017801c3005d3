# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink answers as plain values, by the same message classes that pyroute2 encodes.

A node with a thousand legs answers with tens of thousands of attributes. pyroute2 makes an object for each, which
takes twenty times as long as ``ip -j`` needs for the same answer; here each attribute costs a look-up and a call.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any

HEADER_BYTES = 16  # struct nlmsghdr
_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
_ALIGN = 4

Unpack = Callable[[bytes, int, int, dict[str, Any]], Any]


class Answer:
    """A decoded message: ``answer["index"]`` is a field of its header, ``nlas`` are its attributes by name."""

    __slots__ = ("fields", "nlas", "raw")

    def __init__(self, fields: Mapping[str, Any], nlas: dict[str, Any], raw: bytes) -> None:
        self.fields = fields
        self.nlas = nlas
        self.raw = raw

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]


def decode(cls: type, raw: bytes) -> Answer:
    """The message, netlink header included, as ``cls`` describes it."""
    head, names, rows = _layout(cls)
    fields = dict(zip(names, head.unpack_from(raw, HEADER_BYTES), strict=True))
    start = HEADER_BYTES + _aligned(head.size)
    return Answer(fields, _attributes(raw, start, len(raw), rows), raw)


@cache
def _layout(cls: Any) -> tuple[struct.Struct, tuple[str, ...], dict[int, tuple[str, Unpack]]]:
    pads = [name for name, codec in cls.fields if codec == "x"]
    names = tuple(name for name, _codec in cls.fields if name not in pads)
    return struct.Struct("=" + "".join(codec for _name, codec in cls.fields)), names, _rows(cls)


@cache
def _rows(cls: Any) -> dict[int, tuple[str, Unpack]]:
    return {number: (name, _unpacker(cls, codec)) for number, name, codec in cls.nla_map}


def _unpacker(cls: Any, codec: str) -> Unpack:
    if codec.startswith("*"):
        return _array(_rows(getattr(cls, codec[1:])))
    if codec in getattr(cls, "by_kind", {}):
        return _by_kind(*cls.by_kind[codec])
    if codec in ATOMS:
        return ATOMS[codec]
    return _nested(_rows(getattr(cls, codec)))


def _attributes(raw: bytes, start: int, end: int, rows: Mapping[int, tuple[str, Unpack]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    unpack = _ATTRIBUTE.unpack_from
    while start + 4 <= end:
        length, number = unpack(raw, start)
        if length < 4:
            break
        row = rows.get(number & _TYPE_MASK)
        if row:
            found[row[0]] = row[1](raw, start + 4, start + length, found)
        start += (length + 3) & ~3
    return found


def _nested(rows: Mapping[int, tuple[str, Unpack]]) -> Unpack:
    return lambda raw, start, end, _before: _attributes(raw, start, end, rows)


def _array(rows: Mapping[int, tuple[str, Unpack]]) -> Unpack:
    """An array: nested attributes whose numbers mean nothing, each with the same rows inside."""

    def unpack(raw: bytes, start: int, end: int, _before: dict[str, Any]) -> list[dict[str, Any]]:
        found = []
        while start + 4 <= end:
            length, _number = _ATTRIBUTE.unpack_from(raw, start)
            if length < 4:
                break
            found.append(_attributes(raw, start + 4, start + length, rows))
            start += _aligned(length)
        return found

    return unpack


def _by_kind(selector: str, classes: Mapping[str, type | str]) -> Unpack:
    """Data whose layout, a class or an atom, an earlier attribute tells; None for a kind that we do not know."""

    def unpack(raw: bytes, start: int, end: int, before: dict[str, Any]) -> Any:
        cls = classes.get(before.get(selector, ""))
        if isinstance(cls, str):
            return ATOMS[cls](raw, start, end, before)
        return _attributes(raw, start, end, _rows(cls)) if cls else None

    return unpack


def _number(code: str) -> Unpack:
    unpack_from = struct.Struct(code).unpack_from
    return lambda raw, start, _end, _before: unpack_from(raw, start)[0]


@lru_cache(maxsize=1 << 16)
def _address_text(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET6 if len(packed) == 16 else socket.AF_INET, packed)


def _address(raw: bytes, start: int, end: int, _before: dict[str, Any]) -> str:
    return _address_text(raw[start:end])


def _bytes(raw: bytes, start: int, end: int, _before: dict[str, Any]) -> bytes:
    return raw[start:end]


def _text(raw: bytes, start: int, end: int, _before: dict[str, Any]) -> str:
    return raw[start:end].rstrip(b"\0").decode(errors="replace")


def _hardware(raw: bytes, start: int, end: int, _before: dict[str, Any]) -> str:
    return raw[start:end].hex(":")


def _present(_raw: bytes, _start: int, _end: int, _before: dict[str, Any]) -> bool:
    return True


def _aligned(length: int) -> int:
    return (length + _ALIGN - 1) & -_ALIGN


# By the names of pyroute2's atoms.
ATOMS: dict[str, Unpack] = {
    **{
        f"{order}{bits}": _number(f"{sign}{code if order != 'int' else code.lower()}")
        for order, sign in (("uint", "="), ("int", "="), ("be", ">"))
        for bits, code in ((8, "B"), (16, "H"), (32, "I"), (64, "Q"))
    },
    "ipaddr": _address,
    "ip4addr": _address,
    "ip6addr": _address,
    "asciiz": _text,
    "string": _text,
    "cdata": _bytes,
    "l2addr": _hardware,
    "flag": _present,
}
