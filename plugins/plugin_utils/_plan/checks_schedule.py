# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of how a bond shares packets out: modes that can, a weight for each link, and one above 0."""

from __future__ import annotations

from collections.abc import Iterator

from .limits import MAX_SITE_ID
from .model import Bond, Inventory, Link, Site
from .problems import Problem, nearest
from .schedule import BUCKET_MARKS, BY_MODE, MOST_LEGS, QUEUE_MODES, RATES, is_weighted, weights_of


def check_schedules(inventory: Inventory) -> Iterator[Problem]:
    """Each bond with its site, and the concentrators' marks."""
    for site in inventory.sites.values():
        for bond in site.bonds:
            yield from _weights(bond, site)
            if is_weighted(bond):
                yield from _mode(bond)
                yield from _legs(bond, site)
    dealt = [bond for site in inventory.sites.values() for bond in site.bonds if bond.schedule == "flow"]
    for concentrator in inventory.concentrators.values() if dealt else ():
        first = concentrator.mark_base
        if first is not None and first <= BUCKET_MARKS[-1] and first + MAX_SITE_ID >= BUCKET_MARKS[0]:
            found = f"found {first}, and so marks {first} to {first + MAX_SITE_ID}"
            outside = f"a number outside {BUCKET_MARKS[0] - MAX_SITE_ID} to {BUCKET_MARKS[-1]}"
            remedy = "choose another first number; connections that are dealt by weight have those marks"
            yield Problem(
                concentrator.where, "key mark_base", found, f"{outside}, since a bond has schedule flow", remedy
            )


def _mode(bond: Bond) -> Iterator[Problem]:
    found = f"found '{bond.schedule}'"
    if bond.mode is not None and bond.mode not in QUEUE_MODES:
        remedy = f"choose mode {' or '.join(QUEUE_MODES)}: in the others the kernel lets nobody choose the leg"
        yield Problem(bond.where, "key schedule", found, f"{BY_MODE}, with mode {bond.mode}", remedy)
    backup = bond.mode == "active-backup" and "all_slaves_active" not in bond.unread
    if backup and not bond.options.get("all_slaves_active"):
        remedy = "give all_slaves_active: true as well, or the other end drops what comes over a backup"
        yield Problem(bond.where, "key schedule", found, f"{BY_MODE}, without all_slaves_active", remedy)


def _weights(bond: Bond, site: Site) -> Iterator[Problem]:
    """Weights name links of the bond, and mean something."""
    if bond.weights is None:
        return
    known = [link.name for link in site.links_of(bond) if link.name]
    found = f"found {', '.join(f'{name}: {weight:g}' for name, weight in bond.weights)}"
    if bond.schedule == BY_MODE:
        remedy = "say `schedule: packet` or `schedule: flow`, or remove it"
        yield Problem(bond.where, "key weights", found, f"nothing, with schedule {BY_MODE}", remedy)
    for name, _weight in bond.weights if known else ():
        if name not in known:
            meant = nearest(name, known)
            remedy = f"did you mean {meant}?" if meant else "name links of this bond"
            no_link = f"found '{name}', which is no link of this bond"
            yield Problem(bond.where, "key weights", no_link, ", ".join(known), remedy)


def _legs(bond: Bond, site: Site) -> Iterator[Problem]:
    links = [link for link in site.links_of(bond) if link.name]
    if len(links) > MOST_LEGS:
        remedy = "make two bonds, or leave schedule out"
        yield Problem(
            bond.where, "key schedule", f"found '{bond.schedule}' with {len(links)} links", f"up to {MOST_LEGS}", remedy
        )
    if "weights" in bond.unread:
        return
    lacking = [link for link in links if not _is_known(bond, link)]
    for link in lacking:
        yield Problem(
            bond.where,
            "key schedule",
            f"found '{bond.schedule}', and link {link.name} has no weight",
            "a weight for each link",
            f"give link {link.name} its rate (rate.down_mbit and rate.up_mbit), or a weight in the bond's weights",
        )
    all_weights = [weights_of(bond, links, at_gateway=at_gateway).values() for at_gateway in RATES]
    if links and not lacking and not all(map(any, all_weights)):
        remedy = "give the links that are to be used a weight"
        yield Problem(bond.where, "key weights", "found 0 for every link", "a weight above 0 for one at least", remedy)


def _is_known(bond: Bond, link: Link) -> bool:
    """Whether it has a weight at both ends, or would have one if its rate could be read."""
    unread = "rate" in link.unread or (link.rate or {}).get("unread")
    both = (weights_of(bond, [link], at_gateway=at_gateway)[link.name] for at_gateway in RATES)
    return bool(unread) or None not in both
