# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy: TCP of a site's LAN ends at HAProxy on the gateway, crosses all carriers as one MPTCP connection, a
subflow for each, and goes on from HAProxy on the concentrator. The relay (relay.py) falls back to that.

A connection's first subflow goes over the bond, which knows within seconds which links are alive, and is a backup as
soon as there is another: a dead link keeps no new connection waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .deps import IPAddress, IPNetwork
from .limits import MAX_LINK_ID
from .model import Concentrator, Link, Site
from .names import daemon_file
from .nft import Part
from .numbers import MAIN_TABLE, concentrator_carrier_address
from .proxy_nft import Carriers, concentrator_part, gateway_part, relay_part
from .proxy_texts import concentrator_config, gateway_config
from .qos import link_rate
from .relay import able_carriers, concentrator_relay, gateway_relay, is_relayed
from .schedule import RATES, is_weighted
from .shapes import daemon_item, file_item, route_item, rule_item

if TYPE_CHECKING:
    from .wiring import CarrierWiring, SiteWiring

NAME = "proxy"
PROGRAMS = {"haproxy": "haproxy", "mptcpize": "mptcpize"}
# Kernels of today take 8 endpoints, and 8 subflows besides the first (net/mptcp/protocol.h, MPTCP_PM_ADDR_MAX).
MOST_SUBFLOWS = 8
# A link so many times slower than the fastest gets no subflow: the kernel hands out 64 kB at a time for each connection
# (net/mptcp/protocol.c, MPTCP_SEND_BURST_SIZE), and whatever the fast ones bring waits for what is on the slow one.
# Measured with links of 4.3, 4.1, 0.8, 0.7 and 0.7 Mbit/s: 7.4 of one and 7.5 of 11 connections over the fast two, 4.8
# and 5.1 over all five.
SLOW = 5
# From that loss on, in percent, subflows have bbr: cubic takes each lost packet for a full queue. Over links of 22.6
# and 24.1 Mbit/s that lose 0.9 and 1.5 % one download got 28.6 with bbr, 2.8 with cubic.
LOSSY_PERCENT = 0.1
# The proxy may leave out links with that much of all rates, which are the bond's then.
LEFT_OUT = 0.25
_DEFAULT = {4: "default", 6: "::/0"}


