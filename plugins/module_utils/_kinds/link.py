# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that links of ours have. Numbers: linux/if_link.h."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Nla


def _number(name: str, nla: Nla, low: int, high: int, **options: Any) -> Attr:
    return Attr(name, "int", layer="link", nlas=(nla,), low=low, high=high, **options)


NAME = Attr("name", required=True, normalise=normal.interface_name)
ALIAS = Attr(
    "alias",
    layer="link",
    nlas=(Nla("IFLA_IFALIAS", 20, "asciiz"),),
    normalise=normal.alias,
    default=normal.ALIAS_PREFIX,
)
MTU = _number("mtu", Nla("IFLA_MTU", 4, "uint32"), 68, 65535)
TXQUEUELEN = _number("txqueuelen", Nla("IFLA_TXQLEN", 13, "uint32"), 0, 0x7FFFFFFF)
GSO_MAX_SIZE = _number("gso_max_size", Nla("IFLA_GSO_MAX_SIZE", 41, "uint32"), 1, 0x7FFFFFFF)
GRO_MAX_SIZE = _number("gro_max_size", Nla("IFLA_GRO_MAX_SIZE", 58, "uint32"), 1, 0x7FFFFFFF)
# A port has its bond's; its own is what it gets back when it leaves, and can only be changed then.
MAC_ADDRESS = Attr(
    "mac_address",
    layer="link",
    nlas=(Nla("IFLA_ADDRESS", 1, "l2addr"),),
    normalise=normal.mac_address,
)
LEG_MAC_ADDRESS = replace(MAC_ADDRESS, needs=("no_bond",))
UP = Attr("up", "bool", default=True)
ADDRESSES = Attr("addresses", "list", elements="str", normalise=normal.addresses_with_prefix, default=())
LEG_ADDRESSES = replace(ADDRESSES, default=None)  # most legs have none and are in a bond: not given, not touched

_ALL_ROWS = (MTU, TXQUEUELEN, GSO_MAX_SIZE, GRO_MAX_SIZE, UP, ALIAS)
LEG_ROWS = (LEG_MAC_ADDRESS, LEG_ADDRESSES, *_ALL_ROWS)
BOND_ROWS = (MAC_ADDRESS, ADDRESSES, *_ALL_ROWS)
