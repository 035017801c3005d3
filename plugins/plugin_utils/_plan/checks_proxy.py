# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the MPTCP proxy: a concentrator, a LAN, and a carrier at least that it can go over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .carriers import CARRIERS
from .model import Inventory, Link
from .problems import Problem


def check_proxy(inventory: Inventory) -> Iterator[Problem]:
    """Of each site that wants one."""
    for site in inventory.sites.values():
        if site.proxy is None or not site.proxy.enabled:
            continue
        if site.alone:
            yield Problem(
                site.where,
                "key proxy",
                "found the proxy enabled, with concentrator: none",
                "nothing, since the proxy's other end is at a concentrator",
                "remove it, or name a concentrator",
            )
            continue
        if not site.lan.subnets and "lan" not in site.unread and "subnets" not in site.lan.unread:
            yield Problem(
                site.where, "key lan", "missing", "the LAN whose connections go through the proxy", "give its subnets"
            )
        without = [link for link in site.links if unable(link)]
        if without and len(without) == len(site.links):
            carriers = sorted({str(link.carrier) for link in without})
            able = [name for name in CARRIERS if not unable_with(name)]
            yield Problem(
                site.where,
                "key proxy",
                f"found the proxy enabled, and no link that it can go over (carrier {', '.join(carriers)})",
                f"a link at least with carrier {', '.join(able)}",
                "choose such a carrier, or leave the proxy out",
            )


def unable_with(carrier: str) -> bool:
    """Whether a carrier has no inner addresses for subflows to go between."""
    return carrier == "direct"


def unable(link: Link) -> bool:
    """Whether the proxy cannot go over a link."""
    if link.carrier is None:
        return False
    return unable_with(link.carrier) or CARRIERS[link.carrier].is_leg(link.carrier_options)


def able_links(links: Iterable[Link]) -> list[Link]:
    """Those that the proxy can go over."""
    return [link for link in links if not unable(link)]
