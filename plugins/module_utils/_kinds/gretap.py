# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gretap: Ethernet over GRE over IPv4, the article's EoIP. Numbers: linux/if_tunnel.h."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Claim, Kind, Nla
from .link import ALIAS, MTU, NAME, UP

_GRE_KEY = 0x2000


def _encode_key(value: int) -> dict[str, Any]:
    return {"IFLA_GRE_IFLAGS": _GRE_KEY, "IFLA_GRE_OFLAGS": _GRE_KEY, "IFLA_GRE_IKEY": value, "IFLA_GRE_OKEY": value}


def _decode_key(nlas: Mapping[str, Any]) -> int | None:
    if not (nlas.get("IFLA_GRE_IFLAGS") or 0) & (nlas.get("IFLA_GRE_OFLAGS") or 0) & _GRE_KEY:
        return None
    both = {nlas.get("IFLA_GRE_IKEY"), nlas.get("IFLA_GRE_OKEY")}
    return both.pop() if len(both) == 1 else -1


KEY = Attr(
    "key",
    "int",
    layer="data",
    low=0,
    high=0xFFFFFFFF,
    nlas=(
        Nla("IFLA_GRE_IFLAGS", 2, "be16"),
        Nla("IFLA_GRE_OFLAGS", 3, "be16"),
        Nla("IFLA_GRE_IKEY", 4, "be32"),
        Nla("IFLA_GRE_OKEY", 5, "be32"),
    ),
    encode=_encode_key,
    decode=_decode_key,
)


def _row(name: str, nla: Nla, **options: Any) -> Attr:
    return Attr(name, layer="data", nlas=(nla,), **options)


def _claims(attrs: Mapping[str, Any]) -> tuple[Claim, ...]:
    return (tuple((name, attrs.get(name)) for name in ("local", "remote", "key")),)


GRETAP = Kind(
    name="gretap",
    noun="gretap",
    space="link",
    priority=20,
    key=("name",),
    resend=True,
    claims=_claims,
    attrs=(
        NAME,
        _row("local", Nla("IFLA_GRE_LOCAL", 6, "ip4addr"), required=True, normalise=normal.ipv4_address),
        _row("remote", Nla("IFLA_GRE_REMOTE", 7, "ip4addr"), required=True, normalise=normal.ipv4_address),
        KEY,
        _row("ttl", Nla("IFLA_GRE_TTL", 8, "uint8"), type="int", default=64, low=1, high=255),
        MTU,
        UP,
        ALIAS,
    ),
)
