# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Quality of service: queues that are ours and short, a little under the links' rates, calls before bulk (tc-cake(8)).

From the site, CAKE is on each link, below everything, and just above it on the carrier, where packets still show their
class and their flow: WireGuard hides both, and copies no class to the outside (drivers/net/wireguard/send.c, only ECN).
The upper one is the slower of the two, so that packets wait there; the lower one counts what leaves beside the tunnel.
What goes to the site is shaped at the concentrator: see shaping.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .layers import IP_HEADER
from .model import Inventory, Link, Qos, Site
from .pppoe import OVERHEAD as PPPOE_OVERHEAD
from .problems import Problem
from .wiring import CarrierWiring

# How much of the link's share a carrier gets, so that its queue fills first; the rest is for what leaves beside it.
CARRIER_SHARE = 0.985
# "inherit" of ip-link(8): the outer header gets the class of the packet inside.
TOS_INHERIT = 1

# Of tc-cake(8).
_MOST_OVERHEAD = 256


def check_qos(inventory: Inventory) -> Iterator[Problem]:
    """There is something to shape."""
    for site in inventory.sites.values():
        unread = any("rate" in link.unread or _unread_rate(link) for link in site.links)
        if site.qos is None or unread or any(link_rate(link, "up_mbit") for link in site.links):
            continue
        remedy = "give links their rates, down_mbit and up_mbit, or remove qos"
        yield Problem(site.where, "key qos", "found it without a rate of any link", "rates to shape to", remedy)


def _unread_rate(link: Link) -> bool:
    return bool((link.rate or {}).get("unread"))


def link_rate(link: Link, way: str) -> float | None:
    """``down_mbit`` or ``up_mbit`` of it, if that is known."""
    return (link.rate or {}).get(way)


def gateway_shapers(site: Site, carriers: Iterable[CarrierWiring] = (), family: str = "ipv4") -> list[dict[str, Any]]:
    """What each link sends: all of it, and what goes through its carrier. Links without a rate are left alone."""
    qos = site.qos
    if qos is None:
        return []
    carrier_of = {carrier.link.link_id: carrier for carrier in carriers}
    found = []
    for link in sorted(site.links, key=lambda link: link.link_id):
        rate = link_rate(link, "up_mbit")
        if rate is None:
            continue
        found.append(cake_item(link.device, rate, qos, overhead=link_overhead(link), nat=True))
        carrier = carrier_of.get(link.link_id)
        if carrier is not None and carrier.interface is not None:
            overhead = link_overhead(link) + carrier_overhead(carrier, family)
            found.append(cake_item(carrier.interface, rate * CARRIER_SHARE, qos, overhead=overhead))
    return found


def link_overhead(link: Link) -> int:
    """Of the layer below IP, as far as links differ in it: PPPoE and PPP (RFC 2516, 1661)."""
    return PPPOE_OVERHEAD if link.address == "pppoe" else 0


def carrier_overhead(carrier: CarrierWiring, family: str) -> int:
    """Of the carrier, its outer IP header included."""
    return carrier.layer.own + IP_HEADER[family] if carrier.layer.own else 0


def cake_item(interface: str, rate_mbit: float, qos: Qos, *, overhead: int, nat: bool = False) -> dict[str, Any]:
    return {
        "kind": "cake",
        "interface": interface,
        "rate": f"{round(rate_mbit * qos.share * 10)}kbit",
        "rtt": f"{qos.rtt_ms}ms",
        "diffserv": qos.classes,
        "overhead": min(overhead, _MOST_OVERHEAD),
        "nat": nat,
    }


def leg_tos(site: Site, kind: str) -> dict[str, int]:
    """What a leg has besides, at either end: the class outside, where CAKE below it looks."""
    return {"tos": TOS_INHERIT} if site.qos is not None and kind in ("gretap", "vxlan") else {}
