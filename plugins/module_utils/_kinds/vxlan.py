# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vxlan, point to point: Ethernet over UDP. Numbers: linux/if_link.h, what can be changed: drivers/net/vxlan.

Left out: what needs more than two ends (flooding by proxy, l2miss, l3miss, rsc), other formats of the header (gbp,
gpe, remcsum), and metadata from elsewhere (external, vnifilter).
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Claim, Kind, Nla
from .link import LEG_ROWS, NAME


def _other_family(old: Any, new: Any) -> bool:
    """The kernel takes another address in place, but not one of the other IP version."""
    return (":" in (old or "")) != (":" in (new or ""))


def _no_longer(old: Any, new: Any) -> bool:
    """The kernel takes another one in place, but cannot forget it."""
    return bool(old) and not new


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


def _row(name: str, number: int, codec: str, **options: Any) -> Attr:
    return Attr(name, layer="data", nlas=(Nla(f"IFLA_VXLAN_{name.upper()}", number, codec),), **options)


def _number(name: str, nla: Nla, low: int, high: int, **options: Any) -> Attr:
    return Attr(name, "int", layer="data", nlas=(nla,), low=low, high=high, **options)


def port_range(value: str) -> str:
    """``LOW-HIGH``."""
    low, dash, high = value.partition("-")
    if not (dash and low.isdigit() and high.isdigit() and 0 < int(low) <= int(high) < 65536):
        raise ValueError(f"{value!r} is no range of ports such as '40000-40999'")
    return f"{int(low)}-{int(high)}"


def _encode_range(value: str) -> dict[str, Any]:
    return {"IFLA_VXLAN_PORT_RANGE": struct.pack(">HH", *map(int, value.split("-")))}


def _decode_range(nlas: Mapping[str, Any]) -> str | None:
    raw = bytes(nlas.get("IFLA_VXLAN_PORT_RANGE", b""))
    return "{}-{}".format(*struct.unpack(">HH", raw)) if any(raw) else None


def _check(attrs: Mapping[str, Any]) -> list[str]:
    versions = {ipaddress.ip_address(attrs[name]).version for name in ("local", "remote")}
    problems = ["local and remote are not of the same IP version"] if len(versions) > 1 else []
    if ipaddress.ip_address(attrs["remote"]).is_multicast and not attrs.get("link"):
        problems.append(f"remote: {attrs['remote']} is a multicast group: give the link whose group it is")
    if versions == {4}:
        problems += [
            f"{name}: is of IPv6, and local and remote are IPv4"
            for name in ("udp6_zero_csum_tx", "udp6_zero_csum_rx", "flowlabel")
            if attrs.get(name)
        ]
    return problems


def _claims(attrs: Mapping[str, Any]) -> tuple[Claim, ...]:
    version = 6 if ":" in (attrs.get("local") or attrs.get("remote") or "") else 4
    return ((("vni", attrs["vni"]), ("port", attrs["port"]), ("IP version", version)),)


VXLAN = Kind(
    name="vxlan",
    noun="vxlan",
    space="link",
    priority=20,
    key=("name",),
    check=_check,
    claims=_claims,
    attrs=(
        NAME,
        _address("local", Nla("IFLA_VXLAN_LOCAL", 4, "ip4addr"), Nla("IFLA_VXLAN_LOCAL6", 17, "ip6addr")),
        _address("remote", Nla("IFLA_VXLAN_GROUP", 2, "ip4addr"), Nla("IFLA_VXLAN_GROUP6", 16, "ip6addr")),
        _number("vni", Nla("IFLA_VXLAN_ID", 1, "uint32"), 0, 0xFFFFFF, required=True, create_only=True),
        _number("port", Nla("IFLA_VXLAN_PORT", 15, "be16"), 1, 65535, default=4789, create_only=True),
        _row("link", 3, "uint32", normalise=normal.interface_name_or_none, devices=True, fixed=_no_longer),
        _number("ttl", Nla("IFLA_VXLAN_TTL", 5, "uint8"), 1, 255, default=64),
        _number("tos", Nla("IFLA_VXLAN_TOS", 6, "uint8"), 0, 255),
        _number("flowlabel", Nla("IFLA_VXLAN_LABEL", 26, "be32"), 0, 0xFFFFF),
        _row("df", 29, "uint8", choices={"unset": 0, "set": 1, "inherit": 2}),
        Attr(
            "port_range",
            layer="data",
            nlas=(Nla("IFLA_VXLAN_PORT_RANGE", 10, "cdata"),),
            encode=_encode_range,
            decode=_decode_range,
            normalise=port_range,
            create_only=True,
        ),
        _row("learning", 7, "uint8", type="bool"),
        _number("ageing_s", Nla("IFLA_VXLAN_AGEING", 8, "uint32"), 0, 0xFFFFFFFF),
        _number("limit", Nla("IFLA_VXLAN_LIMIT", 9, "uint32"), 0, 0xFFFFFFFF, create_only=True),
        _row("udp_csum", 18, "uint8", type="bool", create_only=True),
        _row("udp6_zero_csum_tx", 19, "uint8", type="bool", create_only=True),
        _row("udp6_zero_csum_rx", 20, "uint8", type="bool", create_only=True),
        *LEG_ROWS,
    ),
)
