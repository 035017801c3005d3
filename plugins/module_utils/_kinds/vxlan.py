# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vxlan, point to point: Ethernet over UDP. Numbers: linux/if_link.h."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Claim, Kind, Nla
from .link import ALIAS, MTU, NAME, UP


def _other_family(old: str | None, new: str | None) -> bool:
    return (":" in (old or "")) != (":" in (new or ""))


def _address(name: str, four: Nla, six: Nla) -> Attr:
    def encode(value: str) -> dict[str, Any]:
        return {(six if ":" in value else four).name: value}

    def decode(nlas: Mapping[str, Any]) -> str | None:
        value = nlas.get(six.name) or nlas.get(four.name)
        return normal.address(value) if value else None

    return Attr(
        name,
        layer="data",
        nlas=(four, six),
        encode=encode,
        decode=decode,
        required=True,
        normalise=normal.address,
        fixed=_other_family,
    )


def _row(name: str, nla: Nla, low: int, high: int, **options: Any) -> Attr:
    return Attr(name, "int", layer="data", nlas=(nla,), low=low, high=high, **options)


def _same_family(attrs: Mapping[str, Any]) -> list[str]:
    versions = {ipaddress.ip_address(attrs[name]).version for name in ("local", "remote")}
    return ["local and remote are not of the same IP version"] if len(versions) > 1 else []


def _claims(attrs: Mapping[str, Any]) -> tuple[Claim, ...]:
    version = 6 if ":" in (attrs.get("local") or attrs.get("remote") or "") else 4
    return ((("vni", attrs["vni"]), ("port", attrs["port"]), ("IP version", version)),)


VXLAN = Kind(
    name="vxlan",
    noun="vxlan",
    space="link",
    priority=20,
    key=("name",),
    check=_same_family,
    claims=_claims,
    attrs=(
        NAME,
        _address("local", Nla("IFLA_VXLAN_LOCAL", 4, "ip4addr"), Nla("IFLA_VXLAN_LOCAL6", 17, "ip6addr")),
        _address("remote", Nla("IFLA_VXLAN_GROUP", 2, "ip4addr"), Nla("IFLA_VXLAN_GROUP6", 16, "ip6addr")),
        _row("vni", Nla("IFLA_VXLAN_ID", 1, "uint32"), 0, 0xFFFFFF, required=True, create_only=True),
        _row("port", Nla("IFLA_VXLAN_PORT", 15, "be16"), 1, 65535, default=4789, create_only=True),
        _row("ttl", Nla("IFLA_VXLAN_TTL", 5, "uint8"), 1, 255, default=64),
        MTU,
        UP,
        ALIAS,
    ),
)
