# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of address ranges: pools big enough, and nothing overlapping that a node must tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .checks_link import concentrator_of
from .deps import IPAddress, IPNetwork, iprange_to_cidrs
from .limits import MAX_BOND_ID, MAX_LINK_ID
from .model import Concentrator, Inventory, Site
from .numbers import (
    BOND_PREFIX,
    bond_addresses,
    bond_offset,
    carrier_address,
    carrier_offset,
    concentrator_carrier_address,
)
from .problems import Problem


@dataclass(frozen=True)
class Range:
    """A subnet and what it is for: ``where`` and ``key`` say what to change, ``what`` names it to people."""

    subnet: IPNetwork
    where: str
    key: str
    what: str
    shown: str = ""
    owner: str = ""


def check_addresses(inventory: Inventory) -> Iterator[Problem]:
    """Pools, LANs and modems' subnets, for each concentrator with its sites."""
    sites_of: dict[str, list[Site]] = {host: [] for host in inventory.concentrators}
    for site in inventory.sites.values():
        concentrator = concentrator_of(inventory, site)
        if concentrator is not None:
            sites_of[concentrator.host].append(site)
            found = _found(site)
            yield from _against_pools(_used(concentrator, site), found) if found else ()
        yield from _overlaps(_ranges_at_gateway(site))
        yield from _against_lans([*_lans(site), *_publics(site)], _found(site))
    for host, sites in sites_of.items():
        concentrator = inventory.concentrators[host]
        pools = _pools(concentrator)
        yield from _overlaps(pools)
        yield from _pool_sizes(concentrator, sites)
        lans = [lan for site in sites for lan in _lans(site)]
        publics = [public for site in sites for public in _publics(site)]
        yield from _concentrator_address(concentrator, [*pools, *lans, *publics])
        yield from _same_lan(concentrator, [lan for lan in lans if not _hidden(concentrator, lan.subnet)])
        yield from _taken_public(concentrator.where, lans, publics)
        modems = [modem for site in sites for modem in _modems(site)]
        yield from _against_pools(pools, [*lans, *publics, *modems])


def _pools(concentrator: Concentrator) -> list[Range]:
    pools = (
        ("carrier_pool", concentrator.carrier_pool),
        ("bond_pool", concentrator.bond_pool),
        ("bond_pool_ipv6", concentrator.bond_pool_ipv6),
    )
    where = concentrator.where
    return [Range(pool, where, f"key {key}", f"{key} of {where}") for key, pool in pools if pool is not None]


def _lans(site: Site) -> list[Range]:
    what = f"LAN of site {site.host}"
    return [Range(subnet, site.lan.where, "key subnets", what, owner=site.host) for subnet in site.lan.subnets]


def _publics(site: Site) -> list[Range]:
    what = f"public subnet of site {site.host}"
    return [Range(subnet, site.where, "key public_subnets", what, owner=site.host) for subnet in site.public_subnets]


def _modems(site: Site) -> list[Range]:
    return [
        Range(
            link.static.subnet,
            link.where,
            "key address",
            f"subnet of link {link.name} of site {site.host}",
            shown=str(link.static),
        )
        for link in site.links
        if link.static is not None
    ]


def _found(site: Site) -> list[Range]:
    """Subnets that links were given by others, as found on the node."""
    return [
        Range(address.subnet, link.where, "key address", "", shown=f"{address} on {link.device}")
        for link in site.links
        for address in link.found
    ]


def _used(concentrator: Concentrator, site: Site) -> list[Range]:
    """What a gateway itself uses of the pools: modems of others may well have addresses in the rest of them."""
    used: list[tuple[str, IPAddress, IPAddress]] = []
    if site.site_id is not None and concentrator.carrier_pool is not None:
        pool, far = concentrator.carrier_pool, concentrator_carrier_address(concentrator.carrier_pool)
        used.append(("carrier_pool", far, far))
        ends = (carrier_address(pool, site.site_id, number) for number in (0, MAX_LINK_ID))
        used.append(("carrier_pool", *ends))
    for key, pool in (("bond_pool", concentrator.bond_pool), ("bond_pool_ipv6", concentrator.bond_pool_ipv6)):
        if site.site_id is not None and pool is not None and pool.version in site.versions:
            ends = (bond_addresses(pool, site.site_id, number)[number > 0] for number in (0, MAX_BOND_ID))
            used.append((key, *ends))
    what = f"of {concentrator.where}, as far as site {site.host} uses it"
    return [
        Range(subnet, concentrator.where, f"key {key}", f"{key} {what}")
        for key, first, last in used
        for subnet in iprange_to_cidrs(first, last)
    ]


def _ranges_at_gateway(site: Site) -> list[Range]:
    """What a gateway must tell apart; links may share a subnet, so each of their subnets counts once."""
    modems = {modem.subnet: modem for modem in reversed(_modems(site))}
    return [*_lans(site), *_publics(site), *reversed(modems.values())]


def _overlaps(ranges: list[Range]) -> Iterator[Problem]:
    """One problem for each range that an earlier one of the list overlaps (a handful, so pair by pair)."""
    for index, this in enumerate(ranges):
        for other in ranges[:index]:
            both_links = this.key == other.key == "key address"
            if not both_links and _overlap(this.subnet, other.subnet):
                yield _overlap_problem(this, other)
                break


