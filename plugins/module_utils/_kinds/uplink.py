# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces that are not ours (modems, WAN ports): brought up, given addresses, never made or removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Kind
from .check import CHECK
from .link import ADDRESSES, UP


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """An address that somebody else has put there already is as good as ours, and stays theirs."""
    foreign = set((have or {}).get("others_addresses", ()))
    return {**want, "addresses": tuple(item for item in want.get("addresses", ()) if item not in foreign)}


UPLINK = Kind(
    name="link",
    noun="link",
    space="uplink",
    priority=10,
    key=("interface",),
    creatable=False,
    remove_first=False,
    when_absent={"addresses": ()},
    resolve=resolve,
    attrs=(
        Attr("interface", required=True, normalise=normal.interface_name, devices=True),
        UP,
        ADDRESSES,
        CHECK,
        Attr("others_addresses", internal=True, noted=True),
    ),
)
