# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of how links are watched: an address that is asked must be beyond the link, and of the right IP version."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_link import concentrator_of
from .model import Inventory, Link, Site
from .problems import Problem


def check_watching(inventory: Inventory) -> Iterator[Problem]:
    """Everything about the addresses that are asked."""
    for site in inventory.sites.values():
        concentrator = concentrator_of(inventory, site)
        version = concentrator.address.version if concentrator and concentrator.address else None
        for link in site.links:
            yield from _asked(link, site, version)


def _asked(link: Link, site: Site, version: int | None) -> Iterator[Problem]:
    address = link.check.beyond if link.check else None
    if address is None:
        return
    where, key = link.check.where, "key ping"
    found, allowed = f"found {address}", "next_hop, or an address that is reached over the link"
    if version is not None and address.version != version:
        allowed = f"next_hop, or an IPv{version} address, as the concentrator's"
        yield Problem(where, key, found, allowed, "give such an address")
    elif link.static is not None and address == link.static.address:
        remedy = "say next_hop, or give the address of somebody else"
        yield Problem(where, key, f"{found}, the link's own address", allowed, remedy)
    elif any(address in subnet for subnet in site.lan.subnets):
        yield Problem(where, key, f"{found}, which is in the LAN", allowed, "give one that the link leads to")
