# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links whose rate changes: what each end is to measure of them, and what follows (plugins/module_utils/_rates).

Each end follows what it sends: the gateway what links carry up, the concentrator what they carry down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .carriers import CARRIERS
from .model import Inventory, Link
from .names import concentrator_bond
from .problems import Problem
from .qos import CARRIER_SHARE, carrier_overhead, link_overhead
from .schedule import RATES, is_weighted
from .shaping import shaper_places
from .wiring import BondWiring, CarrierWiring, LegWiring, SiteWiring

# Of the rate that is given: a mobile link that is next to dead still carries that much, and one on its best day three
# times what it usually does.
LEAST_PERCENT, MOST_PERCENT = 5, 300
_ETHERNET_HEADER_BYTES = 14


def follows(link: Link) -> bool:
    """Whether its rate is to be measured."""
    return bool((link.rate or {}).get("follow"))


def check_rates(inventory: Inventory) -> Iterator[Problem]:
    """What is followed can be measured."""
    for site in inventory.sites.values():
        for link in site.links:
            rate = link.rate
            if rate is None or rate.get("unread"):
                continue
            if not follows(link):
                yield from _bounds_alone(rate)
                continue
            found, remedy = "found true", "remove it"
            if site.alone:
                allowed = "false, without a concentrator, whose answers are measured"
                yield Problem(rate["where"], "key follow", found, allowed, remedy)
            elif not any(rate.get(name) for name in RATES.values()):
                remedy = "give what the link usually carries, down_mbit and up_mbit"
                yield Problem(rate["where"], "key follow", f"{found} without a rate", "rates to begin with", remedy)
            elif "carrier" not in link.unread and _is_leg(link):
                allowed = f"false, with a carrier that is a leg itself ({link.carrier}, device tap)"
                yield Problem(rate["where"], "key follow", found, allowed, "choose device tun, or remove it")


def _bounds_alone(rate: dict[str, Any]) -> Iterator[Problem]:
    for name in ("least_percent", "most_percent"):
        if rate.get(name) is not None:
            yield Problem(
                rate["where"], f"key {name}", f"found {rate[name]}", "nothing, without follow", "add follow: true"
            )


def _is_leg(link: Link) -> bool:
    return link.carrier in CARRIERS and CARRIERS[link.carrier].is_leg(link.carrier_options)


def gateway_rates(wiring: SiteWiring) -> list[dict[str, Any]]:
    """Elements of ``rates`` of ``linkagg.wan.agent`` at the gateway."""
    found = []
    for carrier in _followed(wiring, at_gateway=True):
        legs = [(leg.name, leg) for leg in wiring.legs_of(carrier)]
        shapers = [(carrier.link.device, "", 100.0)]
        if carrier.interface is not None:
            shapers.append((carrier.interface, "", round(CARRIER_SHARE * 100, 2)))
        found.append(
            _item(
                wiring,
                carrier,
                at_gateway=True,
                counters=_counters(carrier, carrier.interface, legs, wiring.family),
                shapers=shapers,
                bonds=[bond.bond.name for bond in _bonds(wiring, carrier)],
            )
        )
    return found


def concentrator_rates(wirings: Iterable[SiteWiring]) -> list[dict[str, Any]]:
    """The same at the concentrator, for all of its sites."""
    found = []
    for wiring in wirings:
        for carrier in _followed(wiring, at_gateway=False):
            legs = [(leg.concentrator_name, leg) for leg in wiring.legs_of(carrier)]
            counters = _counters(carrier, carrier.concentrator_interface, legs, wiring.family)
            if carrier.kind.shares_interface:
                counters = [_counter(carrier.concentrator_interface, peer=str(carrier.gateway_address))]
            found.append(
                _item(
                    wiring,
                    carrier,
                    at_gateway=False,
                    counters=counters,
                    shapers=[(*place, 100.0) for place in shaper_places(wiring, carrier)],
                    bonds=[
                        concentrator_bond(wiring.site.site_id, bond.bond.bond_id) for bond in _bonds(wiring, carrier)
                    ],
                )
            )
    return found


def _item(
    wiring: SiteWiring,
    carrier: CarrierWiring,
    *,
    at_gateway: bool,
    counters: list[dict[str, Any]],
    shapers: list[tuple[str, str, float]],
    bonds: list[str],
) -> dict[str, Any]:
    rate, qos = carrier.link.rate, wiring.site.qos
    nominal = rate[RATES[at_gateway]]
    ends = [str(carrier.gateway_address), str(carrier.concentrator_address)]
    source, target = ends if at_gateway else reversed(ends)
    return {
        "link": carrier.link.name,
        "of": "" if at_gateway else wiring.site.host,
        "source": source,
        "target": target,
        "nominal_mbit": round(nominal * (qos.share if qos else 100) / 100, 3),
        "least_mbit": _bound(nominal, rate.get("least_percent") or LEAST_PERCENT, qos.share if qos else 100),
        "most_mbit": _bound(nominal, rate.get("most_percent") or MOST_PERCENT, 100),
        "counters": counters,
        "shapers": [{"interface": name, "share": share, "classid": classid} for name, classid, share in shapers if qos],
        "bonds": bonds,
    }


def _bound(nominal: float, percent: int, share: int) -> float:
    """Never 0, however little it is."""
    return max(round(nominal * percent * share / 10_000, 3), 0.001)


def _followed(wiring: SiteWiring, *, at_gateway: bool) -> Iterator[CarrierWiring]:
    for carrier in wiring.carriers:
        if follows(carrier.link) and carrier.link.rate.get(RATES[at_gateway]):
            yield carrier


def _bonds(wiring: SiteWiring, carrier: CarrierWiring) -> Iterator[BondWiring]:
    """Those that deal to the link by weight."""
    for bond in wiring.bonds:
        if is_weighted(bond.bond) and any(leg.carrier is carrier for leg in bond.legs):
            yield bond


def _counters(
    carrier: CarrierWiring, interface: str | None, legs: list[tuple[str, LegWiring]], family: str
) -> list[dict[str, Any]]:
    """What goes over the link: all of the carrier's interface, or where it has none, all legs."""
    outer = link_overhead(carrier.link) + carrier_overhead(carrier, family)
    if interface is not None:
        return [_counter(interface, outer)]
    inner = [leg.budget.carrier_mtu - leg.budget.mtu - _ETHERNET_HEADER_BYTES for _name, leg in legs]
    return [_counter(name, outer + own) for (name, _leg), own in zip(legs, inner, strict=True)]


def _counter(interface: str | None, overhead: int = 0, peer: str = "") -> dict[str, Any]:
    return {"interface": interface, "overhead": max(overhead, 0), "peer": peer}
