# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces, addresses, routes and NAT of the lab: pure functions that render them for batches.

::

    client lan0 --- lan0 gateway wwan1..N === lan modem1..N wan === link1..N core --- con0 eth0 concentrator
                                                                             core --- net0 eth0 internet

A second site, if there is one, is the same with gateway2 and client2, and the next numbers of wwan, modem and link; its
LAN has the same addresses.

The core is the main network namespace of the modems container; each modem is a namespace of its own in
it, so every modem may use the same subnet. A veth per node leads to the management bridge.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from . import pppoe, shape
from .config import INSIDE, NODES, Lab, Link

CLIENT = "192.168.1.10/24"
GATEWAY_LAN = "192.168.1.1/24"
CONCENTRATOR = "203.0.113.2/24"
CORE_TO_CONCENTRATOR = "203.0.113.1/24"
INTERNET = ("198.51.100.10/24", "198.51.100.11/24", "198.51.100.12/24")
CORE_TO_INTERNET = "198.51.100.1/24"

# IPv6 is where it can go over an aggregate: the LAN, the concentrator, the internet; modems have none.
CLIENT_IPV6 = "fd00:4c41:1::10/64"
GATEWAY_LAN_IPV6 = "fd00:4c41:1::1/64"
CONCENTRATOR_IPV6 = "2001:db8:113::2/64"
CORE_TO_CONCENTRATOR_IPV6 = "2001:db8:113::1/64"
INTERNET_IPV6 = "2001:db8:100::10/64"
CORE_TO_INTERNET_IPV6 = "2001:db8:100::1/64"

# Routed to the concentrator: what a site may have as its public subnet.
PUBLIC_SUBNET = "203.0.113.64/29"

INTERNET_DELAY_MS = 5

# Senders towards the modems make packets of real size: no segmentation may be left to the other end.
NO_GSO = "gso_max_segs 1"


@dataclass(frozen=True)
class Setup:
    """What to do in one network namespace; ``where`` is a node or a modem's namespace.

    ``pinned``: device -> number of the processor that takes what it receives (see effects.pin).
    """

    where: str
    sysctl: dict[str, str] = field(default_factory=dict)
    ip: list[str] = field(default_factory=list)
    tc: list[str] = field(default_factory=list)
    nft: str = ""
    pinned: dict[str, int] = field(default_factory=dict)


def mac(kind: int, index: int) -> str:
    """Return the address of an end of a link: kind 1 gateway, 2 modem lan, 3 modem wan, 4 core, 7 access concentrator;
    or of a node's interface by its node's number: kind 5 management, 6 the other. A restart does not change them, and
    neighbours know the node again at once.
    """
    return f"02:4c:41:00:{kind:02x}:{index:02x}"


def wan_addresses(link: Link) -> tuple[str, str]:
    """Return (core, modem) addresses of the way between them, without prefix."""
    return f"100.64.{link.index}.1", f"100.64.{link.index}.2"


def mgmt_lines(lab: Lab, namespaces: Mapping[str, str]) -> list[str]:
    """Return the lines, for the lab host's own namespace, that make the management network.

    ``namespaces``: node or modem namespace -> its path.
    """
    lines = [
        f"link add {lab.bridge} type bridge",
        f"addr add {lab.address()}/{lab.mgmt.prefixlen} dev {lab.bridge}",
        f"link set {lab.bridge} up",
    ]
    return lines + [mgmt_port_line(lab, node, namespaces) for node in lab.nodes]


def mgmt_port(lab: Lab, node: str) -> str:
    """Return the name of a node's port of the management bridge."""
    return f"{lab.lab_id}-m{NODES[node]}"


def mgmt_port_line(lab: Lab, node: str, namespaces: Mapping[str, str]) -> str:
    """Return the line, for the lab host's own namespace, that connects a node with the management network."""
    return (
        f"link add {mgmt_port(lab, node)} up master {lab.bridge}"
        f" type veth peer name mgmt0 netns {namespaces[node]} address {mac(5, NODES[node])}"
    )


@dataclass(frozen=True)
class Cable:
    """A veth pair between two nodes, by the names of its ends."""

    node: str
    name: str
    far_node: str
    far_name: str


