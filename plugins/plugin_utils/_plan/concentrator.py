# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state of a concentrator: one carrier interface, then legs, a bond and routes for each site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

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
from .numbers import BOND_PREFIX, MAIN_TABLE, concentrator_carrier_address
from .shapes import gretap_item, route_item, wireguard_item
from .texts import concentrator_nft, concentrator_sysctl
from .wiring import BondWiring, PublicKeys, SiteWiring


def concentrator_node(
    concentrator: Concentrator, wirings: Sequence[SiteWiring], public_keys: PublicKeys
) -> dict[str, Any]:
    """The concentrator's part of ``nodes``; ``wirings`` are its sites, by site_id."""
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
        "nft": concentrator_nft(names, concentrator.interface, concentrator.carrier_pool),
        "sysctl": concentrator_sysctl(),
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
        yield gretap_item(
            concentrator_leg(wiring.site.site_id, bond.bond.bond_id, link.link_id),
            local=wiring.concentrator_carrier_address,
            remote=leg.carrier.gateway_address,
            key=leg.tunnel_id,
            mtu=bond.mtu,
            alias=f"{ALIAS}leg of link {link.name} of site {wiring.site.host}",
        )


def _bond(wiring: SiteWiring, bond: BondWiring) -> dict[str, Any]:
    site_id, bond_id = wiring.site.site_id, bond.bond.bond_id
    return {
        "name": concentrator_bond(site_id, bond_id),
        "mode": bond.bond.mode,
        "xmit_hash_policy": bond.bond.xmit_hash_policy,
        "mtu": bond.mtu,
        "addresses": [f"{bond.concentrator_address}/{BOND_PREFIX}"],
        "ports": [concentrator_leg(site_id, bond_id, leg.carrier.link.link_id) for leg in bond.legs],
        "alias": f"{ALIAS}bond {bond_id} to site {wiring.site.host}",
    }


def _lan_routes(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    for subnet in sorted(wiring.site.lan.subnets):
        yield route_item(
            str(subnet),
            table=MAIN_TABLE,
            via=str(wiring.aggregate.gateway_address),
            device=concentrator_bond(wiring.site.site_id, wiring.aggregate.bond.bond_id),
        )
