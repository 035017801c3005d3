# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows that every link of ours has."""

from __future__ import annotations

from .._engine import normal
from .._engine.tables import Attr, Nla

NAME = Attr("name", required=True, normalise=normal.interface_name)
ALIAS = Attr(
    "alias",
    layer="link",
    nlas=(Nla("IFLA_IFALIAS", 20, "asciiz"),),
    normalise=normal.alias,
    default=normal.ALIAS_PREFIX,
)
MTU = Attr("mtu", "int", layer="link", nlas=(Nla("IFLA_MTU", 4, "uint32"),), low=68, high=65535)
UP = Attr("up", "bool", default=True)
ADDRESSES = Attr("addresses", "list", elements="str", normalise=normal.addresses_with_prefix, default=())
