# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of numbers that an inventory may choose: tables that would meet others."""

from __future__ import annotations

from collections.abc import Iterator

from .limits import LAST_TABLE, MAX_LINK_ID, MAX_SITE_ID
from .model import Inventory
from .numbers import RESERVED_TABLES
from .problems import Problem


def check_numbers(inventory: Inventory) -> Iterator[Problem]:
    """Tables of each site."""
    for site in inventory.sites.values():
        proxied = bool(site.proxy and site.proxy.enabled)
        yield from _tables(site.where, site.table_base, LAST_TABLE if site.policies else MAX_LINK_ID + proxied)
    for concentrator in inventory.concentrators.values():
        yield from _tables(concentrator.where, concentrator.table_base, MAX_SITE_ID)


def _tables(where: str, first: int | None, count: int) -> Iterator[Problem]:
    if first is None:
        return
    last = first + count
    met = [f"{number} ({name})" for number, name in RESERVED_TABLES.items() if first <= number <= last]
    below = min(RESERVED_TABLES) - count - 1
    lower = f"1 to {below}, or " if below > 0 else ""
    if met:
        yield Problem(
            where,
            "key table_base",
            f"found {first}, and so tables {first} to {last}, with {', '.join(met)} among them",
            f"{lower}{max(RESERVED_TABLES) + 1} or more",
            "the kernel has a meaning for those; choose another first number",
        )
