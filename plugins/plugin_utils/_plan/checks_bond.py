# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of bonds: their links, and their options, which the kernel takes only with some modes."""

from __future__ import annotations

from collections.abc import Iterator

from .bonding import ONE_ACTIVE, OPTIONS, UNVALIDATED_BACKUP
from .model import Bond, Inventory, Site
from .problems import Problem, nearest


def check_bonds(inventory: Inventory) -> Iterator[Problem]:
    """A bond names links that exist, each once, one at least; its options go with its mode and each other."""
    for site in inventory.sites.values():
        known = [link.name for link in site.links if link.name]
        if site.alone:
            if site.bonds:
                found = f"found {len(site.bonds)}, without a concentrator for the other end"
                remedy = "remove it, or name a concentrator"
                yield Problem(site.where, "key bonds", found, "nothing, with `concentrator: none`", remedy)
        elif "bonds" not in site.unread and not site.bonds:
            remedy = "leave it out for one bond over all links"
            yield Problem(site.where, "key bonds", "found an empty list", "a list with one element at least", remedy)
        for bond in site.bonds:
            yield from _bond_links(bond, known) if known else ()
            yield from _options(bond)
            yield from _primary(bond, known)
            yield from _prefer(bond, known)
            yield from _watched(bond, site)


def _bond_links(bond: Bond, known: list[str]) -> Iterator[Problem]:
    allowed = ", ".join(known)
    if bond.links == () and "links" not in bond.unread:
        yield Problem(bond.where, "key links", "found an empty list", allowed, "name a link, or leave it out for all")
    seen = set()
    for name in bond.links or ():
        if name not in known:
            meant = nearest(name, known)
            remedy = f"did you mean {meant}?" if meant else "name links of this site"
            yield Problem(bond.where, "key links", f"found '{name}', which is no link", allowed, remedy)
        elif name in seen:
            yield Problem(bond.where, "key links", f"found '{name}' twice", "each link once", "remove one")
        seen.add(name)


def _options(bond: Bond) -> Iterator[Problem]:
    """Options of other modes, and options without the one that they need."""
    for option in OPTIONS:
        value = bond.options.get(option.name)
        if value is None:
            continue
        found = f"found {_shown(value)}"
        if bond.mode is not None and bond.mode not in option.modes:
            allowed = f"nothing, with mode {bond.mode}"
            remedy = f"remove it, or choose mode {' or '.join(option.modes)}"
            yield Problem(bond.where, f"key {option.name}", found, allowed, remedy)
        elif option.needs and not bond.options.get(option.needs) and option.needs not in bond.unread:
            allowed = f"nothing, without {option.needs}"
            yield Problem(
                bond.where, f"key {option.name}", found, allowed, f"remove it, or give {option.needs} as well"
            )


def _primary(bond: Bond, known: list[str]) -> Iterator[Problem]:
    """The primary is a link of the bond."""
    primary = bond.options.get("primary")
    links = [name for name in known if bond.links is None or name in bond.links]
    if primary is not None and links and primary not in links:
        meant = nearest(primary, links)
        remedy = f"did you mean {meant}?" if meant else "name a link of this bond"
        yield Problem(bond.where, "key primary", f"found '{primary}'", ", ".join(links), remedy)


def _prefer(bond: Bond, known: list[str]) -> Iterator[Problem]:
    """An order of links: links of the bond, each once, where one of them is the active one."""
    if bond.prefer is None:
        return
    key, found = "key prefer", f"found {', '.join(bond.prefer) or 'an empty list'}"
    if bond.mode is not None and bond.mode not in ONE_ACTIVE:
        remedy = f"remove it, or choose mode {' or '.join(ONE_ACTIVE)}"
        yield Problem(bond.where, key, found, f"nothing, with mode {bond.mode}, which uses all links", remedy)
    elif "primary" in bond.options:
        remedy = f"remove primary, and write {bond.options['primary']} first in prefer"
        yield Problem(bond.where, key, found, "one of primary and prefer", remedy)
    links = [name for name in known if bond.links is None or name in bond.links]
    for name in dict.fromkeys(bond.prefer):
        if links and name not in links:
            meant = nearest(name, links)
            remedy = f"did you mean {meant}?" if meant else "name links of this bond"
            yield Problem(bond.where, key, f"found '{name}'", ", ".join(links), remedy)
        elif bond.prefer.count(name) > 1:
            yield Problem(bond.where, key, f"found '{name}' twice", "each link once", "remove one")


def _watched(bond: Bond, site: Site) -> Iterator[Problem]:
    """IPv6 addresses can be watched only where the bond has one itself; legs that wait get no ARP to validate."""
    validate = bond.options.get("arp_validate")
    if bond.mode == "active-backup" and validate not in (None, *UNVALIDATED_BACKUP):
        allowed = f"{' or '.join(UNVALIDATED_BACKUP)}, with mode {bond.mode}"
        why = "on a leg that waits nothing comes that could be validated, and it would never count as up"
        yield Problem(bond.where, "key arp_validate", f"found '{validate}'", allowed, f"choose one of these: {why}")
    if "ns_ip6_target" in bond.options and 6 not in site.versions and "subnets" not in site.lan.unread:
        found = f"found {_shown(bond.options['ns_ip6_target'])}"
        remedy = "use arp_ip_target, or give the LAN an IPv6 subnet"
        yield Problem(bond.where, "key ns_ip6_target", found, "nothing, while the LAN has no IPv6", remedy)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else repr(value)
