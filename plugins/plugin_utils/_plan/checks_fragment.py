# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of a bond's MTU against what its links carry, and against what it carries itself."""

from __future__ import annotations

from collections.abc import Iterator

from .budget import LEAST_MTU
from .carriers import CARRIERS
from .checks_link import concentrator_of, outer_family
from .leg_budget import leg_budget
from .model import Bond, Concentrator, Inventory, Link, Site
from .problems import Problem


def check_fragment(inventory: Inventory) -> Iterator[Problem]:
    """What a bond's legs can split, and an MTU that was given."""
    for site in inventory.sites.values():
        concentrator = concentrator_of(inventory, site)
        for bond in site.bonds:
            yield from _carries_ipv6(bond, site)
            if concentrator is None or concentrator.address is None or "fragment" in bond.unread:
                continue
            links = [link for link in site.links if link.carrier and (bond.links is None or link.name in bond.links)]
            if bond.fragment == "allow":
                yield from _can_split(bond, links, site, concentrator)
            elif bond.mtu is not None and None not in (concentrator.mtu, bond.leg):
                yield from _fits(bond, links, concentrator)


def _carries_ipv6(bond: Bond, site: Site) -> Iterator[Problem]:
    if bond.mtu is not None and 6 in site.versions and bond.mtu < LEAST_MTU["ipv6"]:
        allowed = f"{LEAST_MTU['ipv6']} or more, since the LAN has IPv6"
        yield Problem(bond.where, "key mtu", f"found {bond.mtu}", allowed, "correct it, or leave it out")


def _can_split(bond: Bond, links: list[Link], site: Site, concentrator: Concentrator) -> Iterator[Problem]:
    """gretap over IPv6 takes no packet that does not fit (net/ipv6/ip6_tunnel.c, ip6_tnl_xmit). vxlan takes IPv6
    packets only until it has learnt how much fits (seen on Linux 6.12: "packet too big" after the first one).
    """
    for link in links:
        kind = CARRIERS[link.carrier]
        reason = ""
        if kind.is_leg(link.carrier_options):
            reason = f"carrier {kind.name} of link {link.name} is the leg itself, and splits nothing"
        elif bond.leg == "gretap" and kind.inner_family(outer_family(concentrator)) == "ipv6":
            reason = f"gretap over IPv6, as with carrier {kind.name} of link {link.name}, splits nothing"
        elif bond.leg == "vxlan" and 6 in site.versions:
            reason = "the LAN has IPv6, whose packets vxlan does not split; gretap over IPv4 does"
        if reason:
            yield Problem(bond.where, "key fragment", "found 'allow'", "refuse", f"leave it out: {reason}")
            return


def _fits(bond: Bond, links: list[Link], concentrator: Concentrator) -> Iterator[Problem]:
    """What does not fit has to be split, which must be allowed."""
    fits = [(leg_budget(bond.leg, link, concentrator).mtu, link.name) for link in links if link.mtu is not None]
    least, name = min(fits, default=(bond.mtu, ""))
    if bond.mtu > least:
        yield Problem(
            bond.where,
            "key mtu",
            f"found {bond.mtu}, and link {name} leaves {least}",
            f"{least} or less",
            "correct it, leave it out, or let legs split packets with `fragment: allow`",
        )
