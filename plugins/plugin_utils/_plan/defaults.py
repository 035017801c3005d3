# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site gets of which its inventory says nothing: schedule of the bond, proxy and what that crosses the links by,
shaping, each with the reason.

What is said is never touched. A bond is ``left`` to this rule while neither mode nor schedule nor anything that
belongs to one of them was said; a site whose aggregate was not left gets no proxy and no shaping either, unless they
were said: it is as it always was.

The evidence (Mbit/s down on six 3G links of 6, 6, 6, 5, 3.5 and 2, 28.5 together; DESIGN.md, and make bench):

- one TCP connection: proxy 25.8, packets by weight 22.9, packets round the legs 9.6, flows 5.3 (one link, by luck);
- 11 connections: proxy 24.6, packets by weight 24.6, round the legs 9.8, flows 25.2;
- UDP: packets by weight 25.3, round the legs 23.3 with 16 % lost, one flow on one link.

So the proxy takes TCP wherever it covers the links, and packets by weight take the rest, which is UDP, QUIC, ICMP and
VPNs. Weights need rates: without them packets go round the legs, as a bond does by itself; the proxy needs none, since
MPTCP finds out by itself.

Where all links have rates they are shaped to them. Tried by hand with the same queues on a machine at its limit: of
pings during 11 proxied downloads 95 % took less than 500 to 1000 ms without that and 210 to 400 with it (93 when
idle), the fairness of the 11 (Jain) was 0.39 to 0.86 without and 0.77 to 0.98 with it, one upload had 5.3 instead of
5.0 with pings of 120 instead of 810; but one download 20.7 to 23.5 instead of 23.0 to 25.2.

Where rates of links change (``follow``), the proxy goes by the relay. Shares of what six modems of a moving car offered
(lab profile umts-trace), one download / 11: MPTCP 0.25 to 0.37 / 0.43 to 0.63, relay 0.87 / 0.83. Links are not shaped
then, as the relay sees to its queues itself: with a shaper at the mean it had 0.54 / 0.55.

Not elsewhere: on the six 3G links it carried 19.7 down in one connection and 16.9 in 11 (up 5.4, pings 1.9 times the
idle ones), since it is a program that the emulated processors have to run, and MPTCP is the kernel's.

Subflows over links that lose packets have bbr, the others what the system has: with bbr everywhere 11 connections over
those six get 22.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from .checks_proxy import able_links, unable
from .model import Bond, Choice, Inventory, Link, Proxy, Qos, Site
from .proxy import LEFT_OUT, MOST_SUBFLOWS, is_lossy, slow_links, subflow_links
from .qos import link_rate
from .qos_keys import QOS
from .rates import follows
from .relay import is_relayed
from .schedule import BY_MODE, MOST_LEGS, QUEUE_MODES, RATES

# Links count as equal while packets round the legs use that much of them.
EQUAL = 0.9
_WAYS = {"down_mbit": "down", "up_mbit": "up"}


def with_defaults(inventory: Inventory) -> Inventory:
    """The inventory with everything decided that its sites do not say, and what was switched off left out."""
    return replace(inventory, sites={host: decided(site) for host, site in inventory.sites.items()})


def decided(site: Site) -> Site:
    """The same of one site."""
    qos = site.qos if site.qos is not None and site.qos.enabled else None
    if {"links", "bonds", "concentrator", "proxy", "lan"} & site.unread or not site.links:
        return replace(site, qos=qos)
    if site.alone:
        return replace(site, qos=qos, choices=(_alone(site),))
    choices = []
    proxy = site.proxy
    aggregate = min(site.bonds, key=lambda bond: bond.bond_id or 0, default=None)
    if aggregate is not None and aggregate.left and proxy is None:
        wanted, why = _proxy(site, aggregate)
        proxy = DEFAULT_PROXY if wanted else None
        choices.append(Choice("proxy", "on" if wanted else "off", why))
    if proxy is not None and proxy.transport is None:
        transport, why = _transport(site, aggregate) if proxy.enabled else (_MPTCP, "")
        proxy = replace(proxy, transport=transport)
        choices += [Choice("proxy transport", transport, why)] if why else []
    choices += _congestion_control(proxy, site.links)
    bonds = []
    for bond in site.bonds:
        schedule, why = _schedule(site.links_of(bond))
        value = f"mode {bond.mode}" if schedule == BY_MODE else f"{schedule}s by weight"
        weights = bond.weights
        if schedule == BY_MODE and bond is aggregate and proxy is not None and proxy.enabled and _dealable(site, bond):
            schedule, value = "packet", "packets by weight, all alike"
            weights = tuple((link.name, 1.0) for link in site.links_of(bond))
            why += _IN_ORDER
        bonds.append(replace(bond, schedule=schedule, weights=weights) if bond.left else bond)
        if bond.left and len(site.links_of(bond)) > 1:
            choices.append(Choice(f"bond {bond.name}", value, why))
    if aggregate is not None and aggregate.left and site.qos is None:
        wanted, why = _qos(replace(site, proxy=proxy))
        qos = DEFAULT_QOS if wanted else None
        choices.append(Choice("qos", "on" if wanted else "off", why))
    return replace(site, bonds=tuple(bonds), proxy=proxy, qos=qos, choices=tuple(choices))