def _against_pools(pools: list[Range], ranges: list[Range]) -> Iterator[Problem]:
    """One problem for each range and pool; a pool may be given in several pieces."""
    for this in ranges:
        met: set[str] = set()
        for pool in pools:
            if pool.what not in met and _overlap(this.subnet, pool.subnet):
                met.add(pool.what)
                yield _overlap_problem(this, pool)


def _against_lans(lans: list[Range], found: list[Range]) -> Iterator[Problem]:
    """A modem that gives out the LAN's own subnet, as two devices in their makers' settings easily do."""
    for this in found:
        for lan in lans:
            if _overlap(this.subnet, lan.subnet):
                yield Problem(
                    this.where,
                    this.key,
                    f"found {this.shown}, which overlaps {lan.subnet}, {lan.what}",
                    "subnets that are apart",
                    "set another subnet in the modem, or renumber the LAN",
                )


def _hidden(concentrator: Concentrator, subnet: IPNetwork) -> bool:
    """Whether the concentrator hides a LAN behind its own address, so that another site can have the same."""
    if subnet.version == 4 or concentrator.masquerade_ipv6 in ("all", None):
        return True
    return concentrator.masquerade_ipv6 == "private" and int(subnet.first) >> 121 == 0xFC >> 1


def _same_lan(concentrator: Concentrator, lans: list[Range]) -> Iterator[Problem]:
    """Subnets that everybody sees can be at one site only."""
    for lan, other in _nested(lans):
        if lan.owner != other.owner:
            yield Problem(
                lan.where,
                lan.key,
                f"found {lan.subnet}, which overlaps {other.subnet}, {other.what} at the same {concentrator.where}",
                "an IPv6 subnet of its own for each site of a concentrator that does not hide it",
                f"renumber one of the two, or have {concentrator.where} hide such addresses (masquerade_ipv6)",
            )


def _taken_public(where: str, lans: list[Range], publics: list[Range]) -> Iterator[Problem]:
    """A public subnet is one site's only, and no other site's LAN."""
    for this, other in _nested([*lans, *publics]):
        if this.owner != other.owner and "key public_subnets" in (this.key, other.key):
            yield Problem(
                this.where,
                this.key,
                f"found {this.subnet}, which overlaps {other.subnet}, {other.what} at the same {where}",
                "subnets that are apart",
                "change one of the two, since packets to it could go to either site",
            )


def _nested(ranges: list[Range]) -> Iterator[tuple[Range, Range]]:
    """Each range that is within another, and the smallest around it: subnets nest or are apart, so a stack does, in
    n log n."""
    around: list[Range] = []
    for this in sorted(ranges, key=lambda one: (one.subnet.version, one.subnet.first, one.subnet.prefixlen)):
        while around and not _overlap(around[-1].subnet, this.subnet):
            around.pop()
        if around:
            yield this, around[-1]
        around.append(this)


def _pool_sizes(concentrator: Concentrator, sites: list[Site]) -> Iterator[Problem]:
    """The last address that each pool must hold, against its size."""
    numbered = [site for site in sites if site.site_id is not None]
    carriers = [
        (carrier_offset(site.site_id, link.link_id) + 1, site)
        for site in numbered
        for link in site.links
        if link.link_id is not None
    ]
    yield from _pool_size(concentrator, "carrier_pool", concentrator.carrier_pool, carriers)
    for key, pool in (("bond_pool", concentrator.bond_pool), ("bond_pool_ipv6", concentrator.bond_pool_ipv6)):
        version = 6 if key == "bond_pool_ipv6" else 4
        size = 1 << (32 if version == 4 else 128) - BOND_PREFIX[version]
        bonds = [
            (bond_offset(version, site.site_id, bond.bond_id) + size - 1, site)
            for site in numbered
            if version in site.versions
            for bond in site.bonds
            if bond.bond_id is not None
        ]
        yield from _pool_size(concentrator, key, pool, bonds)


def _pool_size(
    concentrator: Concentrator, key: str, pool: IPNetwork | None, needs: list[tuple[int, Site]]
) -> Iterator[Problem]:
    if pool is None or not needs:
        return
    last, site = max(needs, key=lambda need: need[0])
    if last > pool.last - pool.first:
        longest = (32 if pool.version == 4 else 128) - last.bit_length()
        yield Problem(
            concentrator.where,
            f"key {key}",
            f"found {pool}, too small for site {site.host} with its site_id {site.site_id}",
            f"prefix length {longest} or shorter",
            "give a larger pool, or the site a smaller site_id",
        )


def _concentrator_address(concentrator: Concentrator, ranges: list[Range]) -> Iterator[Problem]:
    """The way to the public address must not lead into a tunnel."""
    ways = [(address, this) for address in concentrator.all_addresses for this in ranges]
    for address, this in ways:
        if address in this.subnet:
            yield Problem(
                this.where,
                this.key,
                f"found {this.subnet}, in which the address {address} of {concentrator.where} lies",
                "a subnet without it",
                "change one of the two",
            )


def _overlap(one: IPNetwork, other: IPNetwork) -> bool:
    return one.version == other.version and one.first <= other.last and other.first <= one.last


def _overlap_problem(this: Range, other: Range) -> Problem:
    return Problem(
        this.where,
        this.key,
        f"found {this.shown or this.subnet}, which overlaps {other.subnet}, {other.what}",
        "subnets that are apart",
        "change one of the two",
    )
