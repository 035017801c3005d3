# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gateway needs for its policies: a table for each way out, rules by the connections' marks, kernel parameters.

nftables (policy_nft.py) gives each new connection a mark with its choices. Each place of the mark has a rule priority,
and a way's table has its default route and nothing else: where that is gone, with its interface, its carrier, by a
check or since no leg of the bond is heard, the kernel goes on to the rule of the next choice by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .deps import IPAddress
from .model import Bond, Link, Policy, Site
from .numbers import MAIN_TABLE, RULE_POLICY, RULE_POLICY_DROP, RULE_POLICY_MAIN, drop_table, policy_table
from .policy_keys import DROP, MOST_CHOICES, SPREAD
from .policy_marks import bond_choice, drop_match, place_match
from .shapes import route_item, rule_item

if TYPE_CHECKING:
    from .wiring import SiteWiring

DEFAULT = {4: "default", 6: "::/0"}


@dataclass(frozen=True)
class Way:
    """One way out: its number among the choices, its interface, and its next hop (None: there is only one other end) by
    IP version. ``is_bond``: the agent sees whether it works, not the kernel."""

    choice: int
    interface: str
    next_hops: Mapping[int, str | None]
    is_bond: bool = False


def link_way(link: Link, version: int) -> Way:
    """A link by itself. ``version``: the IP version of a link of which the inventory does not tell it."""
    told = link.static.address if link.static else link.next_hop
    if told is not None:
        version = told.version
    elif link.address in ("dhcp", "pppoe"):
        version = 4
    return Way(link.link_id, link.device, {version: link.via})


def bond_way(bond: Bond, far_addresses: Iterable[IPAddress]) -> Way:
    """A bond, to the concentrator's addresses on it."""
    return Way(bond_choice(bond.bond_id), bond.name, {far.version: str(far) for far in far_addresses}, is_bond=True)


def gateway_ways(wiring: SiteWiring) -> tuple[Way, ...]:
    """What a site's policies can choose from; nothing where there are none."""
    version = wiring.concentrator.address.version
    ways = (
        *(link_way(carrier.link, version) for carrier in wiring.carriers),
        *(bond_way(bond.bond, [subnet.concentrator for subnet in bond.subnets]) for bond in wiring.bonds),
    )
    return ways if wiring.site.policies else ()


def policy_routes(site: Site, ways: Iterable[Way]) -> Iterator[dict[str, Any]]:
    """The tables of all ways, and the one without a way."""
    for way in ways:
        for version, hop in sorted(way.next_hops.items()):
            table = policy_table(site.table_base, way.choice)
            route = route_item(DEFAULT[version], table=table, via=hop, device=way.interface)
            mark, mask = place_match(0, way.choice)
            yield {**route, "give_way": True, "flow_mark": mark, "flow_mask": mask} if way.is_bond else route
    if _drops(site):
        for version in (4, 6):
            yield route_item(DEFAULT[version], table=drop_table(site.table_base), kind="prohibit")


def policy_rules(site: Site, ways: Sequence[Way]) -> Iterator[dict[str, Any]]:
    """What the main table knows better than its default routes, then the way in use, then each choice, then none."""
    if not site.policies:
        return
    for version in _versions(site):
        priority = site.priority_base + RULE_POLICY_MAIN
        yield rule_item(priority, MAIN_TABLE, suppress_prefixlength=0, family=f"ipv{version}")
    wanted = choices_by_place(site)
    for place in range(MOST_CHOICES + 1):
        for way in ways:
            if place and way.choice not in wanted[place]:
                continue
            for version in sorted(way.next_hops):
                match = place_match(place, way.choice)
                table = policy_table(site.table_base, way.choice)
                yield _by_mark(site.priority_base + RULE_POLICY + place, match, table, version)
    if _drops(site):
        for version in (4, 6):
            yield _by_mark(site.priority_base + RULE_POLICY_DROP, drop_match(), drop_table(site.table_base), version)


def _by_mark(priority: int, match: tuple[int, int], table: int, version: int) -> dict[str, Any]:
    mark, mask = match
    return {**rule_item(priority, table, fwmark=mark, family=f"ipv{version}"), "fwmask": mask}


def policy_sysctl(site: Site, ways: Iterable[Way]) -> str:
    """A link without a carrier is no way out: its routes are passed over (kernel, ip-sysctl.rst)."""
    links = {link.interface for link in site.links}
    return "".join(
        f"net.ipv{version}.conf.{way.interface.replace('.', '/')}.ignore_routes_with_linkdown = 1\n"
        for way in ways
        if way.interface in links
        for version in sorted(way.next_hops)
    )


def choices_by_place(site: Site) -> dict[int, set[int]]:
    """The choices that policies have, by their place in the mark."""
    found: dict[int, set[int]] = {place: set() for place in range(1, MOST_CHOICES + 1)}
    for policy in site.policies:
        if policy.via == (SPREAD,):
            spread = {choice for choice, weight in spread_weights(site, policy).items() if weight > 0}
            for place in range(1, min(MOST_CHOICES, len(spread)) + 1):
                found[place] |= spread
        else:
            for place, choice in enumerate(listed_choices(site, policy), start=1):
                found[place].add(choice)
    return found


def listed_choices(site: Site, policy: Policy) -> tuple[int, ...]:
    """The numbers of the links and bonds that a policy lists; none for ``drop``."""
    numbers: dict[str | int, int] = {bond.name: bond_choice(bond.bond_id) for bond in site.bonds}
    numbers |= {bond.bond_id: bond_choice(bond.bond_id) for bond in site.bonds}
    numbers |= {link.name: link.link_id for link in site.links}
    return () if policy.via == (DROP,) else tuple(numbers[one] for one in policy.via or ())


def spread_weights(site: Site, policy: Policy) -> dict[int, float]:
    """Weights by link_id: those given, else what each link carries towards the site, else all alike."""
    ids = {link.name: link.link_id for link in site.links}
    if policy.weights is not None:
        return {ids[name]: weight for name, weight in policy.weights}
    rates = {link.link_id: (link.rate or {}).get("down_mbit") for link in site.links}
    if all(rates.values()):
        return {link_id: float(rate or 0) for link_id, rate in rates.items()}
    return dict.fromkeys(rates, 1.0)


def _drops(site: Site) -> bool:
    return any(policy.via == (DROP,) or policy.otherwise == DROP for policy in site.policies)


def _versions(site: Site) -> tuple[int, ...]:
    told = {subnet.version for policy in site.policies for subnet in policy.match.subnets}
    told |= {address.version for link in site.links for address in (link.next_hop,) if address is not None}
    return (4, 6) if 6 in {*site.versions, *told} or _drops(site) else (4,)