# See plugins/module_utils/_weights/table.py.
_IN_ORDER = (
    "; nftables sends them round and not the bond itself, since the proxy's connections have to begin in order, or use "
    "one link only"
)


def _dealable(site: Site, bond: Bond) -> bool:
    """Whether its packets can be dealt by weight."""
    return bond.mode in QUEUE_MODES and 1 < len(site.links_of(bond)) <= MOST_LEGS


DEFAULT_PROXY = Proxy(enabled=True, transport=None, quic="allow", congestion_control=None, max_connections=8000)
_MPTCP, _RELAY = "mptcp", "relay"
# Below it every link has a class of its own at the concentrator (numbers.py, shaper_class).
FIRST_ASKED_SITE = 1024
DEFAULT_QOS = Qos(enabled=True, **{key.name: key.default for key in QOS.keys if key.name != "enabled"})


def _qos(site: Site) -> tuple[bool, str]:
    """Whether links are shaped, and why: a link of unknown rate cannot be."""
    if len(site.links) < 2:
        return False, "a single link is shaped only where it was asked for, with `qos: {}`"
    if is_relayed(site):
        return False, (
            "the relay keeps its queues short by itself, and takes what a link has at the moment, which a shaper would "
            "cut off; `qos: {}` shapes all the same"
        )
    if (site.site_id or 0) >= FIRST_ASKED_SITE:
        return False, (
            f"of a site numbered {FIRST_ASKED_SITE} or above links are shaped only where it was asked for, with "
            "`qos: {}`: each takes 1.2 MB of the concentrator, whose kernel has numbers for 65,000"
        )
    unknown = _unrated(sorted(site.links, key=lambda link: link.link_id or 0))
    if unknown:
        return False, f"links are shaped to their rates, and {_names(unknown)} would need one (down_mbit and up_mbit)"
    return True, (
        f"all links have a rate, and are shaped to {DEFAULT_QOS.share} % of it, so that downloads neither keep calls "
        "waiting nor each other; if a rate is less than what the link carries, correct it, let it be measured "
        "(follow: true), or say `qos: {enabled: false}`"
    )


def _transport(site: Site, aggregate: Bond | None) -> tuple[str, str]:
    """What connections of the proxy cross the links by, and why if it is not the usual one."""
    changing = _changing(site.links_of(aggregate)) if aggregate is not None else []
    if not changing:
        return _MPTCP, ""
    if len(changing) == 1:
        rates = f"the rate of {_names(changing)} is followed, so it changes"
    else:
        rates = f"rates of {_names(changing)} are followed, so they change"
    return _RELAY, f"{rates}; MPTCP would wait for whichever link has just become slow"


def _congestion_control(proxy: Proxy | None, links: Iterable[Link]) -> list[Choice]:
    """What subflows over links that lose packets have, where there are any and nothing was said; the choice is made in
    proxy.py, since it is a link's and not the site's."""
    if proxy is None or not proxy.enabled or proxy.transport != _MPTCP or proxy.congestion_control:
        return []
    lossy = [link for link in subflow_links(able_links(links)) if is_lossy(link)]
    if not lossy:
        return []
    lose, its = ("loses", "its") if len(lossy) == 1 else ("lose", "their")
    percent = ", ".join(sorted({f"{link.rate['loss_percent']:g}" for link in lossy if link.rate}))
    why = f"{_names(lossy)} {lose} {percent} % of {its} packets, and cubic, the usual one, takes each for a full queue"
    return [Choice("proxy congestion control", f"bbr over {_names(lossy)}", why)]


def _changing(links: Iterable[Link]) -> list[Link]:
    """Those of changing rates that the proxy can go over."""
    return [link for link in able_links(links) if follows(link)]


