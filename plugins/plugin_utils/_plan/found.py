# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses that were found on a node's interfaces, as far as the planner takes notice of them: those of links
to whom somebody else gives one, which the inventory cannot tell, and those that a concentrator has itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from .deps import AddrFormatError, IPNetwork
from .kinds import StaticAddress
from .model import Inventory, Link, Site

# {host: {interface: [address with prefix length]}}
Addresses = Mapping[str, Mapping[str, Iterable[str]]]


def with_found_addresses(inventory: Inventory, addresses: Addresses) -> Inventory:
    """The inventory, each link without a static address knowing what its interface was found to have, and each
    concentrator what it has on any.
    """
    sites = {host: _site(site, addresses.get(host) or {}) for host, site in inventory.sites.items()}
    concentrators = {
        host: replace(one, found=tuple(_usable(text for some in addresses.get(host, {}).values() for text in some)))
        for host, one in inventory.concentrators.items()
    }
    return replace(inventory, concentrators=concentrators, sites=sites)


def _site(site: Site, by_interface: Mapping[str, Iterable[str]]) -> Site:
    if not by_interface:
        return site
    return replace(site, links=tuple(_link(link, by_interface.get(link.device) or ()) for link in site.links))


def _link(link: Link, found: Iterable[str]) -> Link:
    return link if link.static else replace(link, found=tuple(_usable(found)))


def _usable(found: Iterable[str]) -> Iterator[StaticAddress]:
    """What can be read and is not link-local, which every interface has."""
    for text in found:
        try:
            network = IPNetwork(text)
        except (AddrFormatError, ValueError):
            continue
        if not network.ip.is_link_local():
            yield StaticAddress(network.ip, network.cidr)
