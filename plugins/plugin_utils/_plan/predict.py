# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site's way is to carry, in Mbit/s of payload: rates of links less the headers of the path, shared out by the
bond's mode, by weight, or by the proxy.

Headers and shares only: what reordering, loss and delays cost is not in it, and is to be read off the measured figure
beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .layers import IP_HEADER
from .pppoe import OVERHEAD as PPPOE_OVERHEAD
from .proxy import is_proxied, proxy_carriers
from .qos import CARRIER_SHARE, link_rate
from .relay import LANE_HEADER, UDP_HEADER, is_relayed
from .schedule import RATES, is_weighted, weights_of
from .wiring import BondWiring, CarrierWiring, LegWiring, SiteWiring

# TCP with timestamps (RFC 7323), and a data sequence signal with a 64-bit number and a 32-bit acknowledgement besides
# (RFC 8684, 3.3; as Linux 6.18 was seen to send it).
TCP_HEADER = 32
MPTCP_OPTION = 24
_IPV4 = IP_HEADER["ipv4"]


class Traffic(NamedTuple):
    """What is sent: ``flows`` of ``protocol`` tcp or udp; of UDP ``offered_mbit`` in all (None: all that gets through
    without loss) with ``payload`` bytes a packet (None: as large as fit)."""

    protocol: str = "tcp"
    flows: int = 1
    offered_mbit: float | None = None
    payload: int | None = None


Rates = dict[str, float]


def ceiling(wiring: SiteWiring, traffic: Traffic, *, up: bool, frame: int = 0) -> float | None:
    """All rates of the links that the path takes, less its headers, in Mbit/s; None while a rate is not known.

    ``up``: from the site. ``frame``: bytes of the layer below IP that links' rates count, 14 for Ethernet.
    """
    rates = path_rates(wiring, traffic, up=up, frame=frame)
    return None if rates is None else round(sum(rates.values()), 2)


def predicted(wiring: SiteWiring, traffic: Traffic, *, up: bool, frame: int = 0) -> float | None:
    """What the chosen way carries of it; arguments and result as of ``ceiling``."""
    rates = path_rates(wiring, traffic, up=up, frame=frame)
    if rates is None:
        return None
    rates = _as_shaped(wiring, rates, path_rates(wiring, traffic, up=up), up=up)
    if _takes_proxy(wiring, traffic):
        return round(sum(rates.values()), 2)
    return round(_shared_out(wiring.aggregate, rates, traffic, up=up), 2)


def _as_shaped(wiring: SiteWiring, rates: Rates, unframed: Rates | None, *, up: bool) -> Rates:
    """What is left of it where links are shaped, who counts no frames; the gateway's carriers get a little less."""
    qos = wiring.site.qos
    if qos is None or unframed is None:
        return rates
    share = qos.share / 100 * (CARRIER_SHARE if up else 1)
    return {name: min(rate, unframed[name] * share) for name, rate in rates.items()}


def path_rates(wiring: SiteWiring, traffic: Traffic, *, up: bool, frame: int = 0) -> Rates | None:
    """What each link carries of the payload, by its name; arguments and None as of ``ceiling``."""
    proxied = _takes_proxy(wiring, traffic)
    legs = () if proxied else wiring.aggregate.legs
    carriers = proxy_carriers(wiring) if proxied else [leg.carrier for leg in legs]
    known = {carrier.link.name: link_rate(carrier.link, RATES[up]) for carrier in carriers}
    if not known or None in known.values():
        return None
    shares = (
        [_proxy_share(wiring, carrier, frame) for carrier in carriers]
        if proxied
        else [_leg_share(wiring.aggregate, leg, traffic, wiring.family, frame) for leg in legs]
    )
    return {name: float(rate) * share for (name, rate), share in zip(known.items(), shares, strict=True)}


def explain_predicted(wiring: SiteWiring) -> dict[str, dict[str, dict[str, float]]]:
    """``predicted`` of what was decided for a site: Mbit/s of payload that one TCP connection, 11 of them and one flow
    of UDP are to get, by direction; nothing where rates are not known."""
    sent = {"tcp_1": Traffic(), "tcp_11": Traffic(flows=11), "udp": Traffic("udp")}
    found = {
        RATES[up]: {name: predicted(wiring, traffic, up=up) for name, traffic in sent.items()} for up in (False, True)
    }
    known = {way: {name: rate for name, rate in some.items() if rate is not None} for way, some in found.items()}
    known = {way: {name: round(rate, 1) for name, rate in some.items()} for way, some in known.items() if some}
    return {"predicted": known} if known else {}


