# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps the sites of a concentrator apart, and finds the right one where their LANs have the same subnets.

Connections from a site are tracked in a zone of its own, in their own direction only (``ct original zone``), so that
the same addresses and ports at two sites are two connections; answers come to the one address that NAT gave them, and
their connection's zone names the site. Only sites that share a subnet have a table, a mark and a rule: a rule costs
every packet about 5 ns, whose table would do nothing for the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .deps import IPNetwork
from .model import Concentrator
from .names import concentrator_bond
from .nft import Part, by_last_character, nft_set
from .numbers import MAIN_TABLE, site_mark, site_table
from .shapes import route_item, rule_item
from .shared_lans import shared_versions
from .wiring import SiteWiring

# Addresses that nobody out there can have (RFC 1918, 6598, 3927, 4193); services on others are as open to sites as
# to everyone.
PRIVATE = {
    4: ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    6: ("fc00::/7", "fe80::/10"),
}
# Where clouds tell a machine its secrets.
_LINK_LOCAL = "169.254.0.0/16"
_IP = {4: "ip", 6: "ip6"}
_PUBLIC = {4: "public_subnets", 6: "public_subnets_ipv6"}


def bonds_of(wiring: SiteWiring) -> list[str]:
    """Names of a site's bonds at the concentrator."""
    return [concentrator_bond(wiring.site.site_id, bond.bond.bond_id) for bond in wiring.bonds]


def apart_marks(concentrator: Concentrator, wirings: Sequence[SiteWiring]) -> dict[int, int]:
    """``{site_id: mark}`` of the sites that share a subnet."""
    shared = shared_versions(wiring.site for wiring in wirings)
    ids = [wiring.site.site_id for wiring in wirings if wiring.site.host in shared]
    return {site_id: site_mark(concentrator.mark_base, site_id) for site_id in ids}


def site_routes(concentrator: Concentrator, wirings: Sequence[SiteWiring]) -> Iterator[dict[str, Any]]:
    """The way to each LAN: in the main table, or in the site's own where another site has the same."""
    shared = shared_versions(wiring.site for wiring in wirings)
    for wiring in wirings:
        site = wiring.site
        gateway = {subnet.version: subnet.gateway for subnet in wiring.aggregate.subnets}
        own = site_table(concentrator.table_base, site.site_id)
        tables = [(lan, own if lan.version in shared.get(site.host, ()) else MAIN_TABLE) for lan in site.lan.subnets]
        for subnet, table in sorted([*tables, *((public, MAIN_TABLE) for public in site.public_subnets)]):
            device = concentrator_bond(site.site_id, wiring.aggregate.bond.bond_id)
            yield route_item(str(subnet), table=table, via=str(gateway[subnet.version]), device=device)


def site_rules(concentrator: Concentrator, wirings: Sequence[SiteWiring]) -> Iterator[dict[str, Any]]:
    """Marks lead to the tables of sites; all have one priority, since no two select the same."""
    shared = shared_versions(wiring.site for wiring in wirings)
    for wiring in wirings:
        site_id = wiring.site.site_id
        for version in sorted(shared.get(wiring.site.host, ())):
            yield rule_item(
                concentrator.priority_base,
                site_table(concentrator.table_base, site_id),
                fwmark=site_mark(concentrator.mark_base, site_id),
                family=f"ipv{version}",
            )


def apart_sysctl(concentrator: Concentrator, wirings: Sequence[SiteWiring]) -> list[tuple[str, int]]:
    """What is said to a site goes where its packet came from: errors of this very node, and a strict check of sources.

    With proxy_arp the node answers for subnets that the provider takes to be on its own wire.
    """
    settings = []
    if apart_marks(concentrator, wirings):
        settings = [
            ("net.ipv4.conf.all.src_valid_mark", 1),
            ("net.ipv4.fwmark_reflect", 1),
            ("net.ipv6.fwmark_reflect", 1),
        ]
    if concentrator.proxy_arp and any(wiring.site.public_subnets for wiring in wirings):
        settings.append((f"net.ipv4.conf.{concentrator.interface.replace('.', '/')}.proxy_arp", 1))
    return settings


