# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One object against another: what each key alone cannot tell. Every check takes the whole inventory.

Fields that could not be read are None and passed over; their problem has been noted by the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .carriers import CARRIERS, DEFAULT
from .checks_address import check_addresses
from .checks_bond import check_bonds
from .checks_carrier import check_carriers
from .checks_forwards import check_forwards
from .checks_fragment import check_fragment
from .checks_link import check_links
from .checks_numbers import check_numbers
from .checks_policies import check_policies
from .checks_proxy import check_proxy
from .checks_reach import check_reach
from .checks_relay import check_relay
from .checks_schedule import check_schedules
from .checks_sites import check_alone, check_reaches
from .checks_watching import check_watching
from .model import Inventory, Site
from .names import concentrator_bond, concentrator_leg, gateway_leg
from .problems import Problem, nearest
from .qos import check_qos
from .rates import check_rates
from .shaping import check_classes


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
    yield from _duplicates(inventory.sites.values(), "site_id")


def check_concentrators(inventory: Inventory) -> Iterator[Problem]:
    """Each site's concentrator is there, and no two concentrators are at one address and port."""
    known = tuple(inventory.concentrators)
    if not known and not (inventory.sites and all(site.alone for site in inventory.sites.values())):
        remedy = "add the server with the public address to it, or say `concentrator: none` for sites that have none"
        yield Problem("group concentrators", "", "found no host", "", remedy)
    for site in inventory.sites.values():
        if "concentrator" in site.unread or not known or site.alone:
            continue
        if site.concentrator is None and len(known) > 1:
            yield Problem(site.where, "key concentrator", "missing", ", ".join(known), "name one of them")
        elif site.concentrator is not None and site.concentrator not in known:
            meant = nearest(site.concentrator, known)
            remedy = f"did you mean {meant}?" if meant else "name a host of group concentrators"
            yield Problem(site.where, "key concentrator", f"found '{site.concentrator}'", ", ".join(known), remedy)
    seen: dict[tuple[Any, Any], str] = {}
    for concentrator in inventory.concentrators.values():
        for address in concentrator.all_addresses:
            place = (address, concentrator.listen_port)
            other = concentrator.host if None in place else seen.setdefault(place, concentrator.host)
            if other != concentrator.host:
                yield Problem(
                    concentrator.where,
                    "key address" if address == concentrator.address else "key addresses",
                    f"found {address} port {concentrator.listen_port}, also that of {other}",
                    "one concentrator at an address and port",
                    "correct one of them",
                )


def check_uniqueness_within_sites(inventory: Inventory) -> Iterator[Problem]:
    """Names, ids and interfaces of a site's links and bonds."""
    for site in inventory.sites.values():
        for attribute in ("name", "link_id", "interface"):
            yield from _duplicates(site.links, attribute)
        for attribute in ("bond_id", "name"):
            yield from _duplicates(site.bonds, attribute)


def check_interface_names(inventory: Inventory) -> Iterator[Problem]:
    """No two interfaces of a node with one name: those there are, and those that we make."""
    for concentrator in inventory.concentrators.values():
        if concentrator.interface is not None and _made_at_concentrator(inventory, concentrator.interface):
            found = f"found '{concentrator.interface}', which is one that is made here"
            allowed = "the interface of the way out"
            yield Problem(concentrator.where, "key interface", found, allowed, "name another, or leave it out")
    for site in inventory.sites.values():
        made = dict(_interfaces_made(site))
        links = {link.interface: f"the interface of link {link.name}" for link in site.links if link.interface}
        lan = {site.lan.interface: "the interface of the LAN"} if site.lan.interface else {}
        named = [
            *((link.where, "key interface", link.interface, made) for link in site.links),
            (site.lan.where, "key interface", site.lan.interface, {**made, **links}),
            *((bond.where, "key name", bond.name, {**made, **links, **lan}) for bond in site.bonds),
        ]
        for where, key, name, taken in named:
            if name in taken:
                found = f"found '{name}', which is {taken[name]}"
                yield Problem(where, key, found, "a name that no other interface has", "name another")


def _made_at_concentrator(inventory: Inventory, name: str) -> bool:
    """Whether it is one of ours; sites of all concentrators count, since they may move."""
    if name == CARRIERS[DEFAULT].concentrator_interface(0, 0, {}):
        return True
    return any(
        name == concentrator_bond(site.site_id, bond.bond_id)
        or name in (concentrator_leg(site.site_id, bond.bond_id, link.link_id) for link in site.links)
        for site in inventory.sites.values()
        for bond in site.bonds
    ) or any(
        name == CARRIERS[link.carrier].concentrator_interface(site.site_id, link.link_id, link.carrier_options)
        for site in inventory.sites.values()
        for link in site.links
        if link.carrier
    )


def _interfaces_made(site: Site) -> Iterator[tuple[str, str]]:
    for link in site.links:
        if link.name:
            if link.address == "pppoe":
                yield link.device, f"what link {link.name} is dialled with"
            carrier = (
                CARRIERS[link.carrier].gateway_interface(link.name, link.carrier_options) if link.carrier else None
            )
            if carrier:
                yield carrier, f"the carrier of link {link.name}"
            for bond in site.bonds:
                yield gateway_leg(bond.bond_id, link.name), f"the leg of link {link.name} in bond {bond.bond_id}"


def _duplicates(objects: Iterable[Any], attribute: str) -> Iterator[Problem]:
    """One problem for each object whose attribute an earlier one has; the first keeps it."""
    owners: dict[Any, tuple[int, str]] = {}
    for number, item in enumerate(objects, start=1):
        value = getattr(item, attribute)
        if value is None:
            continue
        first, owner = owners.setdefault(value, (number, item.where))
        if first == number:
            continue
        has = f"which {owner} has too" if owner != item.where else f"at numbers {first} and {number} of the list"
        yield Problem(item.where, f"key {attribute}", f"found {value!r}, {has}", "a value of its own", "change one")


CHECKS: tuple[Callable[[Inventory], Iterable[Problem]], ...] = (
    check_hosts,
    check_site_ids,
    check_concentrators,
    check_uniqueness_within_sites,
    check_interface_names,
    check_bonds,
    check_schedules,
    check_numbers,
    check_carriers,
    check_links,
    check_policies,
    check_proxy,
    check_relay,
    check_reach,
    check_watching,
    check_fragment,
    check_qos,
    check_rates,
    check_classes,
    check_addresses,
    check_alone,
    check_reaches,
    check_forwards,
)
