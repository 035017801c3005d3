# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of numbers that an inventory may choose: tables, rules and ports that would meet others."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_link import concentrator_of
from .limits import MAX_LINK_ID
from .model import Inventory, Site
from .numbers import RESERVED_TABLES
from .problems import Problem


def check_numbers(inventory: Inventory) -> Iterator[Problem]:
    """Tables of each site, ports of each concentrator."""
    for site in inventory.sites.values():
        yield from _tables(site)
    yield from _ports(inventory)


def _tables(site: Site) -> Iterator[Problem]:
    first = site.table_base
    if first is None:
        return
    last = first + MAX_LINK_ID
    met = [f"{number} ({name})" for number, name in RESERVED_TABLES.items() if first <= number <= last]
    if met:
        yield Problem(
            site.where,
            "key table_base",
            f"found {first}, and so tables {first} to {last}, with {', '.join(met)} among them",
            f"1 to {min(RESERVED_TABLES) - MAX_LINK_ID - 1}, or {max(RESERVED_TABLES) + 1} or more",
            "the kernel has a meaning for those; choose another first number",
        )


def _ports(inventory: Inventory) -> Iterator[Problem]:
    """WireGuard and vxlan at one concentrator cannot share a UDP port."""
    first_with_vxlan: dict[str, str] = {}
    for site in inventory.sites.values():
        concentrator = concentrator_of(inventory, site)
        for bond in site.bonds:
            if concentrator is not None and bond.leg == "vxlan":
                first_with_vxlan.setdefault(concentrator.host, bond.where)
    for host, bond_where in first_with_vxlan.items():
        concentrator = inventory.concentrators[host]
        port = concentrator.listen_port
        if port is not None and port == concentrator.vxlan_port:
            yield Problem(
                concentrator.where,
                "key listen_port",
                f"found {port}, also the port of vxlan legs ({bond_where})",
                "a port of its own",
                "change it or vxlan_port",
            )
