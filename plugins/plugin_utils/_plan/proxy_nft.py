# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nftables does for the proxy: at a gateway it hands over TCP of the LAN, at a concentrator it says who may
reach the proxy and where the proxy may connect to.

A rule with ``tproxy`` does nothing while nobody listens, so that without HAProxy all goes over the bond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .deps import IPAddress, IPNetwork, cidr_merge
from .nft import Part, nft_set
from .proxy_texts import LOOPBACK, RELAY_ADDRESS, RELAY_USER_ID, USER_ID

_IP = {4: "ip", 6: "ip6"}
_SYN = "tcp flags & (fin | syn | rst | ack) == syn"
# MPTCP is for the carriers: HAProxy's other sockets speak it only since mptcpize makes all of them do so.
_NO_MPTCP = "tcp flags syn reset tcp option mptcp"

# What no server on the internet has: the LAN's neighbours, modems, other sites (IANA's special-purpose registries).
LOCAL = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    *("224.0.0.0/3", "::/127", "fc00::/7", "fe80::/10", "ff00::/8"),
)


class Carriers(NamedTuple):
    """The interfaces at a concentrator that carriers come in by, and the groups of those whose names nobody knows."""

    interfaces: Sequence[str]
    groups: Sequence[int] = ()

    def ways(self, way: str, *others: str) -> list[str]:
        """All of them in nft's words, each of which a rule of its own has. ``way``: iif or oif."""
        names = ", ".join(f'"{name}"' for name in (*others, *self.interfaces))
        by_name = [f"{way}name {{ {names} }}"] if names else []
        return by_name + [f"{way}group {group}" for group in self.groups]


def gateway_part(
    *,
    lan_interface: str | None,
    lan_subnets: Sequence[IPNetwork],
    local: Iterable[IPNetwork],
    bypass_destinations: Sequence[IPNetwork],
    bypass_ports: Sequence[str],
    inner: IPAddress,
    port: int,
    mark: int,
    reject_quic: bool,
    relay: bool,
) -> Part:
    """``local``: subnets that are reached without a proxy, besides LOCAL."""
    versions = sorted({subnet.version for subnet in lan_subnets})
    near = (*map(IPNetwork, LOCAL), *local, *lan_subnets, *bypass_destinations)
    from_lan = f'iifname "{lan_interface}"' if lan_interface else "iifname != @bonds iifname != @links"
    own = {version: _set([subnet for subnet in lan_subnets if subnet.version == version]) for version in versions}
    ports = (f"tcp dport {{ {', '.join(bypass_ports)} }} return",) if bypass_ports else ()
    return Part(
        sets=tuple(_near_set(near, version) for version in versions),
        chains={
            "proxy": (
                f"meta l4proto tcp socket transparent 1 meta mark set {mark:#x} accept",
                # only what the LAN opens: not the answers to what comes in by the bond
                f"{_SYN.replace('==', '!=')} return",
                "fib daddr type != unicast return",
                *(f"{_IP[version]} daddr @proxy_never_ipv{version} return" for version in versions),
                *ports,
                _NO_MPTCP,
                *(
                    f"{_IP[version]} saddr {own[version]} meta l4proto tcp tproxy {_IP[version]} to "
                    f"{_loopback(version)}:{port} meta mark set {mark:#x} accept"
                    for version in versions
                ),
            )
        },
        rules={
            "prerouting": (f"meta mark 0x00000000 {from_lan} meta l4proto tcp jump proxy",),
            "forward": [
                f"{_IP[version]} daddr != @proxy_never_ipv{version} {from_lan} oifname @bonds udp dport 443 reject"
                for version in versions
                if reject_quic
            ],
            "output": (
                f"meta skuid {USER_ID} ip daddr != {inner} {_NO_MPTCP}",
                f"meta skuid {USER_ID} meta nfproto ipv6 {_NO_MPTCP}",
                # HAProxy gives a reset that few hops; it is meant to be seen
                f"meta skuid {USER_ID} tcp flags rst ip ttl 1 ip ttl set 64",
                f"meta skuid {USER_ID} tcp flags rst ip6 hoplimit 1 ip6 hoplimit set 64",
                *((_relay_only_for(USER_ID, f"ip daddr {RELAY_ADDRESS} tcp dport {port}"),) if relay else ()),
            ),
        },
    )


def concentrator_part(
    *,
    inner: IPAddress,
    port: int,
    carriers: Carriers,
    pools: Sequence[IPNetwork],
    never: Sequence[IPNetwork],
    public: Sequence[IPNetwork],
) -> Part:
    """``carriers``: what its connections may come in by besides bonds. ``pools``: the addresses of gateways
    on carriers and bonds. ``never``: where it connects to for nobody. ``public``: subnets at sites that are open to
    everyone."""
    proxied = f"ip daddr {inner} tcp dport {port}"
    return Part(
        chains={
            "proxy": (
                *(f"{way} reject with tcp reset" for way in carriers.ways("oif", "lo")),
                *_into_sites(public),
                *(
                    f"{_IP[version]} daddr {_set([net for net in never if net.version == version])} "
                    "reject with tcp reset"
                    for version in (4, 6)
                ),
                _NO_MPTCP,
            )
        },
        rules={
            "input": (
                f"{proxied} iifname @bonds ip saddr {_set(pools)} accept",
                *(f"{proxied} {way} ip saddr {_set(pools)} accept" for way in carriers.ways("iif")),
                f"{proxied} drop",
            ),
            "output": (f"meta skuid {USER_ID} ct direction original meta l4proto tcp jump proxy",),
        },
    )


def relay_part(*, inner: IPAddress, port: int, carriers: Carriers, pool: IPNetwork) -> Part:
    """At a concentrator: lanes come in by ``carriers`` from ``pool`` only, and of this node's users the relay alone
    reaches HAProxy, who believes whatever it is told of where connections come from and go to."""
    lane, proxied = f"ip daddr {inner} udp dport {port}", f"ip daddr {inner} tcp dport {port}"
    return Part(
        rules={
            "input": (
                *(f"{lane} {way} ip saddr {pool} accept" for way in carriers.ways("iif")),
                f"{lane} drop",
                f'{proxied} iifname "lo" accept',
            ),
            "output": (_relay_only_for(RELAY_USER_ID, proxied),),
        },
    )


def _relay_only_for(user: int, place: str) -> str:
    """Between HAProxy and the relay of a node, so that no other user of it gets there."""
    return f'{place} oifname "lo" meta skuid != {user} reject with tcp reset'


def _into_sites(public: Sequence[IPNetwork]) -> Iterator[str]:
    """A site opens nothing to another one by the proxy but what is open to everyone."""
    if not public:
        yield "oifname @bonds reject with tcp reset"
        return
    for version in (4, 6):
        open_to_all = [network for network in public if network.version == version]
        but = f"{_IP[version]} daddr != {_set(open_to_all)}" if open_to_all else f"meta nfproto ipv{version}"
        yield f"oifname @bonds {but} reject with tcp reset"


def _loopback(version: int) -> str:
    return LOOPBACK[0] if version == 4 else f"[{LOOPBACK[1]}]"


def _near_set(networks: Iterable[IPNetwork], version: int) -> str:
    merged = cidr_merge([network for network in networks if network.version == version])
    elements = [str(each.ip if each.size == 1 else each) for each in merged]
    return nft_set(f"proxy_never_ipv{version}", f"ipv{version}_addr", elements, flags="interval")


def _set(networks: Iterable[IPNetwork]) -> str:
    merged = cidr_merge(networks)
    return "{ " + ", ".join(str(each.ip if each.size == 1 else each) for each in merged) + " }"
