# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state of a gateway."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .bond_end import bond_end, leg_end
from .model import Link
from .names import ALIAS, CONCENTRATOR_CARRIER, gateway_carrier, gateway_leg, key_file
from .numbers import (
    BLACKHOLE_METRIC,
    MAIN_TABLE,
    RULE_AGGREGATE,
    RULE_CARRIER,
    RULE_LINK,
    RULE_MAIN,
    RULE_MARK,
    link_mark,
    link_table,
)
from .shapes import route_item, rule_item, wireguard_item
from .texts import gateway_nft, gateway_sysctl, networkd_network
from .wiring import CarrierWiring, PublicKeys, SiteWiring

KEEPALIVE_S = 15

DEFAULT_ROUTE = {4: "default", 6: "::/0"}
HOST_PREFIX = {4: 32, 6: 128}


def gateway_node(wiring: SiteWiring, public_keys: PublicKeys, learning: Collection[str]) -> dict[str, Any]:
    """The gateway's part of ``nodes``: arguments of modules and texts of files.

    ``learning`` are its interfaces that learn IPv6 from router advertisements.
    """
    far_key = public_keys.get(wiring.concentrator.host, {}).get(CONCENTRATOR_CARRIER)
    site = wiring.site
    links = [carrier.link for carrier in wiring.carriers]
    interfaces = [link.interface for link in links]
    return {
        "concentrator": wiring.concentrator.host,
        "key_interfaces": [gateway_carrier(link.name) for link in links],
        "tunnels": [
            *(_carrier(wiring, carrier, far_key) for carrier in wiring.carriers),
            *_legs(wiring),
        ],
        "bonds": list(_bonds(wiring)),
        "links": [_link(link) for link in links],
        "routes": [
            *(route for link in links for route in _link_routes(wiring, link)),
            *_aggregate_routes(wiring),
        ],
        "rules": [
            *(rule for carrier in wiring.carriers for rule in _link_rules(wiring, carrier)),
            *_common_rules(wiring),
        ],
        "nft": gateway_nft([bond.bond.name for bond in wiring.bonds], interfaces, wiring.concentrator.carrier_pool),
        "sysctl": gateway_sysctl(interfaces, site.versions, learning),
        "networkd": networkd_network([link.interface for link in links if link.address == "dhcp"], site.host),
    }


def _carrier(wiring: SiteWiring, carrier: CarrierWiring, far_key: str | None) -> dict[str, Any]:
    link, concentrator = carrier.link, wiring.concentrator
    address = f"[{concentrator.address}]" if concentrator.address.version == 6 else str(concentrator.address)
    return wireguard_item(
        gateway_carrier(link.name),
        mtu=carrier.mtu,
        addresses=[f"{carrier.gateway_address}/32"],
        listen_port=0,
        fwmark=link_mark(wiring.site.mark_base, link.link_id),
        private_key_file=key_file(gateway_carrier(link.name)),
        peers=[
            {
                "public_key": far_key,
                "endpoint": f"{address}:{concentrator.listen_port}",
                "allowed_ips": [f"{wiring.concentrator_carrier_address}/32"],
                "persistent_keepalive_s": KEEPALIVE_S,
            }
        ],
        alias=f"{ALIAS}carrier of link {link.name}",
    )


def _legs(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    for bond in wiring.bonds:
        for leg in bond.legs:
            link = leg.carrier.link
            yield leg_end(
                gateway_leg(bond.bond.bond_id, link.name),
                wiring,
                bond,
                leg,
                at_gateway=True,
                alias=f"{ALIAS}leg of link {link.name} in bond {bond.bond.name}",
            )


def _bonds(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    for bond in wiring.bonds:
        yield bond_end(
            bond.bond.name,
            wiring,
            bond,
            legs={leg.carrier.link.name: gateway_leg(bond.bond.bond_id, leg.carrier.link.name) for leg in bond.legs},
            at_gateway=True,
            alias=f"{ALIAS}bond {bond.bond.bond_id} to concentrator {wiring.concentrator.host}",
        )


def _link(link: Link) -> dict[str, Any]:
    return {"interface": link.interface, "addresses": [str(link.static)] if link.static else []}


def _link_routes(wiring: SiteWiring, link: Link) -> Iterator[dict[str, Any]]:
    """A link's own table, and its default route in the main table for when no bond is there (fail open)."""
    table, via = link_table(wiring.site.table_base, link.link_id), str(link.next_hop) if link.next_hop else "learn"
    version = wiring.concentrator.address.version
    yield route_item(DEFAULT_ROUTE[version], table=table, via=via, device=link.interface)
    yield route_item(f"{wiring.concentrator_carrier_address}/32", table=table, device=gateway_carrier(link.name))
    for blocked in sorted({4, version}):
        yield route_item(DEFAULT_ROUTE[blocked], table=table, metric=BLACKHOLE_METRIC, kind="blackhole")
    if link.address != "unmanaged":
        yield route_item(DEFAULT_ROUTE[version], table=MAIN_TABLE, via=via, device=link.interface, metric=table)


def _aggregate_routes(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    """The way out over the aggregate, for each IP version that it carries."""
    for subnet in wiring.aggregate.subnets:
        yield route_item(
            DEFAULT_ROUTE[subnet.version],
            table=wiring.site.table_base,
            via=str(subnet.concentrator),
            device=wiring.aggregate.bond.name,
        )


def _link_rules(wiring: SiteWiring, carrier: CarrierWiring) -> Iterator[dict[str, Any]]:
    site, link_id, static = wiring.site, carrier.link.link_id, carrier.link.static
    table, first = link_table(site.table_base, link_id), site.priority_base + link_id
    yield rule_item(first + RULE_MARK, table, fwmark=link_mark(site.mark_base, link_id), family=wiring.family)
    yield rule_item(first + RULE_CARRIER, table, source=f"{carrier.gateway_address}/32")
    if static is not None:
        source = f"{static.address}/{HOST_PREFIX[static.address.version]}"
        yield rule_item(first + RULE_LINK, table, source=source, family=wiring.family)


def _common_rules(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    """Whatever the main table knows better than its default routes, then the aggregate."""
    first = wiring.site.priority_base
    for version in wiring.site.versions:
        yield rule_item(first + RULE_MAIN, MAIN_TABLE, suppress_prefixlength=0, family=f"ipv{version}")
        yield rule_item(first + RULE_AGGREGATE, wiring.site.table_base, family=f"ipv{version}")
