# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel bond. Options and modes: Documentation/networking/bonding.rst, numbers: linux/if_link.h.

An option that is not given is left as it is: the kernel itself changes some of them with the mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Kind, Nla
from .link import ADDRESSES, ALIAS, MTU, NAME, UP

MODES = {
    "balance-rr": 0,
    "active-backup": 1,
    "balance-xor": 2,
    "broadcast": 3,
    "802.3ad": 4,
    "balance-tlb": 5,
    "balance-alb": 6,
}
HASH_POLICIES = {"layer2": 0, "layer3+4": 1, "layer2+3": 2, "encap2+3": 3, "encap3+4": 4, "vlan+srcmac": 5}
_ONE_ACTIVE = ("mode", ("active-backup", "balance-tlb", "balance-alb"))


def _row(name: str, number: int, codec: str, **options: Any) -> Attr:
    return Attr(name, layer="data", nlas=(Nla(f"IFLA_BOND_{name.upper()}", number, codec),), **options)


def _count(name: str, number: int, codec: str, high: int, **options: Any) -> Attr:
    return _row(name, number, codec, type="int", low=options.pop("low", 0), high=high, **options)


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What the rows cannot see alone."""
    primary = attrs.get("primary")
    if primary and primary not in attrs["ports"]:
        return [f"primary: {primary} is none of its ports ({', '.join(attrs['ports']) or 'none'})"]
    return []


BOND = Kind(
    name="bond",
    noun="bond",
    space="link",
    priority=30,
    key=("name",),
    check=check,
    attrs=(
        NAME,
        _row("mode", 1, "uint8", default="balance-rr", choices=MODES, needs=("no_ports", "down")),
        _count("miimon", 3, "uint32", 0x7FFFFFFF),
        _row("use_carrier", 6, "uint8", type="bool"),
        _row(
            "primary_reselect",
            12,
            "uint8",
            choices={"always": 0, "better": 1, "failure": 2},
            only_with=_ONE_ACTIVE,
        ),
        _row("xmit_hash_policy", 14, "uint8", choices=HASH_POLICIES),
        _count("resend_igmp", 15, "uint32", 255),
        _count("num_peer_notif", 16, "uint8", 255),
        _row("all_slaves_active", 17, "uint8", type="bool"),
        _count("min_links", 18, "uint32", 0x7FFFFFFF),
        _count("lp_interval", 19, "uint32", 0x7FFFFFFF, low=1),
        _count("packets_per_slave", 20, "uint32", 65535, only_with=("mode", ("balance-rr",))),
        Attr("ports", "list", elements="str", default=(), normalise=normal.interface_names, devices=True),
        Attr("primary", normalise=normal.interface_name, only_with=_ONE_ACTIVE, devices=True),
        ADDRESSES,
        MTU,
        UP,
        ALIAS,
    ),
)
