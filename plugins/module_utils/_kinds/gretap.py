# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gretap and ip6gretap: Ethernet over GRE over IPv4 or IPv6, the article's EoIP. Numbers: linux/if_tunnel.h.

One key for both directions, as both ends of a leg are ours. Left out: encapsulation in UDP (fou, gue), since it is the
carrier that crosses NAT and its receiving port would have to be opened elsewhere; erspan and external, which are no
legs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Claim, Kind, Nla
from .link import LEG_ROWS, NAME

_CHECKSUM, _KEY, _SEQUENCE = 0x8000, 0x2000, 0x1000  # of the GRE header
_IN, _OUT = "IFLA_GRE_IFLAGS", "IFLA_GRE_OFLAGS"
_FLAGS = (Nla(_IN, 2, "be16", shared=True), Nla(_OUT, 3, "be16", shared=True))
_NO_LIMIT, _INHERIT_TCLASS, _INHERIT_LABEL = 0x1, 0x2, 0x4  # IP6_TNL_F_*
_TCLASS_SHIFT, _LABEL = 20, 0xFFFFF
NO_ENCAPLIMIT = -1
INHERIT = 1  # of tos, as for tunnels over IPv4


def _both(nlas: Mapping[str, Any]) -> int:
    return (nlas.get(_IN) or 0) & (nlas.get(_OUT) or 0)


def _either(nlas: Mapping[str, Any]) -> int:
    return (nlas.get(_IN) or 0) | (nlas.get(_OUT) or 0)


def _encode_key(value: int) -> dict[str, Any]:
    return {_IN: _KEY, _OUT: _KEY, "IFLA_GRE_IKEY": value, "IFLA_GRE_OKEY": value}


def _decode_key(nlas: Mapping[str, Any]) -> int | None:
    if not _both(nlas) & _KEY:
        return None
    both = {nlas.get("IFLA_GRE_IKEY"), nlas.get("IFLA_GRE_OKEY")}
    return both.pop() if len(both) == 1 else -1


KEY = Attr(
    "key",
    "int",
    layer="data",
    low=0,
    high=0xFFFFFFFF,
    nlas=(*_FLAGS, Nla("IFLA_GRE_IKEY", 4, "be32"), Nla("IFLA_GRE_OKEY", 5, "be32")),
    encode=_encode_key,
    decode=_decode_key,
)


def _flag(name: str, bit: int) -> Attr:
    """A bit of the GRE header, both ways. On one way only, it is neither True nor False."""

    def encode(value: bool) -> dict[str, Any]:
        return {_IN: bit * value, _OUT: bit * value}

    def decode(nlas: Mapping[str, Any]) -> bool | None:
        return bool(_both(nlas) & bit) if not (_both(nlas) ^ _either(nlas)) & bit else None

    return Attr(name, "bool", layer="data", nlas=_FLAGS, encode=encode, decode=decode)


def _row(name: str, nla: Nla, **options: Any) -> Attr:
    return Attr(name, layer="data", nlas=(nla,), **options)


def _number(name: str, nla: Nla, low: int, high: int, **options: Any) -> Attr:
    return _row(name, nla, type="int", low=low, high=high, **options)


_FLOWINFO = Nla("IFLA_GRE_FLOWINFO", 12, "be32", shared=True)
_FLAGS6 = Nla("IFLA_GRE_FLAGS", 13, "uint32", shared=True)


def _encode_tclass(value: int) -> dict[str, Any]:
    if value == INHERIT:
        return {_FLAGS6.name: _INHERIT_TCLASS}
    return {_FLOWINFO.name: value << _TCLASS_SHIFT, _FLAGS6.name: 0}


def _decode_tclass(nlas: Mapping[str, Any]) -> int:
    if nlas.get(_FLAGS6.name, 0) & _INHERIT_TCLASS:
        return INHERIT
    return (nlas.get(_FLOWINFO.name) or 0) >> _TCLASS_SHIFT & 0xFF


def _encode_label(value: int) -> dict[str, Any]:
    return {_FLOWINFO.name: value}


def _decode_label(nlas: Mapping[str, Any]) -> int | None:
    return None if nlas.get(_FLAGS6.name, 0) & _INHERIT_LABEL else (nlas.get(_FLOWINFO.name) or 0) & _LABEL