CABLES = (
    Cable("gateway", "lan0", "client", "lan0"),
    Cable("gateway2", "lan0", "client2", "lan0"),
    Cable("concentrator", "eth0", "modems", "con0"),
    Cable("internet", "eth0", "modems", "net0"),
)


def cables(lab: Lab) -> list[Cable]:
    """Return the cables of the nodes that the lab has."""
    return [cable for cable in CABLES if cable.node in lab.nodes]


def cable_line(cable: Cable, namespaces: Mapping[str, str]) -> str:
    """Return the line, for the core's namespace, that lays a cable."""
    near, far = (namespaces[node] for node in (cable.node, cable.far_node))
    address = mac(6, NODES[cable.node])
    return f"link add {cable.name} netns {near} address {address} type veth peer name {cable.far_name} netns {far}"


def pair_lines(lab: Lab, namespaces: Mapping[str, str]) -> list[str]:
    """Return the lines that make every other veth pair, each end where it belongs.

    They run in the core's namespace: the kernel wants the names of both ends free where the request is
    made, and the lab host may well have an eth0 or wwan1 of its own.
    """

    lines = [cable_line(cable, namespaces) for cable in cables(lab)]
    for link in lab.links:
        lines.append(lan_pair_line(link, namespaces))
        lines.append(
            f"link add {shape.core_device(link)} netns {namespaces['modems']}"
            f" address {mac(4, link.index)} mtu {link.mtu} {NO_GSO}"
            f" type veth peer name {shape.MODEM_DEVICE} netns {namespaces[link.namespace]}"
            f" address {mac(3, link.index)} mtu {link.mtu} {NO_GSO}"
        )
    return lines


def lan_pair_line(link: Link, namespaces: Mapping[str, str]) -> str:
    """Return the line, for the core's namespace, that plugs a modem into its gateway."""
    mtu = max(1500, link.mtu)
    return (
        f"link add {link.interface} netns {namespaces[link.gateway]} address {mac(1, link.index)} mtu {mtu} {NO_GSO}"
        f" type veth peer name lan netns {namespaces[link.namespace]} address {mac(2, link.index)} mtu {mtu} {NO_GSO}"
    )


def lan_lines(link: Link) -> list[str]:
    """Return the lines, in the modem's namespace, that bring up its side towards the gateway."""
    if link.pppoe:
        return [f"link set lan master {pppoe.BRIDGE}", "link set lan up"]
    return [f"addr add {link.modem_address} dev lan", "link set lan up"]


def lan_pinned(link: Link) -> dict[str, int]:
    """Return which processor takes what comes from the gateway."""
    return {"lan": link.index}


def setups(lab: Lab) -> list[Setup]:
    """Return what to do in every namespace, once the pairs are there."""
    result = [
        *(Setup(client, {}, [*_node(lab, client), *_client_lines()]) for _gateway_node, client in lab.sites),
        *(_gateway(lab, gateway) for gateway, _client in lab.sites),
        _concentrator(lab),
        Setup(
            "internet",
            {},
            [
                *_node(lab, "internet"),
                *_addresses("eth0", *INTERNET, INTERNET_IPV6),
                *_default(CORE_TO_INTERNET, CORE_TO_INTERNET_IPV6),
            ],
            [_far("eth0")],
            pinned={"eth0": 1},
        ),
        _core(lab),
    ]
    return result + [_modem(lab, link) for link in lab.links]


def _client_lines() -> list[str]:
    return [*_addresses("lan0", CLIENT, CLIENT_IPV6), *_default(GATEWAY_LAN, GATEWAY_LAN_IPV6)]


def _gateway(lab: Lab, node: str) -> Setup:
    return Setup(node, {}, [*_node(lab, node), *_addresses("lan0", GATEWAY_LAN, GATEWAY_LAN_IPV6)])


def _concentrator(lab: Lab) -> Setup:
    lines = [
        *_node(lab, "concentrator"),
        *_addresses("eth0", CONCENTRATOR, CONCENTRATOR_IPV6),
        *_default(CORE_TO_CONCENTRATOR, CORE_TO_CONCENTRATOR_IPV6),
    ]
    return Setup("concentrator", {}, lines)


