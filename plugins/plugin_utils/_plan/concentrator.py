# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired state of a concentrator: the carriers' ends, then legs, a bond and routes for each site."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from .bond_end import bond_end, leg_end, weights_end
from .carrier import End, joined, late_interfaces
from .carriers import CARRIERS, DEFAULT
from .class_return import class_return, class_routes, class_rules
from .forwards import forwards
from .model import Concentrator
from .names import ALIAS, concentrator_bond
from .proxy import concentrator_proxy, with_congestion_control
from .qos import leg_tos
from .rates import concentrator_rates
from .shaping import classes_nft, concentrator_shapers
from .sites_apart import apart_sysctl, site_routes, site_rules, sites_apart
from .splitting import unsplit_tcp
from .texts import concentrator_nft, concentrator_sysctl, sealed
from .vxlan_guard import vxlan_guard
from .wiring import BondWiring, PublicKeys, SiteWiring


def concentrator_node(
    concentrator: Concentrator, wirings: Sequence[SiteWiring], public_keys: PublicKeys, learning: Collection[str]
) -> dict[str, Any]:
    """The concentrator's part of ``nodes``; ``wirings`` are its sites, by site_id.

    ``learning`` are its interfaces that learn IPv6 from router advertisements.
    """
    end = _carriers(concentrator, wirings, public_keys)
    proxy = concentrator_proxy(concentrator, wirings, end.interfaces, end.groups)
    bonds = [(wiring, bond) for wiring in wirings for bond in wiring.bonds]
    names = [concentrator_bond(wiring.site.site_id, bond.bond.bond_id) for wiring, bond in bonds]
    return {
        "concentrator": concentrator.host,
        "key_interfaces": list(end.key_interfaces),
        "certificates": list(end.certificates),
        "daemons": [*end.daemons, *proxy.daemons],
        "late_interfaces": late_interfaces(end.daemons),
        "tunnels": [*end.tunnels, *(leg for wiring, bond in bonds for leg in _legs(wiring, bond))],
        "bonds": [_bond(wiring, bond) for wiring, bond in bonds],
        "weights": [
            item
            for name, (_wiring, bond) in zip(names, bonds, strict=True)
            for item in weights_end(name, bond, at_gateway=False)
        ],
        "links": list(end.links),
        "routes": [
            *with_congestion_control(end.routes, wirings, at_gateway=False),
            *site_routes(concentrator, wirings),
            *class_routes(wirings),
        ],
        "rules": [*end.rules, *site_rules(concentrator, wirings), *class_rules(concentrator, wirings)],
        "shapers": concentrator_shapers(wirings),
        "rates": concentrator_rates(wirings),
        "nft": concentrator_nft(
            names,
            concentrator.interface,
            concentrator.carrier_pool,
            concentrator.masquerade_ipv6,
            end.interfaces,
            [
                unsplit_tcp(zip(names, (bond for _wiring, bond in bonds), strict=True)),
                *proxy.nft,
                *end.nft,
                vxlan_guard((bond for _wiring, bond in bonds), concentrator.vxlan_port, at_gateway=False),
                sites_apart(concentrator, wirings, sealed(end.interfaces)),
                forwards(concentrator, wirings),
                class_return(wirings),
                classes_nft(wirings),
            ],
        ),
        "names": {},
        "sysctl": concentrator_sysctl(
            {version for wiring in wirings for version in wiring.site.versions},
            learning,
            apart_sysctl(concentrator, wirings),
        )
        + proxy.sysctl,
        "mptcp": proxy.mptcp,
        "networkd": "",
    }


def _carriers(concentrator: Concentrator, wirings: Sequence[SiteWiring], public_keys: PublicKeys) -> End:
    """The ends of all carriers in use; of the default one also while nothing is."""
    used = [(wiring, carrier) for wiring in wirings for carrier in wiring.carriers]
    kinds = {carrier.kind.name for _wiring, carrier in used} or {DEFAULT}
    return joined(
        [
            kind.concentrator_end(concentrator, [pair for pair in used if pair[1].kind is kind], public_keys)
            for kind in CARRIERS.values()
            if kind.name in kinds
        ]
    )


def _legs(wiring: SiteWiring, bond: BondWiring) -> Iterator[dict[str, Any]]:
    for leg in bond.legs:
        if not leg.carrier.is_leg:
            alias = f"{ALIAS}leg of link {leg.carrier.link.name} of site {wiring.site.host}"
            end = leg_end(leg.concentrator_name, wiring, bond, leg, at_gateway=False, alias=alias)
            yield {**end, **leg_tos(wiring.site, end["kind"])}


def _bond(wiring: SiteWiring, bond: BondWiring) -> dict[str, Any]:
    site_id, bond_id = wiring.site.site_id, bond.bond.bond_id
    return bond_end(
        concentrator_bond(site_id, bond_id),
        wiring,
        bond,
        legs={leg.carrier.link.name: leg.concentrator_name for leg in bond.legs},
        at_gateway=False,
        alias=f"{ALIAS}bond {bond_id} to site {wiring.site.host}",
    )
