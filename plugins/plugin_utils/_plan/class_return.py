# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to what a site sends over a bond of its own for some traffic: they come back over the same bond.

The concentrator knows the LAN behind the site's first bond. A connection that comes by another one, to which a policy
of the site has sent it, keeps a mark, and its answers find the LAN in the bond's own table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .model import Concentrator
from .names import concentrator_bond
from .nft import Part, by_last_character, nft_set
from .numbers import class_number
from .policies import choices_by_place
from .policy_marks import bond_choice
from .shapes import route_item, rule_item
from .wiring import BondWiring, SiteWiring

# The mark's upper bits, which no site's mark or policy has.
_CLASS, _CLASS_MASK = class_number(0, 0), 0xE0000000


def class_bonds(wirings: Sequence[SiteWiring]) -> list[tuple[SiteWiring, BondWiring]]:
    """The bonds that policies of their sites name, without those that all other traffic takes."""
    found = []
    for wiring in wirings:
        named = set().union(*choices_by_place(wiring.site).values())
        others = (bond for bond in wiring.bonds if bond is not wiring.aggregate)
        found += [(wiring, bond) for bond in others if bond_choice(bond.bond.bond_id) in named]
    return found


def class_routes(wirings: Sequence[SiteWiring]) -> Iterator[dict[str, Any]]:
    """The LAN, in the table of each such bond."""
    for wiring, bond in class_bonds(wirings):
        site, number = wiring.site, class_number(wiring.site.site_id, bond.bond.bond_id)
        gateway = {subnet.version: str(subnet.gateway) for subnet in bond.subnets}
        for subnet in sorted((*site.lan.subnets, *site.public_subnets)):
            device = concentrator_bond(site.site_id, bond.bond.bond_id)
            yield route_item(str(subnet), table=number, via=gateway[subnet.version], device=device)


def class_rules(concentrator: Concentrator, wirings: Sequence[SiteWiring]) -> Iterator[dict[str, Any]]:
    """From marks to those tables; all have one priority, since no two select the same."""
    for wiring, bond in class_bonds(wirings):
        number = class_number(wiring.site.site_id, bond.bond.bond_id)
        for version in sorted({subnet.version for subnet in (*wiring.site.lan.subnets, *wiring.site.public_subnets)}):
            yield rule_item(concentrator.priority_base, number, fwmark=number, family=f"ipv{version}")


def class_return(wirings: Sequence[SiteWiring]) -> Part:
    """The rules, which come after those that lead answers to sites; nothing without such a bond."""
    numbers = {
        concentrator_bond(wiring.site.site_id, bond.bond.bond_id): class_number(wiring.site.site_id, bond.bond.bond_id)
        for wiring, bond in class_bonds(wirings)
    }
    if not numbers:
        return Part()
    elements = [f'"{name}" : {numbers[name]:#010x}' for name in sorted(numbers, key=by_last_character)]
    return Part(
        sets=(nft_set("class_bonds", "ifname : mark", elements, what="map"),),
        rules={
            "prerouting": (
                "ct state new ct mark set iifname map @class_bonds",
                f"ct direction reply ct mark & {_CLASS_MASK:#x} == {_CLASS:#x} meta mark set ct mark",
            ),
        },
    )