def _core_to_concentrator() -> list[str]:
    return [
        *_addresses("con0", CORE_TO_CONCENTRATOR, CORE_TO_CONCENTRATOR_IPV6),
        f"route add {PUBLIC_SUBNET} via {_bare(CONCENTRATOR)}",
    ]


def far_ends(lab: Lab, node: str, faults: Mapping[int, shape.Faults]) -> list[tuple[str, str]]:
    """Return the other ends of a node's interfaces, (namespace, device), but for the management network's."""
    ends = [(cable.far_node, cable.far_name) for cable in cables(lab) if cable.node == node]
    return ends + [(link.namespace, "lan") for link in _plugged(lab, node, faults)]


def replug_lines(lab: Lab, node: str, faults: Mapping[int, shape.Faults], namespaces: Mapping[str, str]) -> list[str]:
    """Return the lines, for the core's namespace, that connect a node again that has lost all interfaces."""
    laid = [cable_line(cable, namespaces) for cable in cables(lab) if cable.node == node]
    return laid + [lan_pair_line(link, namespaces) for link in _plugged(lab, node, faults)]


def replug_setups(lab: Lab, node: str, faults: Mapping[int, shape.Faults]) -> list[Setup]:
    """Return what to do on both ends then; a link that is out stays out, one that is down stays down."""
    if node == "concentrator":
        core = Setup("modems", WITH_IPV6["con0"], _core_to_concentrator(), pinned={"con0": 0})
        return [_concentrator(lab), core]
    setups = [_gateway(lab, node), *(Setup(client, ip=_client_lines()) for near, client in lab.sites if near == node)]
    for link in _plugged(lab, node, faults):
        down = ["link set lan down"] if faults.get(link.index, shape.Faults()).down else []
        setups.append(Setup(link.namespace, ip=[*lan_lines(link), *down], pinned=lan_pinned(link)))
    return setups


def _plugged(lab: Lab, node: str, faults: Mapping[int, shape.Faults]) -> list[Link]:
    """Return the links whose modem is plugged into that node."""
    plugged = [link for link in lab.links if link.gateway == node]
    return [link for link in plugged if not faults.get(link.index, shape.Faults()).unplug]


def _bare(address: str) -> str:
    return str(ipaddress.ip_interface(address).ip)


def _addresses(device: str, *addresses: str) -> list[str]:
    """A device up with its addresses, IPv6 at once and not after a second of asking whether others have it."""
    return [
        f"link set {device} up",
        *(f"addr add {address} dev {device}{' nodad' if ':' in address else ''}" for address in addresses),
    ]


def _default(*routers: str) -> list[str]:
    return [f"route add default via {_bare(router)}" for router in routers]


def _node(lab: Lab, node: str) -> list[str]:
    return ["link set lo up", f"addr add {lab.address(node)}/{lab.mgmt.prefixlen} dev mgmt0", "link set mgmt0 up"]


def _far(device: str) -> str:
    return f"qdisc replace dev {device} root netem limit {shape.WAY_PACKETS} delay {INTERNET_DELAY_MS}ms"


ROUTER_SYSCTL = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/rp_filter": "0",
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
}
# A device that is made later starts without IPv6, as the default says.
WITH_IPV6 = {device: {f"net/ipv6/conf/{device}/disable_ipv6": "0"} for device in ("con0", "net0")}
CORE_SYSCTL = {
    **ROUTER_SYSCTL,
    **WITH_IPV6["con0"],
    **WITH_IPV6["net0"],
    "net/ipv6/conf/all/forwarding": "1",
}


