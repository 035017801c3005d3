# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy rules of our own protocol number. Every attribute is part of the identity: a rule is never changed."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Kind, Nla

WHOLE_MARK = 0xFFFFFFFF
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132, "udplite": 136}
_IPV4_TOS, _ECN = 0x1C, 0x3


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What the rows cannot see alone."""
    problems = [
        f"{name}: {attrs[name]} is not {attrs['family']}"
        for name in ("from", "to")
        if attrs.get(name) and normal.family_of(attrs[name]) != attrs["family"]
    ]
    tos = attrs.get("tos") or 0
    if tos & _ECN or (attrs["family"] == "ipv4" and tos & ~_IPV4_TOS):
        most = _IPV4_TOS if attrs["family"] == "ipv4" else 0xFC
        problems.append(f"tos: the kernel takes multiples of 4 up to {most}, not {tos}")
    return problems


def complete(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item with the family of its addresses; a mask of all bits is none."""
    named = [item[name] for name in ("from", "to") if item.get(name)]
    family = item.get("family") or (normal.family_of(named[0]) if named else "ipv4")
    mask = item.get("fwmask")
    return {**item, "family": family, "fwmask": None if mask == WHOLE_MARK else mask}


def title(attrs: Mapping[str, Any]) -> str:
    """``7601: from 10.0.1.2/32 fwmark 0x7601 lookup 7601``."""
    text = f"{attrs['priority']}:" + (" -6" if attrs["family"] == "ipv6" else "")
    text += "".join(f" {name} {attrs[name]}" for name in ("from", "to", "tos") if attrs.get(name))
    text += f" fwmark {attrs['fwmark']:#x}" if attrs.get("fwmark") else ""
    text += f"/{attrs['fwmask']:#x}" if attrs.get("fwmask") else ""
    for name in ("iif", "oif", "uidrange", "ipproto", "sport", "dport"):
        text += f" {name} {attrs[name]}" if attrs.get(name) else ""
    text += f" lookup {attrs['table']}"
    length = attrs.get("suppress_prefixlength")
    return text if length is None else f"{text} suppress_prefixlength {length}"


def protocol(value: str) -> str:
    """The name or the number of an IP protocol."""
    names = {str(number): name for name, number in PROTOCOLS.items()}
    found = names.get(value, value)
    if found not in PROTOCOLS and not (found.isdigit() and 0 < int(found) < 256):
        raise ValueError(f"{value!r} is no IP protocol: one of {', '.join(PROTOCOLS)}, or a number up to 255")
    return found


def _span(value: str, low: int, high: int) -> str:
    first, _dash, last = value.partition("-")
    last = last or first
    if not (first.isdigit() and last.isdigit() and low <= int(first) <= int(last) <= high):
        raise ValueError(f"{value!r} is neither a number nor a range LOW-HIGH within {low} to {high}")
    return f"{int(first)}-{int(last)}" if int(first) < int(last) else str(int(first))


def ports(value: str) -> str:
    """``443`` or ``5000-5999``."""
    return _span(value, 1, 65535)


def users(value: str) -> str:
    """``33`` or ``1000-1999``."""
    return _span(value, 0, 0xFFFFFFFE)


def _row(name: str, nla: Nla, **options: Any) -> Attr:
    return Attr(name, layer="link", nlas=(nla,), **options)


def _range(name: str, nla: Nla, layout: str, normalise: Callable[[str], str]) -> Attr:
    """Two numbers, packed."""

    def encode(value: str) -> dict[str, Any]:
        first, _dash, last = value.partition("-")
        return {nla.name: struct.pack(layout, int(first), int(last or first))}

    def decode(nlas: Mapping[str, Any]) -> str | None:
        raw = bytes(nlas.get(nla.name, b""))
        return normalise("{}-{}".format(*struct.unpack(layout, raw))) if raw else None

    return _row(name, nla, encode=encode, decode=decode, normalise=normalise)


def _encode_protocol(value: str) -> dict[str, Any]:
    return {"FRA_IP_PROTO": PROTOCOLS.get(value) or int(value)}


def _decode_protocol(nlas: Mapping[str, Any]) -> str | None:
    return protocol(str(nlas["FRA_IP_PROTO"])) if nlas.get("FRA_IP_PROTO") else None


def _decode_mask(nlas: Mapping[str, Any]) -> int | None:
    mask = nlas.get("FRA_FWMASK") if nlas.get("FRA_FWMARK") else None
    return None if mask == WHOLE_MARK else mask


def _encode_mask(value: int) -> dict[str, Any]:
    return {"FRA_FWMASK": value}


_SELECTORS = (
    Attr("from", normalise=normal.network),
    Attr("to", normalise=normal.network),
    Attr("tos", "int", low=1, high=255),
    _row("fwmark", Nla("FRA_FWMARK", 10, "uint32"), type="int", low=1, high=WHOLE_MARK),
    _row(
        "fwmask",
        Nla("FRA_FWMASK", 16, "uint32"),
        type="int",
        low=1,
        high=WHOLE_MARK,
        encode=_encode_mask,
        decode=_decode_mask,
        only_with=("fwmark", None),
    ),
    _row("iif", Nla("FRA_IIFNAME", 3, "asciiz"), normalise=normal.interface_name),
    _row("oif", Nla("FRA_OIFNAME", 17, "asciiz"), normalise=normal.interface_name),
    _range("uidrange", Nla("FRA_UID_RANGE", 20, "cdata"), "=II", users),
    _row(
        "ipproto",
        Nla("FRA_IP_PROTO", 22, "uint8"),
        encode=_encode_protocol,
        decode=_decode_protocol,
        normalise=protocol,
    ),
    _range("sport", Nla("FRA_SPORT_RANGE", 23, "cdata"), "=HH", ports),
    _range("dport", Nla("FRA_DPORT_RANGE", 24, "cdata"), "=HH", ports),
)

RULE = Kind(
    name="rule",
    noun="rule",
    space="rule",
    priority=50,
    key=("family", "priority", *(row.name for row in _SELECTORS), "table", "suppress_prefixlength"),
    remove_first=False,
    complete=complete,
    check=check,
    title=title,
    attrs=(
        _row("priority", Nla("FRA_PRIORITY", 6, "uint32"), type="int", required=True, low=1, high=32765),
        *_SELECTORS,
        _row("table", Nla("FRA_TABLE", 15, "uint32"), type="int", required=True, low=1, high=0xFFFFFFFF),
        _row(
            "suppress_prefixlength",
            Nla("FRA_SUPPRESS_PREFIXLEN", 14, "uint32"),
            type="int",
            low=0,
            high=128,
        ),
        Attr("family", choices=("ipv4", "ipv6")),
    ),
)
