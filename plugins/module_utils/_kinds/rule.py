# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy rules of our own protocol number. Every attribute is part of the identity: a rule is never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Kind, Nla


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What the rows cannot see alone."""
    source = attrs.get("from")
    if source and normal.family_of(source) != attrs["family"]:
        return [f"from: {source} is not {attrs['family']}"]
    return []


def complete(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item with the family of its addresses."""
    source = item.get("from")
    return {**item, "family": item.get("family") or (normal.family_of(source) if source else "ipv4")}


def title(attrs: Mapping[str, Any]) -> str:
    """``7601: from 10.0.1.2/32 fwmark 0x7601 lookup 7601``."""
    text = f"{attrs['priority']}:" + (" -6" if attrs["family"] == "ipv6" else "")
    text += f" from {attrs['from']}" if attrs.get("from") else ""
    text += f" fwmark {attrs['fwmark']:#x}" if attrs.get("fwmark") else ""
    text += f" iif {attrs['iif']}" if attrs.get("iif") else ""
    text += f" lookup {attrs['table']}"
    length = attrs.get("suppress_prefixlength")
    return text if length is None else f"{text} suppress_prefixlength {length}"


def _row(name: str, nla: Nla, **options: Any) -> Attr:
    return Attr(name, layer="link", nlas=(nla,), **options)


RULE = Kind(
    name="rule",
    noun="rule",
    space="rule",
    priority=50,
    key=("family", "priority", "from", "fwmark", "iif", "table", "suppress_prefixlength"),
    remove_first=False,
    complete=complete,
    check=check,
    title=title,
    attrs=(
        _row("priority", Nla("FRA_PRIORITY", 6, "uint32"), type="int", required=True, low=1, high=32765),
        Attr("from", normalise=normal.network),
        _row("fwmark", Nla("FRA_FWMARK", 10, "uint32"), type="int", low=1, high=0xFFFFFFFF),
        _row("iif", Nla("FRA_IIFNAME", 3, "asciiz"), normalise=normal.interface_name),
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