@dataclass(frozen=True)
class ProxyEnd:
    """What it adds to a node; nothing where there is none. ``mptcp``: as linkagg.wan.mptcp_endpoints takes it.
    ``far``: where its own connections go.
    """

    daemons: tuple[dict[str, Any], ...] = ()
    routes: tuple[dict[str, Any], ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    nft: tuple[Part, ...] = ()
    sysctl: str = ""
    far: tuple[IPAddress, ...] = ()
    mptcp: dict[str, Any] = field(default_factory=lambda: {"endpoints": [], "limits": None})


def is_proxied(site: Site) -> bool:
    """Whether TCP of its LAN goes through the proxy."""
    return site.proxy is not None and site.proxy.enabled


def proxy_table(table_base: int) -> int:
    """Routing table by which the gateway takes the LAN's packets itself; it has the place of the link_id after the
    last."""
    return table_base + MAX_LINK_ID + 1


def proxy_mark(mark_base: int) -> int:
    """Firewall mark of those packets; it has the place of link_id 0."""
    return mark_base


def subflow_carriers(wiring: SiteWiring) -> tuple[CarrierWiring, ...]:
    """The carriers that get a subflow: the fastest of those that lead to the concentrator's inner address."""
    able = able_carriers(wiring)
    chosen = subflow_links([carrier.link for carrier in able])
    return tuple(carrier for carrier in able if carrier.link in chosen)


def subflow_links(able: Sequence[Link]) -> list[Link]:
    """Those that get a subflow, of the links of one site that the proxy can go over, in the same order."""
    fastest = sorted(able, key=lambda link: -(link_rate(link, "down_mbit") or 0))[:MOST_SUBFLOWS]
    slow = slow_links(able)
    return [link for link in able if link in fastest and link not in slow]


def proxy_carriers(wiring: SiteWiring) -> Sequence[CarrierWiring]:
    """Those that the LAN's connections go over: with a lane, or with a subflow."""
    return able_carriers(wiring) if is_relayed(wiring.site) else subflow_carriers(wiring)


def slow_links(links: Sequence[Link]) -> list[Link]:
    """Those that would keep the others waiting, by their rates down, the slowest first, while what that leaves out is
    little, both directions together; none where a rate down is not known."""
    fastest = max((link_rate(link, "down_mbit") or 0 for link in links), default=0)
    if not all(link_rate(link, "down_mbit") for link in links):
        return []
    found: list[Link] = []
    for link in sorted(links, key=lambda link: (link_rate(link, "down_mbit"), link.link_id or 0)):
        without = [*found, link]
        if link_rate(link, "down_mbit") * SLOW >= fastest or _total(without) > LEFT_OUT * _total(links):
            break
        found = without
    return found


def is_lossy(link: Link) -> bool:
    """Whether it loses packets all the time, and not only when its queue is full."""
    return bool(((link.rate or {}).get("loss_percent") or 0) >= LOSSY_PERCENT)


def congestion_control(site: Site, link: Link) -> str | None:
    """What subflows over a link of a site with the proxy have; None for what the system has."""
    return site.proxy.congestion_control or ("bbr" if is_lossy(link) else None)


def _total(links: Iterable[Link]) -> float:
    return sum(link_rate(link, way) or 0.0 for link in links for way in RATES.values())


def proxied_subnets(wiring: SiteWiring) -> list[IPNetwork]:
    """Those of the LAN whose addresses the concentrator hides behind its own: others would get another address."""
    hidden = {"all": "::/0", "private": "fc00::/7"}.get(wiring.concentrator.masquerade_ipv6)
    return [
        subnet
        for subnet in sorted(wiring.site.lan.subnets)
        if subnet.version == 4 or (hidden and subnet in IPNetwork(hidden))
    ]


def with_congestion_control(
    routes: Iterable[dict[str, Any]], wirings: Iterable[SiteWiring], *, at_gateway: bool
) -> list[dict[str, Any]]:
    """The routes of carriers, and those to the other ends of subflows besides, with what each subflow uses.

    Locked: else MPTCP gives subflows that come in what the listening socket has (net/mptcp/sockopt.c), and downloads
    would not use it."""
    chosen: dict[tuple[str, str], str] = {}
    for wiring in wirings:
        for carrier in subflow_carriers(wiring) if is_proxied(wiring.site) else ():
            control = congestion_control(wiring.site, carrier.link)
            device = carrier.interface if at_gateway else carrier.concentrator_interface
            if control and device:  # who calls the concentrator by PPTP gets an interface of pppd's naming
                far = carrier.concentrator_address if at_gateway else carrier.gateway_address
                chosen[f"{far}/32", str(device)] = f"lock {control}"
    result = []
    for route in routes:
        congctl = chosen.get(_to(route))
        result.append({**route, "congctl": congctl} if congctl else route)
    there = {_to(route) for route in result}
    added = {} if at_gateway else {to: congctl for to, congctl in chosen.items() if to not in there}
    return result + [
        {**route_item(far, table=MAIN_TABLE, device=device), "congctl": congctl}
        for (far, device), congctl in added.items()
    ]


def _to(route: dict[str, Any]) -> tuple[str, str | None]:
    return route["destination"], route.get("device")


def explain_proxy(wiring: SiteWiring) -> dict[str, Any]:
    """``proxy`` of what was decided for a site, where it has one."""
    if not is_proxied(wiring.site):
        return {}
    found = {
        "transport": wiring.site.proxy.transport,
        "sources": [str(subnet) for subnet in proxied_subnets(wiring)],
        "subflows": [carrier.link.name for carrier in subflow_carriers(wiring)],
    }
    lanes = [carrier.link.name for carrier in able_carriers(wiring)]
    return {"proxy": found | ({"lanes": lanes} if is_relayed(wiring.site) else {})}


def proxy_notes(wiring: SiteWiring) -> list[str]:
    """What is to be known of the bond that its connections begin on, and of links that it does not go over."""
    if not is_proxied(wiring.site):
        return []
    used = {carrier.link.link_id for carrier in proxy_carriers(wiring)}
    left = [carrier for carrier in wiring.carriers if carrier.link.link_id not in used]
    able = [carrier.link for carrier in able_carriers(wiring)]
    aggregate = wiring.aggregate
    unordered = (
        not is_relayed(wiring.site)
        and aggregate.bond.mode == "balance-rr"
        and not is_weighted(aggregate.bond)
        and len(aggregate.legs) > 1
    )
    return ([_OUT_OF_ORDER.format(aggregate.bond.name)] if unordered else []) + [
        f"link {carrier.link.name}: the proxy does not go over it, since {_why_left(carrier, able)}" for carrier in left
    ]


def _why_left(carrier: CarrierWiring, able: Sequence[Link]) -> str:
    """Why it has no subflow or lane. ``able``: the links of those that could have one."""
    if carrier.link not in able:
        return f"carrier {carrier.kind.name} has no addresses of its own in it"
    if carrier.link in slow_links(able):
        fastest = max(able, key=lambda link: link_rate(link, "down_mbit") or 0)
        return f"{fastest.name} is more than {SLOW} times faster and would wait for it"
    return f"the kernel takes {MOST_SUBFLOWS} subflows and others are faster"


# See plugins/module_utils/_weights/table.py.
_OUT_OF_ORDER = (
    "bond {}: it sends packets round its legs, so that some of the proxy's connections come out of order where they "
    "begin, and use one link only; with schedule packet they keep their order"
)


def gateway_proxy(wiring: SiteWiring) -> ProxyEnd:
    """What a site's gateway needs."""
    site, concentrator, proxy = wiring.site, wiring.concentrator, wiring.site.proxy
    if not is_proxied(site):
        return ProxyEnd()
    inner, port = concentrator_carrier_address(concentrator.carrier_pool), concentrator.proxy_port
    subnets = proxied_subnets(wiring)
    versions = sorted({subnet.version for subnet in subnets})
    table, mark = proxy_table(site.table_base), proxy_mark(site.mark_base)
    return ProxyEnd(
        daemons=(
            _daemon(
                "MPTCP proxy, this end",
                gateway_config(
                    max_connections=proxy.max_connections,
                    port=port,
                    inner=inner,
                    versions=versions,
                    relay=is_relayed(site),
                ),
            ),
            *gateway_relay(wiring),
        ),
        routes=tuple(route_item(_DEFAULT[version], table=table, device="lo", kind="local") for version in versions),
        rules=tuple(rule_item(site.priority_base, table, fwmark=mark, family=f"ipv{version}") for version in versions),
        nft=(
            gateway_part(
                lan_interface=site.lan.interface,
                lan_subnets=subnets,
                local=_local(wiring),
                bypass_destinations=proxy.destinations,
                bypass_ports=proxy.ports,
                inner=inner,
                port=port,
                mark=mark,
                reject_quic=proxy.quic == "reject",
                relay=is_relayed(site),
            ),
        ),
        sysctl=_SYSCTL,
        far=(inner,),
        mptcp={"endpoints": list(_endpoints(wiring)), "limits": _LIMITS},
    )


# Since Linux 6.12 a node of which the first three packets of a connection got lost speaks plain TCP to everyone for an
# hour, as if a firewall were in the way (mptcp-sysctl.rst); between our two ends there is none. Older kernels do not
# know the key.
# A subflow with so many bytes not yet sent gets no more: else the kernel hands it up to 64 kB at a time for each
# connection, and what the other links bring waits for them (5 MB of eleven connections over six 3G links, half of that
# with it). With 4096 one connection loses speed. It counts for all TCP of the node, since HAProxy 2.6 has no word for
# it; HAProxy itself carries no less that way.
_SYSCTL = "net.mptcp.enabled = 1\n-net.mptcp.blackhole_timeout = 0\nnet.ipv4.tcp_notsent_lowat = 16384\n"
_LIMITS = {"subflows": MOST_SUBFLOWS, "add_addr_accepted": 0}


def concentrator_proxy(
    concentrator: Concentrator, wirings: Sequence[SiteWiring], interfaces: Sequence[str], groups: Sequence[int] = ()
) -> ProxyEnd:
    """What a concentrator needs for its sites. Carriers come in by ``interfaces``, and by those of ``groups``."""
    proxied = [wiring for wiring in wirings if is_proxied(wiring.site)]
    if not proxied:
        return ProxyEnd()
    inner, port = concentrator_carrier_address(concentrator.carrier_pool), concentrator.proxy_port
    pools = [concentrator.carrier_pool, concentrator.bond_pool]
    never = [*map(IPNetwork, _NEVER), *pools, concentrator.bond_pool_ipv6]
    public = [subnet for wiring in wirings for subnet in wiring.site.public_subnets]
    config = concentrator_config(max_connections=CONCENTRATOR_CONNECTIONS, port=port, inner=inner, never=never)
    relayed = any(is_relayed(wiring.site) for wiring in proxied)
    carriers = Carriers(interfaces, groups)
    # before the other one, which drops whatever else there is to the same place
    lanes = relay_part(inner=inner, port=port, carriers=carriers, pool=pools[0]) if relayed else Part()
    return ProxyEnd(
        daemons=(_daemon("MPTCP proxy of all sites", config), *([concentrator_relay(concentrator)] if relayed else [])),
        nft=(
            lanes,
            concentrator_part(inner=inner, port=port, carriers=carriers, pools=pools, never=never, public=public),
        ),
        sysctl=_SYSCTL,
        mptcp={"endpoints": [], "limits": _LIMITS},
    )


CONCENTRATOR_CONNECTIONS = 50000
# Itself, and what only its own provider's network knows, such as the server's metadata.
_NEVER = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/127", "fe80::/10")


def _daemon(description: str, config: str) -> dict[str, Any]:
    return daemon_item(
        NAME,
        description=description,
        command=["/usr/bin/mptcpize", "run", "/usr/sbin/haproxy", "-db", "-f", daemon_file(NAME, "haproxy.cfg")],
        files=[file_item("haproxy.cfg", config)],
        interface=None,
        # to bind addresses of others and then to be nobody
        capabilities=("CAP_NET_ADMIN", "CAP_SETGID", "CAP_SETUID"),
    )


def _endpoints(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    """With more carriers than can be endpoints the first subflow is no backup, since the bond leads over all."""
    carriers, aggregate = subflow_carriers(wiring), wiring.aggregate
    for carrier in carriers:
        yield _endpoint(str(carrier.gateway_address), str(carrier.interface), backup=False)
    for subnet in aggregate.subnets if len(carriers) < MOST_SUBFLOWS else ():
        if subnet.version == 4:
            yield _endpoint(str(subnet.gateway), aggregate.bond.name, backup=True)


def _endpoint(address: str, device: str, *, backup: bool) -> dict[str, Any]:
    return {"address": address, "device": device, "subflow": True, "backup": backup}


def _local(wiring: SiteWiring) -> list[IPNetwork]:
    """Subnets of links: modems, and whoever else is before them."""
    links = [subnet for carrier in wiring.carriers for subnet in carrier.link.subnets]
    concentrator = wiring.concentrator
    public = {
        IPNetwork(str(address)): None for address in (*concentrator.all_addresses, *concentrator.forward_addresses)
    }
    return [*links, *wiring.site.lan.subnets, *wiring.site.public_subnets, *public]
