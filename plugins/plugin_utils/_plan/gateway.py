# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state of a gateway."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .bond_end import bond_end, leg_end, weights_end
from .carrier import End, joined, late_interfaces
from .model import Link
from .names import ALIAS
from .numbers import (
    BLACKHOLE_METRIC,
    HOST_PREFIX,
    MAIN_TABLE,
    RULE_AGGREGATE,
    RULE_LINK,
    RULE_MAIN,
    RULE_MARK,
    link_mark,
    link_table,
)
from .policies import gateway_ways, policy_routes, policy_rules, policy_sysctl
from .policy_names import names, names_daemon
from .policy_nft import policy_nft
from .pppoe import pppoe_daemons, standing_interfaces
from .proxy import gateway_proxy, with_congestion_control
from .qos import gateway_shapers, leg_tos
from .rates import gateway_rates
from .reach import host_routes
from .shapes import route_item, rule_item
from .splitting import unsplit_tcp
from .texts import gateway_nft, gateway_sysctl, networkd_network
from .vxlan_guard import vxlan_guard
from .watching import check_routes, link_item
from .wiring import PublicKeys, SiteWiring

DEFAULT_ROUTE = {4: "default", 6: "::/0"}


def gateway_node(wiring: SiteWiring, public_keys: PublicKeys, learning: Collection[str]) -> dict[str, Any]:
    """The gateway's part of ``nodes``: arguments of modules and texts of files.

    ``learning`` are its interfaces that learn IPv6 from router advertisements.
    """
    site = wiring.site
    ends = [carrier.kind.gateway_end(wiring, carrier, public_keys) for carrier in wiring.carriers]
    all_ends = joined(ends)
    links = [carrier.link for carrier in wiring.carriers]
    devices = [link.device for link in links]
    daemons = [*pppoe_daemons(links, site.host), *all_ends.daemons]
    ways = gateway_ways(wiring)
    proxy = gateway_proxy(wiring)
    spared = [*wiring.concentrator.all_addresses, *proxy.far]
    return {
        "concentrator": wiring.concentrator.host,
        "key_interfaces": list(all_ends.key_interfaces),
        "certificates": list(all_ends.certificates),
        "daemons": [*daemons, *names_daemon(site), *proxy.daemons],
        "late_interfaces": late_interfaces(daemons),
        "tunnels": [*all_ends.tunnels, *_legs(wiring)],
        "bonds": list(_bonds(wiring)),
        "weights": [item for bond in wiring.bonds for item in weights_end(bond.bond.name, bond, at_gateway=True)],
        "links": [*(link_item(site, link) for link in links), *all_ends.links],
        "routes": [
            *(route for link, end in zip(links, ends, strict=True) for route in _link_routes(wiring, link, end)),
            *host_routes(wiring),
            *_aggregate_routes(wiring),
            *policy_routes(site, ways),
            *proxy.routes,
        ],
        "rules": [
            *proxy.rules,
            *(rule for link, end in zip(links, ends, strict=True) for rule in _link_rules(wiring, link, end)),
            *policy_rules(site, ways),
            *_common_rules(wiring),
        ],
        "shapers": gateway_shapers(site, wiring.carriers, wiring.family),
        "rates": gateway_rates(wiring),
        "nft": gateway_nft(
            [bond.bond.name for bond in wiring.bonds],
            devices,
            wiring.concentrator.carrier_pool,
            [
                unsplit_tcp((bond.bond.name, bond) for bond in wiring.bonds),
                *all_ends.nft,
                vxlan_guard(wiring.bonds, wiring.concentrator.vxlan_port, at_gateway=True),
                policy_nft(site, ways, spared),
                *proxy.nft,
            ],
        ),
        "names": names(site),
        "sysctl": gateway_sysctl(standing_interfaces(links), site.versions, learning)
        + policy_sysctl(site, ways)
        + proxy.sysctl,
        "mptcp": proxy.mptcp,
        "networkd": networkd_network([link.interface for link in links if link.address == "dhcp"], site.host),
    }


def _legs(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    for bond in wiring.bonds:
        for leg in bond.legs:
            if not leg.carrier.is_leg:
                alias = f"{ALIAS}leg of link {leg.carrier.link.name} in bond {bond.bond.name}"
                end = leg_end(leg.name, wiring, bond, leg, at_gateway=True, alias=alias)
                yield {**end, **leg_tos(wiring.site, end["kind"])}


def _bonds(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    for bond in wiring.bonds:
        yield bond_end(
            bond.bond.name,
            wiring,
            bond,
            legs={leg.carrier.link.name: leg.name for leg in bond.legs},
            at_gateway=True,
            alias=f"{ALIAS}bond {bond.bond.bond_id} to concentrator {wiring.concentrator.host}",
        )


def _link_routes(wiring: SiteWiring, link: Link, end: End) -> Iterator[dict[str, Any]]:
    """A link's own table, and its default route in the main table for when no bond is there (fail open)."""
    table = link_table(wiring.site.table_base, link.link_id)
    version = wiring.concentrator.address.version
    yield route_item(DEFAULT_ROUTE[version], table=table, via=link.via, device=link.device)
    yield from check_routes(wiring.site, link)
    yield from with_congestion_control(end.routes, [wiring], at_gateway=True)
    for blocked in sorted({4, version}):
        yield route_item(DEFAULT_ROUTE[blocked], table=table, metric=BLACKHOLE_METRIC, kind="blackhole")
    if link.address != "unmanaged":
        yield route_item(DEFAULT_ROUTE[version], table=MAIN_TABLE, via=link.via, device=link.device, metric=table)


def _aggregate_routes(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    """The way out over the aggregate, for each IP version that it carries."""
    for subnet in wiring.aggregate.subnets:
        yield route_item(
            DEFAULT_ROUTE[subnet.version],
            table=wiring.site.table_base,
            via=str(subnet.concentrator),
            device=wiring.aggregate.bond.name,
        )


def _link_rules(wiring: SiteWiring, link: Link, end: End) -> Iterator[dict[str, Any]]:
    site, link_id, static = wiring.site, link.link_id, link.static
    table, first = link_table(site.table_base, link_id), site.priority_base + link_id
    yield rule_item(first + RULE_MARK, table, fwmark=link_mark(site.mark_base, link_id), family=wiring.family)
    yield from end.rules
    if static is not None:
        source = f"{static.address}/{HOST_PREFIX[static.address.version]}"
        yield rule_item(first + RULE_LINK, table, source=source, family=wiring.family)


def _common_rules(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    """Whatever the main table knows better than its default routes, then the aggregate."""
    first = wiring.site.priority_base
    for version in wiring.site.versions:
        yield rule_item(first + RULE_MAIN, MAIN_TABLE, suppress_prefixlength=0, family=f"ipv{version}")
        yield rule_item(first + RULE_AGGREGATE, wiring.site.table_base, family=f"ipv{version}")