def _takes_proxy(wiring: SiteWiring, traffic: Traffic) -> bool:
    return traffic.protocol == "tcp" and is_proxied(wiring.site)


def _proxy_share(wiring: SiteWiring, carrier: CarrierWiring, frame: int) -> float:
    """Payload over all bytes of a full packet of a lane or of a subflow."""
    own = UDP_HEADER + LANE_HEADER if is_relayed(wiring.site) else TCP_HEADER + MPTCP_OPTION
    return (carrier.mtu - _IPV4 - own) / (_on_link(carrier, carrier.mtu, wiring.family) + frame)


def _leg_share(bond: BondWiring, leg: LegWiring, traffic: Traffic, family: str, frame: int) -> float:
    """Payload over all bytes of a packet in a leg; one that does not fit is two, with headers of their own."""
    headers = _IPV4 + (TCP_HEADER if traffic.protocol == "tcp" else UDP_HEADER)
    packet = min(bond.mtu, traffic.payload + headers) if traffic.payload else bond.mtu
    own = leg.budget.carrier_mtu - leg.budget.mtu
    whole = _on_link(leg.carrier, packet + own, family)
    split = whole - packet if packet > leg.budget.mtu else 0
    return (packet - headers) / (whole + split + frame * (2 if split else 1))


def _on_link(carrier: CarrierWiring, size: int, family: str) -> int:
    """Bytes of an IP packet of that size in the carrier on the link, PPPoE's among them."""
    layer = carrier.layer
    padded = min(-(-size // layer.block) * layer.block, max(size, carrier.mtu))
    outer = layer.own + IP_HEADER[family] if layer.own else 0
    return padded + outer + (PPPOE_OVERHEAD if carrier.link.address == "pppoe" else 0)


def _shared_out(bond: BondWiring, rates: Rates, traffic: Traffic, *, up: bool) -> float:
    """How much of the rates is used, by the bond's mode or by weight."""
    mode, links = bond.bond.mode, [leg.carrier.link for leg in bond.legs]
    if mode == "broadcast":
        return max(rates.values())
    weights = dict.fromkeys(rates, 1.0)
    if is_weighted(bond.bond):
        weights = {name: float(weight or 0) for name, weight in weights_of(bond.bond, links, at_gateway=up).items()}
    elif mode == "active-backup":
        order = [*(bond.bond.prefer or ()), bond.bond.options.get("primary"), *rates]
        weights = {name: float(name == next(link for link in order if link in rates)) for name in rates}
    if bond.bond.schedule == "packet" or (not is_weighted(bond.bond) and mode == "balance-rr"):
        return dealt(rates, weights, traffic.offered_mbit)
    return spread(rates, weights, traffic.flows, traffic.offered_mbit)


def dealt(rates: Mapping[str, float], weights: Mapping[str, float], offered_mbit: float | None = None) -> float:
    """Packets dealt by weight, each link with its share of them: without ``offered_mbit`` as much as gets through
    while no link is over its rate, since TCP slows down for the first that loses; N times the slowest, if all weigh
    the same."""
    total = sum(weights.values())
    used = {name: weight / total for name, weight in weights.items() if weight > 0}
    if offered_mbit is None:
        return min(rates[name] / share for name, share in used.items())
    return sum(min(rates[name], offered_mbit * share) for name, share in used.items())


def spread(
    rates: Mapping[str, float], weights: Mapping[str, float], flows: int, offered_mbit: float | None = None
) -> float:
    """Flows on one link each, by weight and by the luck of a hash: what is to be expected on average."""
    total = sum(weights.values())
    carried = 0.0
    for name, weight in weights.items():
        share = weight / total
        used = 1 - (1 - share) ** flows
        if used:
            least = rates[name] if offered_mbit is None else min(rates[name], offered_mbit * share / used)
            carried += used * least
    return carried
