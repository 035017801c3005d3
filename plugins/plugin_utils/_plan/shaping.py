# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a concentrator sends to each link: one queue for all of it, legs of all bonds and the proxy's subflows.

* Where all links share an interface (WireGuard), each has a class of an htb there, which has the link's rate, and in it
  a CAKE, which keeps the queue short, fair, and calls before bulk. nftables puts the class's number on packets, by the
  carrier address that they go to. What goes to none of these passes as it is.
* Where the carrier's interface is one link's alone (OpenVPN), CAKE is at its root.
* Where there is no such interface, or nobody knows its name (direct, PPTP), each leg has a CAKE of its own, and
  subflows have none.

WireGuard hides classes and flows of packets, so shaping is before it. Legs copy the class of what is in them outside;
CAKE finds flows inside of gretap by itself, and vxlan has them in its source port.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .carriers import CARRIERS
from .checks_link import concentrator_of
from .model import Inventory, Link, Qos, Site
from .nft import Part, nft_set
from .numbers import shaper_class
from .problems import Problem
from .qos import cake_item, carrier_overhead, link_overhead, link_rate
from .wiring import CarrierWiring, SiteWiring

_HANDLE = "7600"
# A class's number is also the handle of what is in it: not that of the root, nor those with a meaning of their own.
_NO_CLASSES = (0, 0x7600, 0xFFFF)
_MAP = "link_classes"
# CAKE thinks a queue too long that takes a twentieth of the round trip time; a packet and a half always may wait. With
# a rate of its own it would see to that by itself.
_PACKETS = 1.5 * 20
_FULL_PACKET_BITS = 1514 * 8


def check_classes(inventory: Inventory) -> Iterator[Problem]:
    """Links that share an interface of a concentrator have a class of their own there."""
    owners: dict[tuple[str, int], str] = {}
    for site in sorted(inventory.sites.values(), key=lambda site: site.site_id or 0):
        links = _in_classes(site)
        concentrator = concentrator_of(inventory, site) if links else None
        for link in links:
            if concentrator is None or site.site_id is None or link.link_id is None:
                continue
            number = shaper_class(site.site_id, link.link_id)
            other = "the kernel itself" if number in _NO_CLASSES else ""
            other = other or owners.setdefault((concentrator.host, number), link.where)
            if other != link.where:
                yield Problem(
                    link.where,
                    "key link_id",
                    f"found {link.link_id}; with site_id {site.site_id} its queue at {concentrator.host} is class "
                    f"{number:x}, which {other} has, since the kernel numbers classes with 16 bits",
                    "a number whose class nothing else has",
                    "choose another link_id (with a site_id below 8191 any below 8), or leave out qos of one site",
                )


def _in_classes(site: Site) -> list[Link]:
    shaped = () if site.qos is None or site.alone else site.links
    rated = [link for link in shaped if link.carrier and link_rate(link, "down_mbit")]
    return [link for link in rated if CARRIERS[link.carrier].shares_interface]


class _Shaped(NamedTuple):
    """A link that is shaped."""

    qos: Qos
    wiring: SiteWiring
    carrier: CarrierWiring
    rate_mbit: float

    @property
    def overhead(self) -> int:
        """What a packet of the carrier's interface has besides when it is on the link, in bytes."""
        return link_overhead(self.carrier.link) + carrier_overhead(self.carrier, self.wiring.family)

    @property
    def classid(self) -> str:
        """Its class, where it has one: ``7600:41``."""
        return _class_id(self.wiring, self.carrier)

    def cake(self, interface: str, *, overhead: int) -> dict[str, Any]:
        """Shapes to the link's rate."""
        return cake_item(interface, self.rate_mbit, self.qos, overhead=overhead)


def _class_id(wiring: SiteWiring, carrier: CarrierWiring) -> str:
    return f"{_HANDLE}:{shaper_class(wiring.site.site_id, carrier.link.link_id):x}"


def _shaped(wirings: Iterable[SiteWiring]) -> Iterator[_Shaped]:
    for wiring in wirings:
        qos = wiring.site.qos
        for carrier in wiring.carriers if qos is not None else ():
            rate_mbit = link_rate(carrier.link, "down_mbit")
            if qos is not None and rate_mbit is not None:
                yield _Shaped(qos, wiring, carrier, rate_mbit)


def shaper_places(wiring: SiteWiring, carrier: CarrierWiring) -> list[tuple[str, str]]:
    """Where at the concentrator the shapers are that have a link's rate: their interfaces, and the class, if any."""
    interface = carrier.concentrator_interface
    if interface and carrier.kind.shares_interface:
        return [(interface, _class_id(wiring, carrier))]
    if interface:
        return [(interface, "")]
    return [(leg.concentrator_name, "") for leg in wiring.legs_of(carrier)]


def concentrator_shapers(wirings: Iterable[SiteWiring]) -> list[dict[str, Any]]:
    """What it sends to each link of sites with ``qos``. Links without a rate are left alone."""
    roots: dict[str, dict[str, Any]] = {}
    found = []
    for link in _shaped(wirings):
        carrier, interface = link.carrier, link.carrier.concentrator_interface
        if interface and carrier.kind.shares_interface:
            roots.setdefault(interface, {"kind": "htb", "interface": interface})
            found += _class(interface, link)
        elif interface and not carrier.is_leg:
            found.append(link.cake(interface, overhead=link.overhead))
        else:
            inside = [(leg, leg.budget.carrier_mtu - leg.budget.mtu) for leg in link.wiring.legs_of(carrier)]
            found += [link.cake(leg.concentrator_name, overhead=link.overhead + size) for leg, size in inside]
    return [*roots.values(), *found]


def _class(interface: str, link: _Shaped) -> Iterator[dict[str, Any]]:
    """The rate is the class's, and CAKE in it has none."""
    cake = link.cake(interface, overhead=0)
    packet_ms = _FULL_PACKET_BITS / (link.rate_mbit * link.qos.share * 10)
    yield {
        "kind": "htb_class",
        "interface": interface,
        "classid": link.classid,
        "rate": cake.pop("rate"),
        "overhead": link.overhead,
    }
    del cake["overhead"]
    yield {**cake, "parent": link.classid, "rtt": f"{max(link.qos.rtt_ms, math.ceil(_PACKETS * packet_ms))}ms"}


def classes_nft(wirings: Iterable[SiteWiring]) -> Part:
    """Which class a packet is of, by the address of the link's carrier."""
    shared = [link for link in _shaped(wirings) if link.carrier.kind.shares_interface]
    if not shared:
        return Part()
    numbers = {link.carrier.gateway_address: link.classid for link in shared}
    interfaces = sorted({str(link.carrier.concentrator_interface) for link in shared})
    elements = [f"{address} : {classid}" for address, classid in sorted(numbers.items())]
    return Part(
        sets=(nft_set(_MAP, "ipv4_addr : classid", elements, what="map"),),
        rules={"leaving": [f'oifname "{name}" meta priority set ip daddr map @{_MAP}' for name in interfaces]},
    )