def sites_apart(concentrator: Concentrator, wirings: Sequence[SiteWiring], carriers: str) -> Part:
    """The rules; nothing without a site. ``carriers``: their interfaces in nft's words, see texts.sealed."""
    if not wirings:
        return Part()
    marks = apart_marks(concentrator, wirings)
    public = _public(wirings)
    by_zone = "ct direction reply meta mark set ct original zone map @shared_zones"
    return Part(
        sets=(*_sets(wirings, marks), *_reaching(wirings), *_public_sets(public)),
        rules={
            "raw": (
                "iifname @bonds ct original zone set iifname map @zones",
                "iifname @bonds iifname . ip saddr != @sources drop",
                "iifname @bonds ip6 saddr != { ::, fe80::/10 } iifname . ip6 saddr != @sources_ipv6 drop",
            ),
            "prerouting": ("meta mark set iifname map @shared_bonds", by_zone) if marks else (),
            "input": (*_from_sites(concentrator), *_from_carriers(concentrator, wirings, carriers)),
            "forward": tuple(_past(concentrator, wirings, public)),
            "output": (by_zone,) if marks else (),
            "postrouting": tuple(_without_nat(public)),
        },
    )


def _sets(wirings: Sequence[SiteWiring], marks: Mapping[int, int]) -> Iterator[str]:
    """Zones of all sites, so that none loses its connections when another one with the same LAN comes."""
    zones = {name: wiring.site.site_id for wiring in wirings for name in bonds_of(wiring)}
    names = sorted(zones, key=by_last_character)
    yield nft_set(
        "zones", "iifname : ct zone", (f'"{name}" : {zones[name]}' for name in names), what="map", typeof=True
    )
    for name, kind, version in (("sources", "ipv4_addr", 4), ("sources_ipv6", "ipv6_addr", 6)):
        elements = [f'"{bond}" . {source}' for bond, source in _sources(wirings, version)]
        yield nft_set(name, f"ifname . {kind}", elements, flags="interval")
    if marks:
        bonds = (f'"{name}" : {marks[zones[name]]:#010x}' for name in names if zones[name] in marks)
        yield nft_set("shared_bonds", "ifname : mark", bonds, what="map")
        by_zone = (f"{site_id} : {mark:#010x}" for site_id, mark in marks.items())
        yield nft_set("shared_zones", "ct original zone : meta mark", by_zone, what="map", typeof=True)


def _sources(wirings: Sequence[SiteWiring], version: int) -> Iterator[tuple[str, object]]:
    """What a site may send over each of its bonds: from its LAN, its public subnets, its own ends of bonds."""
    for wiring in wirings:
        networks = (*wiring.site.lan.subnets, *wiring.site.public_subnets)
        ends = [end.gateway for bond in wiring.bonds for end in bond.subnets if end.version == version]
        for bond in bonds_of(wiring):
            for source in (*sorted(network for network in networks if network.version == version), *ends):
                yield bond, source


def _reaching(wirings: Sequence[SiteWiring]) -> Iterator[str]:
    """Pairs of bonds: from which to which a site may open connections to another."""
    bonds = {wiring.site.host: bonds_of(wiring) for wiring in wirings}
    pairs = [
        f'"{near}" . "{far}"'
        for wiring in wirings
        for other in sorted(wiring.site.reaches)
        for near in bonds_of(wiring)
        for far in bonds[other]
    ]
    if pairs:
        yield nft_set("reaching", "ifname . ifname", pairs)


def _public(wirings: Sequence[SiteWiring]) -> dict[int, list[IPNetwork]]:
    subnets = sorted(subnet for wiring in wirings for subnet in wiring.site.public_subnets)
    by_version = {version: [subnet for subnet in subnets if subnet.version == version] for version in (4, 6)}
    return {version: some for version, some in by_version.items() if some}


def _public_sets(public: Mapping[int, Sequence[IPNetwork]]) -> Iterator[str]:
    for version, subnets in public.items():
        yield nft_set(_PUBLIC[version], f"ipv{version}_addr", map(str, subnets), flags="interval")


