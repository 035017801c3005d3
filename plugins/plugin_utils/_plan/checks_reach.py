# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of how links reach the concentrator: its public addresses, and which link goes to which."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_link import concentrator_of, outer_family
from .deps import IPAddress
from .model import Concentrator, Inventory, Link, Site
from .problems import Problem


def check_reach(inventory: Inventory) -> Iterator[Problem]:
    """Public addresses of concentrators, then those that links are sent to."""
    for concentrator in inventory.concentrators.values():
        yield from _addresses(concentrator)
    for site in inventory.sites.values():
        if site.alone:
            yield from _without(site)
        concentrator = concentrator_of(inventory, site)
        if concentrator is None or concentrator.address is None or "addresses" in concentrator.unread:
            continue
        for link in site.links:
            yield from _known(link, concentrator)
        if site.routing == "host_routes":
            yield from _own(site, concentrator)


def _addresses(concentrator: Concentrator) -> Iterator[Problem]:
    """Each once, all of the version of ``address``, which is that of the packets that carriers send."""
    seen = {concentrator.address}
    for address in concentrator.addresses:
        found = f"found {address}"
        if address in seen:
            has = "which is `address` already" if address == concentrator.address else "twice"
            allowed = "each public address once, in `address` or in `addresses`"
            yield Problem(concentrator.where, "key addresses", f"{found}, {has}", allowed, "remove it here")
        elif concentrator.address is not None and address.version != concentrator.address.version:
            allowed = f"IPv{concentrator.address.version} addresses, as `address` is one"
            remedy = "remove it, or make it a concentrator of its own"
            yield Problem(concentrator.where, "key addresses", found, allowed, remedy)
        seen.add(address)


def _without(site: Site) -> Iterator[Problem]:
    """There is no concentrator to go to."""
    allowed = "nothing, with concentrator none"
    if site.routing == "host_routes":
        yield Problem(site.where, "key routing", "found 'host_routes'", allowed, "remove it")
    for link in site.links:
        if link.concentrator_address is not None:
            found = f"found {link.concentrator_address}"
            yield Problem(link.where, "key concentrator_address", found, allowed, "remove it")


def _known(link: Link, concentrator: Concentrator) -> Iterator[Problem]:
    """A link is sent to an address that the concentrator has."""
    given = link.concentrator_address
    if given is None or given in concentrator.all_addresses:
        return
    allowed = _listed(concentrator.all_addresses)
    remedy = f"give one of these, or add {given} to `addresses` of {concentrator.where}"
    if f"ipv{given.version}" != outer_family(concentrator):
        remedy = f"give one of these: all links go to addresses of one IP version, that of {concentrator.where}"
    yield Problem(link.where, "key concentrator_address", f"found {given}", allowed, remedy)


def _own(site: Site, concentrator: Concentrator) -> Iterator[Problem]:
    """With host routes no two links go to one address, as a route has one link."""
    owners: dict[IPAddress, Link] = {}
    used = {link.concentrator_address or concentrator.address for link in site.links}
    free = [address for address in concentrator.all_addresses if address not in used]
    allowed = _listed(free) if free else "an address that no other link goes to, and the concentrator has no more"
    more = "" if free else f"; add one to `addresses` of {concentrator.where}"
    for link in site.links:
        if "concentrator_address" in link.unread:
            continue
        address = link.concentrator_address or concentrator.address
        owner = owners.setdefault(address, link)
        if owner is not link:
            found = f"found {address}" if link.concentrator_address else f"missing, which is {address}"
            yield Problem(
                link.where,
                "key concentrator_address",
                f"{found}, where link {owner.name} goes to as well",
                allowed,
                f"with routing host_routes give each link another{more}, or choose routing marks",
            )


def _listed(addresses: object) -> str:
    return ", ".join(map(str, addresses))
