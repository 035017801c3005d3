# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of what sites of one concentrator may do with each other."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_link import sites_at
from .model import Concentrator, Inventory, Site
from .problems import Problem, nearest
from .shared_lans import shared_versions


def check_alone(inventory: Inventory) -> Iterator[Problem]:
    """A site without a concentrator has nothing of what only one can give."""
    for site in inventory.sites.values():
        given = {"public_subnets": site.public_subnets, "forwards": site.forwards, "reaches": site.reaches}
        for name in (name for name, value in given.items() if value and site.alone):
            yield Problem(
                site.where,
                f"key {name}",
                "found it at a site without a concentrator",
                "nothing",
                "leave it out, or give the site a concentrator",
            )


def check_reaches(inventory: Inventory) -> Iterator[Problem]:
    """Each site that another may reach is there, at the same concentrator, and its LAN is its own there."""
    for host, at_this in sites_at(inventory).items():
        concentrator = inventory.concentrators[host]
        sites = {site.host: site for site in at_this}
        if any(site.reaches for site in sites.values()):
            shared = shared_versions(sites.values())
            for site in sites.values():
                for other in site.reaches:
                    yield from _reach(inventory, concentrator, sites, shared, site, other)
        yield from _proxy_arp(concentrator, sites)


def _reach(
    inventory: Inventory,
    concentrator: Concentrator,
    sites: dict[str, Site],
    shared: object,
    site: Site,
    other: str,
) -> Iterator[Problem]:
    others = (
        ", ".join(host for host in sites if host != site.host)
        or f"nothing, as no other site is at {concentrator.where}"
    )
    if other == site.host:
        yield Problem(site.where, "key reaches", f"found '{other}', the site itself", others, "leave it out")
    elif other not in inventory.sites:
        meant = nearest(other, sites)
        remedy = f"did you mean {meant}?" if meant else "name the host of another site"
        yield Problem(site.where, "key reaches", f"found '{other}'", others, remedy)
    elif other not in sites:
        yield Problem(
            site.where,
            "key reaches",
            f"found '{other}', a site of another concentrator",
            others,
            "connect both sites to one concentrator",
        )
    elif other in shared:
        yield Problem(
            site.where,
            "key reaches",
            f"found '{other}', whose LAN overlaps that of another site of {concentrator.where}: an address there names "
            "more than one host",
            "a site whose LAN no other site has",
            f"renumber the LAN of site {other}, or give it forwards",
        )


def _proxy_arp(concentrator: Concentrator, sites: dict[str, Site]) -> Iterator[Problem]:
    if not concentrator.proxy_arp:
        return
    if concentrator.interface is None and "interface" not in concentrator.unread:
        yield Problem(
            concentrator.where,
            "key proxy_arp",
            "found true without interface",
            "true with interface, or false",
            "name the interface of the way out, which is to answer for the public subnets",
        )
    for site in sites.values():
        for subnet in site.public_subnets:
            if subnet.version == 6:
                yield Problem(
                    site.where,
                    "key public_subnets",
                    f"found {subnet} with proxy_arp of {concentrator.where}",
                    "IPv4 subnets, with proxy_arp",
                    "have the provider route the IPv6 prefix to the concentrator, since ARP is of IPv4",
                )