def _from_sites(concentrator: Concentrator) -> Iterator[str]:
    """What a site gets of the concentrator itself: answers, pings of its own end, and what is public anyway."""
    yield "iifname @bonds ct state established,related accept"
    yield "iifname @bonds icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
    yield "iifname @bonds fib daddr . iif type local icmp type echo-request accept"
    yield "iifname @bonds fib daddr . iif type local icmpv6 type echo-request accept"
    for service in sorted(concentrator.services, key=lambda service: (service.protocol, service.port)):
        first, last = service.port
        port = f"{first}-{last}" if last > first else str(first)
        which = "meta l4proto { tcp, udp } th" if service.protocol == "both" else service.protocol
        yield f"iifname @bonds fib daddr . iif type local {which} dport {port} accept"
    for address in concentrator.all_addresses:
        yield f"iifname @bonds {_IP[address.version]} daddr {address} accept"
    pools = {4: (concentrator.carrier_pool, concentrator.bond_pool), 6: (concentrator.bond_pool_ipv6,)}
    for version in (4, 6):
        others = (str(pool) for pool in pools[version] if not _within(pool, PRIVATE[version]))
        closed = ", ".join([*PRIVATE[version], *others])
        yield f"iifname @bonds {_IP[version]} daddr != {{ {closed} }} fib daddr type local accept"
    yield "iifname @bonds drop"


def _within(network: IPNetwork, others: Iterable[str]) -> bool:
    return any(network in IPNetwork(other) for other in others)


def _from_carriers(concentrator: Concentrator, wirings: Iterable[SiteWiring], carriers: str) -> Iterator[str]:
    """Carriers are for legs; a gateway can send anything into them, with addresses of its own. And nobody else can.

    Those without an interface of their own (sessions of PPTP) have said before what may come out of them.
    """
    pool = concentrator.carrier_pool
    ends = {carrier.concentrator_address for wiring in wirings for carrier in wiring.carriers}
    if any(end.version == pool.version and end in pool for end in ends if end is not None):
        inside = f"iifname != {carriers} " if carriers else ""
        yield f'ip daddr {pool} {inside}iifname != "lo" drop'
    if carriers:
        yield f"iifname {carriers} ct state established,related accept"
        yield f"iifname {carriers} meta l4proto gre accept"
        yield f"iifname {carriers} icmp type echo-request accept"
        yield f"iifname {carriers} drop"


def _past(
    concentrator: Concentrator, wirings: Sequence[SiteWiring], public: Mapping[int, Sequence[IPNetwork]]
) -> Iterator[str]:
    """Between sites, and from outside into them, what was said in the inventory and nothing else."""
    yield f"iifname @bonds ip daddr {_LINK_LOCAL} drop"
    yield "ct status dnat accept"
    for version in public:
        ip = _IP[version]
        yield f"{ip} daddr @{_PUBLIC[version]} accept"
        yield f"iifname @bonds oifname @bonds ct direction reply {ip} saddr @{_PUBLIC[version]} accept"
    if any(wiring.site.reaches for wiring in wirings):
        yield "iifname . oifname @reaching accept"
        yield "ct direction reply oifname . iifname @reaching accept"
    for version, whose in ((4, ""), (6, "ip6 daddr fc00::/7 ")):
        ip = _IP[version]
        outside = f'iifname "{concentrator.interface}" ' if concentrator.interface else "iifname != @bonds "
        strange = "" if concentrator.interface else f"{ip} saddr != {{ {', '.join(PRIVATE[version])} }} "
        family = "" if whose or strange else "meta nfproto ipv4 "
        yield f"{outside}oifname @bonds ct state new {family}{strange}{whose}drop"


def _without_nat(public: Mapping[int, Sequence[IPNetwork]]) -> Iterator[str]:
    """Whoever comes from a site to a forward or a public subnet of a site has to come back this way."""
    yield "iifname @bonds oifname @bonds ct status dnat masquerade"
    for version in public:
        ip, name = _IP[version], _PUBLIC[version]
        yield f"{ip} saddr @{name} accept"
        yield f"iifname @bonds oifname @bonds {ip} daddr @{name} masquerade"
