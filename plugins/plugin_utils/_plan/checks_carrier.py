# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of carriers: what each says of its links and its concentrators, and that options are its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from .carrier import Use
from .carriers import CARRIERS
from .checks_link import concentrator_of
from .model import Inventory, Link, Site
from .problems import Problem


def check_carriers(inventory: Inventory) -> Iterator[Problem]:
    """Of each link, then of each concentrator."""
    uses: dict[tuple[str, str], list[Use]] = defaultdict(list)
    for site in inventory.sites.values():
        concentrator = concentrator_of(inventory, site)
        for link in site.links:
            yield from _options_of_others(link)
            yield from _one_bond(link, site)
            if link.carrier is not None and concentrator is not None:
                use = Use(site, link, concentrator, link.carrier_options)
                uses[concentrator.host, link.carrier].append(use)
                yield from CARRIERS[link.carrier].check(use)
    for concentrator in inventory.concentrators.values():
        for name, carrier in CARRIERS.items():
            yield from carrier.check_concentrator(concentrator, uses[concentrator.host, name])


def _options_of_others(link: Link) -> Iterator[Problem]:
    for name in link.options_given:
        if link.carrier is not None and name != link.carrier:
            allowed = f"nothing, with carrier {link.carrier}"
            yield Problem(link.where, f"key {name}", "found options", allowed, f"remove it, or say carrier: {name}")


def _one_bond(link: Link, site: Site) -> Iterator[Problem]:
    """An interface is a port of one bond only (kernel, bonding.rst)."""
    if link.carrier is None or not CARRIERS[link.carrier].is_leg(link.carrier_options):
        return
    bonds = [bond for bond in site.bonds if bond.links is None or link.name in bond.links]
    for bond in bonds[1:]:
        yield Problem(
            bond.where,
            "key links",
            f"found '{link.name}', whose carrier {link.carrier} is a leg itself, and in another bond already",
            "such a link in one bond only",
            "list the links of each bond, or choose a carrier with legs in it",
        )