def _core(lab: Lab) -> Setup:
    ip = [
        *_node(lab, "modems"),
        *_core_to_concentrator(),
        *_addresses("net0", CORE_TO_INTERNET, CORE_TO_INTERNET_IPV6),
    ]
    tc = [_far("net0")]
    for link in lab.links:
        core, modem = wan_addresses(link)
        device = shape.core_device(link)
        # Fixed neighbours: a delay of seconds would make ARP give up, which is no property of such a link.
        ip += [
            f"addr add {core}/30 dev {device}",
            f"link set {device} up",
            f"neigh replace {modem} lladdr {mac(3, link.index)} dev {device} nud permanent",
        ]
        if not link.nat:
            ip.append(f"route add {ipaddress.ip_interface(link.modem_address).network} via {modem}")
        tc += shape.start_lines(link)[0]
    # The management network is no way round the modems.
    nft = (
        "table inet lab { chain forward { type filter hook forward priority 0;"
        ' iifname "mgmt0" drop; oifname "mgmt0" drop; }; }'
    )
    pinned = {"con0": 0, "net0": 1, **{shape.core_device(link): link.index for link in lab.links}}
    return Setup("modems", CORE_SYSCTL, ip, tc, nft, pinned)


def _modem(lab: Lab, link: Link) -> Setup:
    core, modem = wan_addresses(link)
    ip = [
        "link set lo up",
        *(_bridge_lines(link) if link.pppoe else []),
        *lan_lines(link),
        f"addr add {modem}/30 dev {shape.MODEM_DEVICE}",
        f"link set {shape.MODEM_DEVICE} up",
        f"neigh replace {core} lladdr {mac(4, link.index)} dev {shape.MODEM_DEVICE} nud permanent",
        f"route add default via {core}",
    ]
    # The pass-through that modems and providers have for PPTP: its GRE has no ports by which NAT could tell it.
    nft = (
        'table ip lab { ct helper pptp { type "pptp" protocol tcp; };'
        ' chain seen { type filter hook prerouting priority 0; tcp dport 1723 ct helper set "pptp"; };'
        " chain out { type nat hook postrouting priority 100;"
        f' oifname "{shape.MODEM_DEVICE}" masquerade; }}; }}'
    )
    pinned = {shape.MODEM_DEVICE: link.index, **lan_pinned(link)}
    return Setup(link.namespace, ROUTER_SYSCTL, ip, shape.start_lines(link)[1], nft if link.nat else "", pinned)


WEB_HOME = "/srv/lab"
WEB_FILE_BYTES = 64_000_000
WHO_FILE = "who"
# Which host answers, and whom it takes to be asking; at http://.../cgi-bin/who.
WHO = """\
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s %s\\n' "$(hostname)" "$REMOTE_ADDR"
"""


def web_servers() -> list[str]:
    """Return the command that makes the internet's file to download, and serves it at each IPv4 address."""
    addresses = " ".join(_bare(address) for address in INTERNET)
    script = (
        f"mkdir -p {WEB_HOME}/cgi-bin && install {INSIDE}/{WHO_FILE} {WEB_HOME}/cgi-bin &&"
        f" truncate -s {WEB_FILE_BYTES} {WEB_HOME}/big.bin &&"
        f" for a in {addresses}; do busybox httpd -p $a:80 -h {WEB_HOME} || exit 1; done"
    )
    return ["sh", "-c", script]


def _bridge_lines(link: Link) -> list[str]:
    """Return the lines that make the bridge on which the access concentrator of a PPPoE link listens."""
    address = mac(7, link.index)
    return [f"link add {pppoe.BRIDGE} address {address} type bridge", f"link set {pppoe.BRIDGE} up"]


def dnsmasq(link: Link) -> list[str]:
    """Return the command of a modem's DHCP server: one address to give, router the modem, an hour's lease."""
    network = ipaddress.IPv4Interface(link.modem_address).network
    return [
        "dnsmasq",
        "--conf-file=/dev/null",
        "--port=0",
        "--interface=lan",
        "--bind-dynamic",
        "--dhcp-authoritative",
        "--no-ping",
        # The address belongs to the port, whoever asks: a node may change its client id, never its cable.
        "--dhcp-ignore-clid",
        f"--dhcp-range={link.gateway_address},{link.gateway_address},{network.netmask},1h",
        f"--dhcp-host={mac(1, link.index)},{link.gateway_address}",
        f"--dhcp-option=option:router,{_bare(link.modem_address)}",
        "--dhcp-option=option:dns-server",
        f"--dhcp-leasefile=/run/dnsmasq-{link.index}.leases",
        f"--pid-file=/run/dnsmasq-{link.index}.pid",
        "--user=root",
    ]
