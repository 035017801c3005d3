# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a site and its concentrator are wired: the part of the plan that both ends must agree on.

Each end is rendered from this alone, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .budget import Budget, mtu_budget
from .carrier import Carrier, Use
from .carriers import CARRIERS
from .checks_link import concentrator_of, outer_family
from .deps import IPAddress
from .layers import Layer
from .leg_budget import leg_budget
from .model import Bond, Concentrator, Inventory, Link, Site
from .names import concentrator_leg, gateway_leg
from .numbers import BOND_PREFIX, bond_addresses, tunnel_id

# public_keys as the nodes reported them: {host: {interface: key}}
PublicKeys = Mapping[str, Mapping[str, str]]

LAN_MTU = 1500


@dataclass(frozen=True)
class CarrierWiring:
    """One carrier: the way over one link. Between its addresses run legs; None where it is its own leg."""

    link: Link
    kind: Carrier
    layer: Layer
    gateway_address: IPAddress | None
    concentrator_address: IPAddress | None
    interface: str | None
    concentrator_interface: str | None
    mtu: int

    @property
    def is_leg(self) -> bool:
        """Whether it is the bond's port itself."""
        return self.gateway_address is None


@dataclass(frozen=True)
class LegWiring:
    """One leg: a bond's Ethernet tunnel inside a carrier, or the carrier itself; its name at either end."""

    carrier: CarrierWiring
    tunnel_id: int
    name: str
    concentrator_name: str
    budget: Budget


@dataclass(frozen=True)
class BondSubnet:
    """The addresses of a bond's two ends, of one IP version."""

    version: int
    concentrator: IPAddress
    gateway: IPAddress

    def interface_address(self, address: IPAddress) -> str:
        """One of the two as an interface has it, e.g. ``10.200.0.34/30``."""
        return f"{address}/{BOND_PREFIX[self.version]}"


@dataclass(frozen=True)
class BondWiring:
    """One bond with its legs. All have the bond's MTU, since the kernel gives it to every port anyway.

    ``subnets``: one for each IP version that the site's bonds carry. ``fit``: the largest packet that no leg has to
    split, which is the bond's MTU unless splitting is allowed.
    """

    bond: Bond
    mtu: int
    fit: int
    subnets: tuple[BondSubnet, ...]
    legs: tuple[LegWiring, ...]


@dataclass(frozen=True)
class SiteWiring:
    """One site; carriers by link_id, bonds by bond_id, whatever their order in the inventory."""

    site: Site
    concentrator: Concentrator
    family: str
    carriers: tuple[CarrierWiring, ...]
    bonds: tuple[BondWiring, ...]

    @property
    def aggregate(self) -> BondWiring:
        """The bond that takes what no other rule takes: that of the lowest bond_id."""
        return self.bonds[0]

    def legs_of(self, carrier: CarrierWiring) -> Iterator[LegWiring]:
        """The legs in a carrier, of all bonds."""
        return (leg for bond in self.bonds for leg in bond.legs if leg.carrier is carrier)


def wire_site(site: Site, concentrator: Concentrator) -> SiteWiring:
    """Wire one site; depends on nothing but the site and its concentrator's own keys."""
    links = sorted(site.links, key=lambda link: link.link_id)
    carriers = tuple(_wire_carrier(link, site, concentrator) for link in links)
    bonds = sorted(site.bonds, key=lambda bond: bond.bond_id)
    return SiteWiring(
        site=site,
        concentrator=concentrator,
        family=outer_family(concentrator),
        carriers=carriers,
        bonds=tuple(_wire_bond(bond, site, concentrator, carriers) for bond in bonds),
    )


def _wire_carrier(link: Link, site: Site, concentrator: Concentrator) -> CarrierWiring:
    kind, options = CARRIERS[link.carrier], link.carrier_options
    layer = kind.layer(options)
    use = Use(site, link, concentrator, options)
    near, far = (None, None) if kind.is_leg(options) else kind.addresses(use)
    return CarrierWiring(
        link=link,
        kind=kind,
        layer=layer,
        gateway_address=near,
        concentrator_address=far,
        interface=kind.gateway_interface(link.name, options),
        concentrator_interface=kind.concentrator_interface(site.site_id, link.link_id, options),
        mtu=mtu_budget(
            link.mtu,
            layer,
            family=outer_family(concentrator),
            pppoe=link.address == "pppoe",
            far_mtu=concentrator.mtu,
        ).carrier_mtu,
    )


def _wire_bond(bond: Bond, site: Site, concentrator: Concentrator, carriers: tuple[CarrierWiring, ...]) -> BondWiring:
    members = {link.link_id for link in site.links_of(bond)}
    chosen = (carrier for carrier in carriers if carrier.link.link_id in members)
    legs = tuple(_wire_leg(bond, site, concentrator, carrier) for carrier in chosen)
    return BondWiring(
        bond=bond,
        mtu=bond_mtu(bond, fit := min(leg.budget.mtu for leg in legs)),
        fit=fit,
        subnets=tuple(_subnet(version, bond, site, concentrator) for version in site.versions),
        legs=legs,
    )


def _wire_leg(bond: Bond, site: Site, concentrator: Concentrator, carrier: CarrierWiring) -> LegWiring:
    """A carrier that is its own leg is the bond's port under its own name."""
    link, ids = carrier.link, (site.site_id, bond.bond_id, carrier.link.link_id)
    names = (gateway_leg(bond.bond_id, link.name), concentrator_leg(*ids))
    if carrier.is_leg:
        names = (carrier.interface, carrier.concentrator_interface)
    return LegWiring(
        carrier=carrier,
        tunnel_id=tunnel_id(*ids),
        name=names[0],
        concentrator_name=names[1],
        budget=leg_budget(bond.leg, link, concentrator),
    )


def bond_mtu(bond: Bond, fit: int) -> int:
    """A bond's MTU: what was given, else what fits, or with splitting allowed what every LAN has."""
    return bond.mtu or (fit if bond.fragment == "refuse" else max(fit, LAN_MTU))


def _subnet(version: int, bond: Bond, site: Site, concentrator: Concentrator) -> BondSubnet:
    pool = concentrator.bond_pool_ipv6 if version == 6 else concentrator.bond_pool
    far, near = bond_addresses(pool, site.site_id, bond.bond_id)
    return BondSubnet(version, concentrator=far, gateway=near)


def wire_inventory(inventory: Inventory) -> list[SiteWiring]:
    """Every site that has a concentrator, by site_id."""
    with_one = (site for site in inventory.sites.values() if not site.alone)
    sites = sorted(with_one, key=lambda site: site.site_id)
    return [wire_site(site, concentrator_of(inventory, site)) for site in sites]
