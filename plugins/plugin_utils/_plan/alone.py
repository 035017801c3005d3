# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state of a gateway without a concentrator: its policies, and after them connections spread over all links."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from .carrier import late_interfaces
from .model import Link, Policy, PolicyMatch, Site
from .nft import Part, compose, interfaces_set
from .numbers import BLACKHOLE_METRIC, HOST_PREFIX, MAIN_TABLE, RULE_LINK, link_table
from .policies import DEFAULT, link_way, policy_routes, policy_rules, policy_sysctl
from .policy_keys import SPREAD
from .policy_names import names, names_daemon
from .policy_nft import policy_nft
from .pppoe import pppoe_daemons, standing_interfaces
from .qos import gateway_shapers
from .shapes import route_item, rule_item
from .texts import clamp, gateway_sysctl, networkd_network
from .watching import check_routes, check_rules, link_item

# What policies leave over.
ALL_ELSE = Policy(
    name="all-else",
    match=PolicyMatch(),
    via=(SPREAD,),
    weights=None,
    per="connection",
    otherwise="next",
    dscp=None,
)


def alone_node(site: Site, learning: Collection[str]) -> dict[str, Any]:
    """The gateway's part of ``nodes``, of the same shape as with a concentrator.

    ``learning`` are its interfaces that learn IPv6 from router advertisements.
    """
    site = replace(site, policies=(*site.policies, ALL_ELSE))
    links = sorted(site.links, key=lambda link: link.link_id)
    daemons = pppoe_daemons(links, site.host)
    ways = [link_way(link, 4) for link in links]
    own = Part(
        sets=(interfaces_set("links", [link.device for link in links]),),
        rules={"forward": clamp("links"), "postrouting": ("oifname @links masquerade",)},
    )
    versions = {*site.versions, *(version for way in ways for version in way.next_hops)}
    return {
        "concentrator": site.host,
        "key_interfaces": [],
        "certificates": [],
        "daemons": [*daemons, *names_daemon(site)],
        "late_interfaces": late_interfaces(daemons),
        "tunnels": [],
        "bonds": [],
        "weights": [],
        "links": [link_item(site, link) for link in links],
        "routes": [*(route for link in links for route in _link_routes(site, link)), *policy_routes(site, ways)],
        "rules": [*(rule for link in links for rule in _link_rules(site, link)), *policy_rules(site, ways)],
        "shapers": gateway_shapers(site),
        "rates": [],
        "nft": compose([own, policy_nft(site, ways, ())]),
        "names": names(site),
        "sysctl": gateway_sysctl(standing_interfaces(links), versions, learning) + policy_sysctl(site, ways),
        "mptcp": {"endpoints": [], "limits": None},
        "networkd": networkd_network([link.interface for link in links if link.address == "dhcp"], site.host),
    }


def explain_alone(site: Site) -> dict[str, Any]:
    """What was decided for the site, for people."""
    return {"site_id": site.site_id, "concentrator": None, "bonds": []}


def _link_routes(site: Site, link: Link) -> Iterator[dict[str, Any]]:
    """A link's own table, and its default route in the main table, for what no policy has a way for."""
    table = link_table(site.table_base, link.link_id)
    yield from check_routes(site, link)
    for version, via in link_way(link, 4).next_hops.items():
        yield route_item(DEFAULT[version], table=table, via=via, device=link.device)
        yield route_item(DEFAULT[version], table=table, metric=BLACKHOLE_METRIC, kind="blackhole")
        if link.address != "unmanaged":
            yield route_item(DEFAULT[version], table=MAIN_TABLE, via=via, device=link.device, metric=table)


def _link_rules(site: Site, link: Link) -> Iterator[dict[str, Any]]:
    """What comes from the link's own address leaves by the link, and so do pings that ask whether it works."""
    yield from check_rules(site, link)
    if link.static is not None:
        version = link.static.address.version
        yield rule_item(
            site.priority_base + RULE_LINK + link.link_id,
            link_table(site.table_base, link.link_id),
            source=f"{link.static.address}/{HOST_PREFIX[version]}",
            family=f"ipv{version}",
        )
