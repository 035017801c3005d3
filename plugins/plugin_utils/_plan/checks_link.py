# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of links: static addresses and next hops, families, MTU."""

from __future__ import annotations

from collections.abc import Iterator

from .budget import LEAST_MTU
from .leg_budget import leg_budget
from .model import Concentrator, Inventory, Link, Site
from .pppoe import check_pppoe
from .problems import Problem


def concentrator_of(inventory: Inventory, site: Site) -> Concentrator | None:
    """The concentrator of a site: the one it names, else the only one there is, else None."""
    if site.alone:
        return None
    if site.concentrator is not None:
        return inventory.concentrators.get(site.concentrator)
    if len(inventory.concentrators) == 1 and "concentrator" not in site.unread:
        return next(iter(inventory.concentrators.values()))
    return None


def sites_at(inventory: Inventory) -> dict[str, list[Site]]:
    """The sites of each concentrator, by its host."""
    sites: dict[str, list[Site]] = {host: [] for host in inventory.concentrators}
    for site in inventory.sites.values():
        concentrator = concentrator_of(inventory, site)
        if concentrator is not None:
            sites[concentrator.host].append(site)
    return sites


def outer_family(concentrator: Concentrator) -> str:
    """Family of the packets that carriers send over the links."""
    return f"ipv{concentrator.address.version}"


def check_links(inventory: Inventory) -> Iterator[Problem]:
    """Everything about each link by itself and with its concentrator."""
    for site in inventory.sites.values():
        concentrator = concentrator_of(inventory, site)
        seen: dict[object, str] = {}
        for link in site.links:
            where = link.where
            yield from _next_hop(link, where)
            yield from _address_taken(link, where, seen)
            known = concentrator is not None and concentrator.address is not None
            yield from check_pppoe(link, where, outer_family(concentrator) if known else None)
            if known:
                yield from _family(link, where, outer_family(concentrator))
                yield from _mtu(link, where, concentrator, site)


def _next_hop(link: Link, where: str) -> Iterator[Problem]:
    key = "key next_hop"
    if "next_hop" in link.unread or "address" in link.unread:
        return
    static, hop = link.static, link.next_hop
    if static is None:
        if hop is not None and link.address == "dhcp":
            yield Problem(where, key, f"found {hop}", "nothing, with address dhcp", "remove it; DHCP tells it")
        return
    allowed = f"an address within {static.subnet}"
    if hop is None:
        yield Problem(where, key, "missing", allowed, "a static address needs it: give the modem's own address")
    elif hop == static.address:
        yield Problem(where, key, f"found {hop}", allowed, "that is the link's own address; give the modem's")
    elif hop.version == 6 and static.address.version == 6 and hop.is_link_local():
        return
    elif hop not in static.subnet:
        yield Problem(where, key, f"found {hop}", allowed, "correct one of address and next_hop")


def _address_taken(link: Link, where: str, seen: dict[object, str]) -> Iterator[Problem]:
    if link.static is None:
        return
    other = seen.setdefault(link.static.address, str(link.name))
    if other != link.name:
        yield Problem(
            where,
            "key address",
            f"found {link.static}, also that of link {other}",
            "an address of its own (links may share the subnet)",
            "change one of the two",
        )


def _family(link: Link, where: str, family: str) -> Iterator[Problem]:
    version = family.removeprefix("ipv")
    if link.static is not None and f"ipv{link.static.address.version}" != family:
        yield Problem(
            where,
            "key address",
            f"found {link.static}",
            f"an IPv{version} address, as the concentrator's",
            "give such an address, or say unmanaged",
        )
    elif link.address == "dhcp" and family == "ipv6":
        yield Problem(
            where,
            "key address",
            "found 'dhcp'",
            "unmanaged, or a static IPv6 address, since the concentrator's is IPv6",
            "say unmanaged and let the system configure IPv6 on the interface",
        )
    elif link.static is None and link.next_hop is not None and f"ipv{link.next_hop.version}" != family:
        yield Problem(
            where,
            "key next_hop",
            f"found {link.next_hop}",
            f"an IPv{version} address, as the concentrator's",
            "give such an address, or leave it out",
        )


def _mtu(link: Link, where: str, concentrator: Concentrator, site: Site) -> Iterator[Problem]:
    if link.mtu is None or concentrator.mtu is None or link.carrier is None or None in link.carrier_options.values():
        return
    family = outer_family(concentrator)
    if family == "ipv6" and min(link.mtu, concentrator.mtu) < LEAST_MTU[family]:
        yield Problem(
            where,
            "key mtu",
            f"found {link.mtu} (the concentrator has {concentrator.mtu})",
            f"{LEAST_MTU[family]} or more, since the concentrator's address is IPv6",
            "correct it, or use an IPv4 address of the concentrator",
        )
        return
    inner = f"ipv{max(site.versions)}"
    used_by = [bond for bond in site.bonds if bond.leg and (bond.links is None or link.name in bond.links)]
    for leg in sorted({bond.leg for bond in used_by if bond.fragment != "allow"}):
        budget = leg_budget(leg, link, concentrator)
        if budget.mtu < LEAST_MTU[inner]:
            steps = ", ".join(f"{name} {size:+d}" for name, size in budget.layers)
            because = ", since the LAN has IPv6" if inner == "ipv6" else ""
            yield Problem(
                where,
                "key mtu",
                f"found {link.mtu}, which leaves {budget.mtu} for the bond ({steps})",
                f"what leaves {LEAST_MTU[inner]} or more{because}",
                "correct it, or leave the link out" + (", or the LAN's IPv6 subnets" if because else ""),
            )
