# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state of a concentrator: one carrier interface, then legs, a bond and routes for each site."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from .bond_end import bond_end, leg_end
from .budget import mtu_budget
from .checks_link import outer_family
from .model import Concentrator
from .names import (
    ALIAS,
    CONCENTRATOR_CARRIER,
    concentrator_bond,
    concentrator_leg,
    gateway_carrier,
    key_file,
)
from .numbers import MAIN_TABLE, concentrator_carrier_address
from .shapes import route_item, wireguard_item
from .texts import concentrator_nft, concentrator_sysctl
from .wiring import BondWiring, PublicKeys, SiteWiring


def concentrator_node(
    concentrator: Concentrator, wirings: Sequence[SiteWiring], public_keys: PublicKeys, learning: Collection[str]
) -> dict[str, Any]:
    """The concentrator's part of ``nodes``; ``wirings`` are its sites, by site_id.

    ``learning`` are its interfaces that learn IPv6 from router advertisements.
    """
    bonds = [(wiring, bond) for wiring in wirings for bond in wiring.bonds]
    names = [concentrator_bond(wiring.site.site_id, bond.bond.bond_id) for wiring, bond in bonds]
    return {
        "concentrator": concentrator.host,
        "key_interfaces": [CONCENTRATOR_CARRIER],
        "tunnels": [
            _carrier(concentrator, wirings, public_keys),
            *(leg for wiring, bond in bonds for leg in _legs(wiring, bond)),
        ],
        "bonds": [_bond(wiring, bond) for wiring, bond in bonds],
        "links": [],
        "routes": [route for wiring in wirings for route in _lan_routes(wiring)],
        "rules": [],
        "nft": concentrator_nft(names, concentrator.interface, concentrator.carrier_pool, concentrator.masquerade_ipv6),
        "sysctl": concentrator_sysctl({version for wiring in wirings for version in wiring.site.versions}, learning),
        "networkd": "",
    }


def _carrier(concentrator: Concentrator, wirings: Sequence[SiteWiring], public_keys: PublicKeys) -> dict[str, Any]:
    """Its MTU is that of the concentrator's own way out, so that no site changes it for the others."""
    pool = concentrator.carrier_pool
    budget = mtu_budget(concentrator.mtu, family=outer_family(concentrator), far_mtu=concentrator.mtu)
    return wireguard_item(
        CONCENTRATOR_CARRIER,
        mtu=budget.carrier_mtu,
        addresses=[f"{concentrator_carrier_address(pool)}/{pool.prefixlen}"],
        listen_port=concentrator.listen_port,
        fwmark=0,
        private_key_file=key_file(CONCENTRATOR_CARRIER),
        peers=[
            {
                "public_key": public_keys.get(wiring.site.host, {}).get(gateway_carrier(carrier.link.name)),
                "endpoint": None,
                "allowed_ips": [f"{carrier.gateway_address}/32"],
                "persistent_keepalive_s": 0,
            }
            for wiring in wirings
            for carrier in wiring.carriers
        ],
        alias=f"{ALIAS}carriers of all sites",
    )


def _legs(wiring: SiteWiring, bond: BondWiring) -> Iterator[dict[str, Any]]:
    for leg in bond.legs:
        link = leg.carrier.link
        yield leg_end(
            concentrator_leg(wiring.site.site_id, bond.bond.bond_id, link.link_id),
            wiring,
            bond,
            leg,
            at_gateway=False,
            alias=f"{ALIAS}leg of link {link.name} of site {wiring.site.host}",
        )


def _bond(wiring: SiteWiring, bond: BondWiring) -> dict[str, Any]:
    site_id, bond_id = wiring.site.site_id, bond.bond.bond_id
    links = [leg.carrier.link for leg in bond.legs]
    return bond_end(
        concentrator_bond(site_id, bond_id),
        wiring,
        bond,
        legs={link.name: concentrator_leg(site_id, bond_id, link.link_id) for link in links},
        at_gateway=False,
        alias=f"{ALIAS}bond {bond_id} to site {wiring.site.host}",
    )


def _lan_routes(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    gateway = {subnet.version: subnet.gateway for subnet in wiring.aggregate.subnets}
    for lan in sorted(wiring.site.lan.subnets):
        yield route_item(
            str(lan),
            table=MAIN_TABLE,
            via=str(gateway[lan.version]),
            device=concentrator_bond(wiring.site.site_id, wiring.aggregate.bond.bond_id),
        )
