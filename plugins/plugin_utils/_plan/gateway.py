# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state of a gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .model import Link
from .names import ALIAS, CONCENTRATOR_CARRIER, gateway_carrier, gateway_leg, key_file
from .numbers import (
    BLACKHOLE_METRIC,
    BOND_PREFIX,
    MAIN_TABLE,
    PRIORITY_AGGREGATE,
    PRIORITY_CARRIER,
    PRIORITY_LINK,
    PRIORITY_MAIN,
    PRIORITY_MARK,
    TABLE_BASE,
    link_mark,
    link_table,
)
from .shapes import gretap_item, route_item, rule_item, wireguard_item
from .texts import gateway_nft, gateway_sysctl, networkd_network
from .wiring import CarrierWiring, PublicKeys, SiteWiring

KEEPALIVE_S = 15

DEFAULT_ROUTE = {"ipv4": "default", "ipv6": "::/0"}
HOST_PREFIX = {4: 32, 6: 128}


def gateway_node(wiring: SiteWiring, public_keys: PublicKeys) -> dict[str, Any]:
    """The gateway's part of ``nodes``: arguments of modules and texts of files."""
    far_key = public_keys.get(wiring.concentrator.host, {}).get(CONCENTRATOR_CARRIER)
    site = wiring.site
    links = [carrier.link for carrier in wiring.carriers]
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
            route_item(
                "default",
                table=TABLE_BASE,
                via=str(wiring.aggregate.concentrator_address),
                device=wiring.aggregate.bond.name,
            ),
        ],
        "rules": [
            *(rule for carrier in wiring.carriers for rule in _link_rules(wiring, carrier)),
            *_common_rules(),
        ],
        "nft": gateway_nft(
            [bond.bond.name for bond in wiring.bonds],
            [link.interface for link in links],
            wiring.concentrator.carrier_pool,
        ),
        "sysctl": gateway_sysctl([link.interface for link in links]),
        "networkd": networkd_network([link.interface for link in links if link.address == "dhcp"], site.host),
    }


def _carrier(wiring: SiteWiring, carrier: CarrierWiring, far_key: str | None) -> dict[str, Any]:
    link, concentrator = carrier.link, wiring.concentrator
    address = f"[{concentrator.address}]" if concentrator.address.version == 6 else str(concentrator.address)
    return wireguard_item(
        gateway_carrier(link.name),
        mtu=carrier.budget.carrier_mtu,
        addresses=[f"{carrier.gateway_address}/32"],
        listen_port=0,
        fwmark=link_mark(link.link_id),
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
            name = leg.carrier.link.name
            yield gretap_item(
                gateway_leg(bond.bond.bond_id, name),
                local=leg.carrier.gateway_address,
                remote=wiring.concentrator_carrier_address,
                key=leg.tunnel_id,
                mtu=bond.mtu,
                alias=f"{ALIAS}leg of link {name} in bond {bond.bond.name}",
            )


def _bonds(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    for bond in wiring.bonds:
        yield {
            "name": bond.bond.name,
            "mode": bond.bond.mode,
            "xmit_hash_policy": bond.bond.xmit_hash_policy,
            "mtu": bond.mtu,
            "addresses": [f"{bond.gateway_address}/{BOND_PREFIX}"],
            "ports": [gateway_leg(bond.bond.bond_id, leg.carrier.link.name) for leg in bond.legs],
            "alias": f"{ALIAS}bond {bond.bond.bond_id} to concentrator {wiring.concentrator.host}",
        }


def _link(link: Link) -> dict[str, Any]:
    return {"interface": link.interface, "addresses": [str(link.static)] if link.static else []}


def _link_routes(wiring: SiteWiring, link: Link) -> Iterator[dict[str, Any]]:
    """A link's own table, and its default route in the main table for when no bond is there (fail open)."""
    table, via = link_table(link.link_id), str(link.next_hop) if link.next_hop else "learn"
    anywhere = DEFAULT_ROUTE[wiring.family]
    yield route_item(anywhere, table=table, via=via, device=link.interface)
    yield route_item(f"{wiring.concentrator_carrier_address}/32", table=table, device=gateway_carrier(link.name))
    for family in sorted({"ipv4", wiring.family}):
        yield route_item(DEFAULT_ROUTE[family], table=table, metric=BLACKHOLE_METRIC, kind="blackhole")
    if link.address != "unmanaged":
        yield route_item(anywhere, table=MAIN_TABLE, via=via, device=link.interface, metric=table)


def _link_rules(wiring: SiteWiring, carrier: CarrierWiring) -> Iterator[dict[str, Any]]:
    link_id, static = carrier.link.link_id, carrier.link.static
    table = link_table(link_id)
    yield rule_item(PRIORITY_MARK + link_id, table, fwmark=link_mark(link_id), family=wiring.family)
    yield rule_item(PRIORITY_CARRIER + link_id, table, source=f"{carrier.gateway_address}/32")
    if static is not None:
        source = f"{static.address}/{HOST_PREFIX[static.address.version]}"
        yield rule_item(PRIORITY_LINK + link_id, table, source=source, family=wiring.family)


def _common_rules() -> Iterator[dict[str, Any]]:
    """Whatever the main table knows better than its default routes, then the aggregate."""
    yield rule_item(PRIORITY_MAIN, MAIN_TABLE, suppress_prefixlength=0)
    yield rule_item(PRIORITY_AGGREGATE, TABLE_BASE)
