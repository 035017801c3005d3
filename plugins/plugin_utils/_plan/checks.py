# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One object against another: what each key alone cannot tell. Every check takes the whole inventory.

Fields that could not be read are None and passed over; their problem has been noted by the reader.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .checks_address import check_addresses
from .checks_link import check_links
from .model import Bond, Inventory, Site
from .names import gateway_carrier, gateway_leg
from .problems import Problem, nearest


def check_inventory(inventory: Inventory) -> list[Problem]:
    """Every problem of the inventory that has been read, in the order of the checks."""
    return [problem for check in CHECKS for problem in check(inventory)]


def check_hosts(inventory: Inventory) -> Iterator[Problem]:
    """A gateway and a concentrator are different machines."""
    for host in inventory.sites:
        if host in inventory.concentrators:
            yield Problem(
                f"host {host}",
                "",
                "found in both groups, gateways and concentrators",
                "one of them",
                "take it out of one group",
            )


def check_site_ids(inventory: Inventory) -> Iterator[Problem]:
    """site_id is unique over all sites, whatever their concentrator."""
    yield from _duplicates(inventory.sites.values(), "site_id", lambda site: f"site {site.host}")


def check_concentrators(inventory: Inventory) -> Iterator[Problem]:
    """Each site's concentrator is there, and no two concentrators are at one address and port."""
    known = tuple(inventory.concentrators)
    for site in inventory.sites.values():
        if "concentrator" in site.unread or site.concentrator in known:
            continue
        if site.concentrator is not None:
            meant = nearest(site.concentrator, known)
            remedy = f"did you mean {meant}?" if meant else "put that host into group concentrators"
            found = f"found '{site.concentrator}'"
        elif len(known) != 1:
            found, remedy = "missing", "name one" if known else "add a host to group concentrators"
        else:
            continue
        allowed = f"a host of group concentrators ({', '.join(known) or 'which is empty'})"
        yield Problem(f"site {site.host}", "key concentrator", found, allowed, remedy)
    seen: dict[tuple[Any, Any], str] = {}
    for host, concentrator in inventory.concentrators.items():
        if concentrator.address is None or concentrator.listen_port is None:
            continue
        other = seen.setdefault((concentrator.address, concentrator.listen_port), host)
        if other != host:
            yield Problem(
                f"concentrator {host}",
                "key address",
                f"found {concentrator.address} port {concentrator.listen_port}, also that of {other}",
                "one concentrator at an address and port",
                "correct one of them",
            )


def check_uniqueness_within_sites(inventory: Inventory) -> Iterator[Problem]:
    """Names, ids, interfaces and static addresses of a site's links and bonds."""
    for site in inventory.sites.values():
        yield from _duplicates(
            site.links, "name", lambda link, host=site.host: f"site {host}, link {link.name}"
        )
        for attribute in ("link_id", "interface"):
            yield from _duplicates(
                site.links, attribute, lambda link, host=site.host: f"site {host}, link {link.name}"
            )
        for attribute in ("bond_id", "name"):
            yield from _duplicates(
                site.bonds, attribute, lambda bond, host=site.host: f"site {host}, bond {bond.bond_id}"
            )


def check_interface_names(inventory: Inventory) -> Iterator[Problem]:
    """The LAN is not a link, and no bond takes the name of another interface on the gateway."""
    for site in inventory.sites.values():
        links = {link.interface: f"interface of link {link.name}" for link in site.links if link.interface}
        if site.lan.interface in links:
            yield Problem(
                f"site {site.host}, lan",
                "key interface",
                f"found '{site.lan.interface}', which is the {links[site.lan.interface]}",
                "an interface that is no link",
                "name the LAN's own interface",
            )
        taken = dict(_interfaces_made(site), **links)
        if site.lan.interface:
            taken[site.lan.interface] = "interface of the LAN"
        for bond in site.bonds:
            if bond.name in taken:
                yield Problem(
                    f"site {site.host}, bond {bond.bond_id}",
                    "key name",
                    f"found '{bond.name}', which is the {taken[bond.name]}",
                    "a name that no other interface of the gateway has",
                    "choose another name, or leave it out for agg<bond_id>",
                )


def check_bond_links(inventory: Inventory) -> Iterator[Problem]:
    """A bond names links that exist, each once, one at least."""
    for site in inventory.sites.values():
        if "bonds" not in site.unread and not site.bonds:
            yield Problem(
                f"site {site.host}",
                "key bonds",
                "found an empty list",
                "a list with one element at least",
                "leave it out for one bond over all links",
            )
        known = [link.name for link in site.links if link.name]
        for bond in site.bonds:
            yield from _bond_links(site, bond, known)


def _bond_links(site: Site, bond: Bond, known: list[str]) -> Iterator[Problem]:
    where = f"site {site.host}, bond {bond.bond_id}"
    if bond.links == () and "links" not in bond.unread:
        yield Problem(
            where, "key links", "found an empty list", ", ".join(known), "name a link, or leave it out"
        )
    seen = set()
    for name in bond.links or ():
        if name not in known:
            meant = nearest(name, known)
            remedy = f"did you mean {meant}?" if meant else "name links of this site"
            yield Problem(where, "key links", f"found '{name}', which is no link", ", ".join(known), remedy)
        elif name in seen:
            yield Problem(where, "key links", f"found '{name}' twice", "each link once", "remove one")
        seen.add(name)


def _interfaces_made(site: Site) -> Iterator[tuple[str, str]]:
    for link in site.links:
        if link.name:
            yield gateway_carrier(link.name), f"carrier of link {link.name}"
            for bond in site.bonds:
                yield gateway_leg(bond.bond_id, link.name), f"leg of link {link.name} in bond {bond.bond_id}"


def _duplicates(objects: Iterable[Any], attribute: str, where: Callable[[Any], str]) -> Iterator[Problem]:
    """One problem for each object whose attribute an earlier one has; the first keeps it."""
    owners: dict[Any, list[Any]] = defaultdict(list)
    for item in objects:
        value = getattr(item, attribute)
        if value is not None:
            owners[value].append(item)
    for value, items in owners.items():
        for item in items[1:]:
            found = f"found {value!r}, which {where(items[0])} has too"
            if where(items[0]) == where(item):
                found = f"found {value!r} twice"
            yield Problem(
                where(item), f"key {attribute}", found, "a value of its own", "change one of the two"
            )


CHECKS: tuple[Callable[[Inventory], Iterable[Problem]], ...] = (
    check_hosts,
    check_site_ids,
    check_concentrators,
    check_uniqueness_within_sites,
    check_interface_names,
    check_bond_links,
    check_links,
    check_addresses,
)