def _proxy(site: Site, aggregate: Bond) -> tuple[bool, str]:
    """Whether, and why: where it covers all links, or so much of them that what it leaves out would not make up for
    it."""
    links = site.links_of(aggregate)
    if len(site.links) < 2:
        return False, "there is one link, and nothing to put together"
    if not any(subnet.version == 4 for subnet in site.lan.subnets):
        return False, "no IPv4 subnet of the LAN is known whose connections could go through it"
    apart = [link for link in site.links if link not in links]
    if apart:
        return False, f"it would go over {_names(apart)} as well, and bond {aggregate.name} does not"
    left_out = [link for link in links if unable(link)]
    if left_out and not all(_rates(links, key) for key in RATES.values()):
        return False, f"it cannot go over {_names(left_out)}, and without rates nobody knows what that leaves out"
    able = sorted(able_links(links), key=lambda link: -(link_rate(link, "down_mbit") or 0))
    relayed = _transport(site, aggregate)[0] == _RELAY
    left_out += [] if relayed else able[MOST_SUBFLOWS:]
    for key in RATES.values():
        missing = sum(_rates(left_out, key) or [1.0] * len(left_out))
        whole = sum(_rates(links, key) or [1.0] * len(links))
        if missing > LEFT_OUT * whole:
            return False, f"it cannot go over {_names(left_out)}, which is {100 * missing / whole:.0f} % of all"
    left_out += [] if relayed else [link for link in slow_links(able) if link not in left_out]
    every = "both links" if len(links) == 2 else f"all {len(links)} links"
    over = f"{len(links) - len(left_out)} of {len(links)} links" if left_out else every
    used = [link for link in links if link not in left_out]
    return True, f"one TCP connection of the LAN goes over {over} at once{_compared(used)}"


def _compared(links: Sequence[Link]) -> str:
    """What that means next to the fastest of them, where rates are known."""
    rates = _rates(links, "down_mbit")
    return f", {sum(rates):g} Mbit/s down less headers, where the best alone has {max(rates):g}" if rates else ""


def _schedule(links: Sequence[Link]) -> tuple[str, str]:
    """How packets are shared out, and why."""
    count = len(links)
    if count < 2:
        return BY_MODE, ""
    unknown = _unrated(links)
    if unknown:
        return BY_MODE, (
            f"packets go round the legs, which gives {count} times the slowest link; for packets by weight give "
            f"{_names(unknown)} a rate (down_mbit and up_mbit)"
        )
    if count > MOST_LEGS:
        return BY_MODE, f"packets go round the legs, as there are {count}, and {MOST_LEGS} at most can have weights"
    if any(map(follows, links)):
        return "packet", f"rates are followed, and so are weights; packets round the legs would use {_use(links)}"
    if all(_round(rates := _rates(links, key)) >= EQUAL * sum(rates) for key in RATES.values()):
        return BY_MODE, f"the links are about equal, so packets round the legs use {_use(links)}"
    return "packet", f"packets round the legs would use {_use(links)}; by weight each link carries what it can"


def _use(links: Sequence[Link]) -> str:
    """``6 x 2 = 12 of 28.5 Mbit/s down, since umts6 is 3 times slower than umts1, and 6 of 6 up``"""
    parts = []
    for key, way in _WAYS.items():
        rates = _rates(links, key)
        slow, fast = min(rates), max(rates)
        part = f"{len(rates)} x {slow:g} = {_round(rates):g} of {sum(rates):g} Mbit/s {way}"
        if _round(rates) < EQUAL * sum(rates):
            slowest, fastest = links[rates.index(slow)].name, links[rates.index(fast)].name
            part += f", since {slowest} is {fast / slow:.2g} times slower than {fastest}"
        parts.append(part)
    return ", and ".join(parts)


def _round(rates: Sequence[float]) -> float:
    """N times the slowest."""
    return len(rates) * min(rates)


def _rates(links: Iterable[Link], key: str) -> list[float]:
    """The rate of each, none at all if one is not known."""
    rates = [link_rate(link, key) for link in links]
    return [] if None in rates else [float(rate) for rate in rates]


def _unrated(links: Iterable[Link]) -> list[Link]:
    """Those whose rate is not known, in one direction or both."""
    return [link for link in links if None in (link_rate(link, key) for key in RATES.values())]


def _names(links: Sequence[Link]) -> str:
    return f"link{'s' if len(links) > 1 else ''} {', '.join(str(link.name) for link in links)}"


def _alone(site: Site) -> Choice:
    """Without a concentrator connections are spread, see alone.py and policies.spread_weights."""
    rates = _rates(site.links, "down_mbit")
    how = "by their rates down" if rates else "all alike, since not every rate down is known"
    why = f"without a concentrator a connection stays on one link; new ones are spread over the links, {how}"
    return Choice("connections", "spread", why)