def _encode_limit(value: int) -> dict[str, Any]:
    if value == NO_ENCAPLIMIT:
        return {"IFLA_GRE_ENCAP_LIMIT": 0, _FLAGS6.name: _NO_LIMIT}
    return {"IFLA_GRE_ENCAP_LIMIT": value, _FLAGS6.name: 0}


def _decode_limit(nlas: Mapping[str, Any]) -> int | None:
    return NO_ENCAPLIMIT if nlas.get(_FLAGS6.name, 0) & _NO_LIMIT else nlas.get("IFLA_GRE_ENCAP_LIMIT")


def _check(attrs: Mapping[str, Any]) -> list[str]:
    """The kernel's rule: packets whose "do not fragment" is ignored cannot be kept from fragmenting."""
    if attrs.get("ignore_df") and attrs.get("pmtudisc") is not False:
        return ["ignore_df: needs pmtudisc: false, as the kernel fragments outer packets then"]
    return []


def _claims(attrs: Mapping[str, Any]) -> tuple[Claim, ...]:
    ends = tuple((name, attrs.get(name)) for name in ("local", "remote", "key"))
    return ((*ends, ("link", attrs.get("link") or None)),)


_COMMON = (
    KEY,
    _flag("csum", _CHECKSUM),
    _flag("seq", _SEQUENCE),
    _row("link", Nla("IFLA_GRE_LINK", 1, "uint32"), normalise=normal.interface_name_or_none, devices=True),
    _number("ttl", Nla("IFLA_GRE_TTL", 8, "uint8"), 1, 255, default=64),
    _number("fwmark", Nla("IFLA_GRE_FWMARK", 20, "uint32"), 0, 0xFFFFFFFF),
    *LEG_ROWS,
)

GRETAP = Kind(
    name="gretap",
    noun="gretap",
    space="link",
    priority=20,
    key=("name",),
    resend=True,
    check=_check,
    claims=_claims,
    attrs=(
        NAME,
        _row("local", Nla("IFLA_GRE_LOCAL", 6, "ip4addr"), required=True, normalise=normal.ipv4_address),
        _row("remote", Nla("IFLA_GRE_REMOTE", 7, "ip4addr"), required=True, normalise=normal.ipv4_address),
        _number("tos", Nla("IFLA_GRE_TOS", 9, "uint8"), 0, 255),
        # The kernel refuses pmtudisc while the interface still ignores "do not fragment", whatever it is to do from now
        # on (ipgre_netlink_parms in net/ipv4/ip_gre.c).
        _row("pmtudisc", Nla("IFLA_GRE_PMTUDISC", 10, "uint8"), type="bool", create_only=True),
        _row("ignore_df", Nla("IFLA_GRE_IGNORE_DF", 19, "uint8"), type="bool", create_only=True),
        *_COMMON,
    ),
)

IP6GRETAP = Kind(
    name="ip6gretap",
    noun="ip6gretap",
    space="link",
    priority=20,
    key=("name",),
    resend=True,
    claims=_claims,
    attrs=(
        NAME,
        _row("local", Nla("IFLA_GRE_LOCAL", 6, "ip6addr"), required=True, normalise=normal.ipv6_address),
        _row("remote", Nla("IFLA_GRE_REMOTE", 7, "ip6addr"), required=True, normalise=normal.ipv6_address),
        Attr(
            "tos",
            "int",
            layer="data",
            nlas=(_FLOWINFO, _FLAGS6),
            encode=_encode_tclass,
            decode=_decode_tclass,
            low=0,
            high=255,
        ),
        Attr(
            "flowlabel",
            "int",
            layer="data",
            nlas=(_FLOWINFO, _FLAGS6),
            encode=_encode_label,
            decode=_decode_label,
            low=0,
            high=_LABEL,
        ),
        Attr(
            "encaplimit",
            "int",
            layer="data",
            nlas=(Nla("IFLA_GRE_ENCAP_LIMIT", 11, "uint8"), _FLAGS6),
            encode=_encode_limit,
            decode=_decode_limit,
            low=NO_ENCAPLIMIT,
            high=255,
            default=NO_ENCAPLIMIT,
        ),
        *_COMMON,
    ),
)
