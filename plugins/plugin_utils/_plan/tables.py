# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every key that the inventory may have, as data: kind, default, whether it must be there, what to do if wrong."""

from __future__ import annotations

from . import pppoe
from .bonding import BOND
from .carriers import CARRIERS, DEFAULT
from .keys import Key, Table
from .kinds import (
    address_or,
    boolean,
    choice,
    integer,
    interface,
    ip_address,
    lan_host,
    link_address,
    link_name,
    number,
    ports,
    positive_number,
    subnet,
    text,
)
from .limits import LAST_TABLE, MAX_LINK_ID, MAX_PRIORITY_BASE, MAX_SITE_ID
from .policy_keys import POLICY
from .proxy_keys import PROXY
from .qos_keys import QOS

# A carrier's options are a mapping named after it. Those of a site are for its links that have none.
LINK_OPTIONS = {
    carrier.name: Table(carrier.name, carrier.link_keys, secret=any(key.secret for key in carrier.link_keys))
    for carrier in CARRIERS.values()
    if carrier.link_keys
}
CONCENTRATOR_OPTIONS = {
    carrier.name: Table(carrier.name, carrier.concentrator_keys)
    for carrier in CARRIERS.values()
    if carrier.concentrator_keys
}
_LINK_OPTION_KEYS = tuple(Key(name, table=table) for name, table in LINK_OPTIONS.items())
_CARRIER = choice(*CARRIERS)

RATE = Table(
    "rate",
    (
        Key("down_mbit", positive_number(), remedy="give what the link carries towards the site, in Mbit/s"),
        Key("up_mbit", positive_number(), remedy="give what the link carries from the site, in Mbit/s"),
        Key(
            "follow",
            boolean(),
            default=False,
            remedy="say true if the link's rate changes, and is to be measured",
            also_called=("measure", "auto", "autorate", "adaptive"),
        ),
        Key(
            "least_percent",
            integer(1, 100),
            remedy="give the least that a followed link is thought to carry, in percent of its rates",
            also_called=("min", "min_percent", "min_mbit", "least_mbit"),
        ),
        Key(
            "most_percent",
            integer(100, 1000),
            remedy="give the most that a followed link is thought to carry, in percent of its rates",
            also_called=("max", "max_percent", "max_mbit", "most_mbit"),
        ),
        Key(
            "loss_percent",
            number(0, 50),
            default=0,
            remedy="give how many packets the link loses each way even when idle, in percent",
            also_called=("loss", "lost_percent", "packet_loss"),
        ),
    ),
)

CHECK = Table(
    "check",
    (
        Key("ping", address_or("next_hop"), default="next_hop", remedy="say whom to ask whether the link works"),
        Key(
            "interval_s",
            number(0.1, 3600),
            default=1,
            remedy="give the seconds between pings",
            also_called=("interval",),
        ),
        Key("lost", integer(1, 1000), default=3, remedy="say how many lost pings in a row make the link unusable"),
        Key("back", integer(1, 1000), default=2, remedy="say how many answers in a row make it usable again"),
    ),
)

LINK = Table(
    "link",
    named_by="name",
    keys=(
        Key(
            "name",
            link_name(),
            required=True,
            remedy="give the link a short name; interfaces are called after it",
        ),
        Key(
            "link_id",
            integer(1, MAX_LINK_ID),
            required=True,
            remedy="give the link a number of its own for life; addresses, table and mark derive from it",
        ),
        Key("interface", interface(), required=True, remedy="name the modem's interface as `ip link` shows it"),
        Key(
            "address",
            link_address(),
            default="unmanaged",
            remedy="say who gives the interface its address",
        ),
        Key("pppoe", table=pppoe.TABLE),
        Key("next_hop", ip_address(), remedy="give the modem's own address", also_called=("gateway", "via", "router")),
        Key(
            "mtu",
            integer(576, 9216),
            default=1500,
            remedy="give the size of the largest packet that the link carries (1500 usually, 1492 if the modem dials)",
        ),
        Key("rate", table=RATE),
        Key("carrier", _CARRIER, remedy="choose one of these, or leave it out for that of the site"),
        *_LINK_OPTION_KEYS,
        Key("check", table=CHECK, words={"ping": {}}, remedy="say how the link is watched, or leave it out"),
        Key(
            "concentrator_address",
            ip_address(),
            remedy="give one of the concentrator's public addresses, or leave it out for its `address`",
            also_called=("to", "remote", "endpoint"),
        ),
    ),
)

LAN = Table(
    "lan",
    (
        Key("interface", interface(), remedy="name the LAN's interface as `ip link` shows it"),
        Key(
            "subnets",
            subnet(4, 6),
            many=True,
            required=True,
            remedy="list the subnets behind the gateway; the concentrator routes them back to the site",
        ),
    ),
)

FORWARD = Table(
    "forward",
    named_by="port",
    keys=(
        Key(
            "port",
            ports(),
            required=True,
            remedy="give the concentrator's port, or the first and the last of several",
            also_called=("ports", "dport", "listen", "listen_port", "external_port"),
        ),
        Key(
            "to",
            lan_host(),
            required=True,
            remedy="give the address of a host on the site's LAN",
            also_called=("host", "address", "target", "destination"),
        ),
        Key(
            "to_port",
            integer(1, 65535),
            remedy="give the host's port, or leave it out when it is the same",
            also_called=("target_port", "internal_port"),
        ),
        Key("protocol", choice("tcp", "udp", "both"), default="tcp", remedy="choose one of these"),
        Key(
            "from",
            subnet(4),
            many=True,
            remedy="list the subnets that may use it, or leave it out for all",
            also_called=("source", "sources", "allow"),
        ),
        Key(
            "instead_of_ssh",
            boolean(),
            default=False,
            remedy="say true if the concentrator's own ssh is at another port",
        ),
    ),
)

SERVICE = Table(
    "service",
    named_by="port",
    keys=(
        Key(
            "port",
            ports(),
            required=True,
            remedy="give a port of the concentrator, or the first and the last of several",
        ),
        Key("protocol", choice("tcp", "udp", "both"), default="tcp", remedy="choose one of these"),
    ),
)

SITE = Table(
    "site",
    variable="linkagg_site",
    keys=(
        Key(
            "site_id",
            integer(1, MAX_SITE_ID),
            required=True,
            remedy="give the site a number of its own for life; addresses and tunnel ids derive from it",
        ),
        Key(
            "concentrator",
            text(r"\S+", "the name of a host in group concentrators, or none"),
            remedy="name the host in group concentrators that this site connects to, or say none",
        ),
        Key("lan", table=LAN),
        Key("links", table=LINK, many=True, required=True, remedy="list the site's links, one at least"),
        Key("bonds", table=BOND, many=True, remedy="leave it out for one bond over all links"),
        Key("proxy", table=PROXY, also_called=("mptcp", "mptcp_proxy", "tcp_proxy")),
        Key("qos", table=QOS, remedy="say how what leaves by links is shaped, or leave it out"),
        Key("policies", table=POLICY, many=True, remedy="list policies; the first that matches decides"),
        Key(
            "public_subnets",
            subnet(4, 6),
            many=True,
            remedy="list the subnets that the provider routes to the concentrator for this site, or leave it out",
        ),
        Key(
            "forwards",
            table=FORWARD,
            many=True,
            remedy="list the concentrator's ports that lead to this site, or leave it out",
            also_called=("port_forwards", "port_forwardings", "dnat"),
        ),
        Key(
            "reaches",
            text(r"\S+", "the name of a host in group gateways"),
            many=True,
            remedy="list the hosts of sites to which this one may open connections, or leave it out",
            also_called=("allow", "allowed_sites", "peers"),
        ),
        Key(
            "table_base",
            integer(1, 0xFFFFFFFF - LAST_TABLE),
            default=7600,
            remedy="choose another first number; routing tables and metrics are counted from it",
        ),
        Key(
            "mark_base",
            integer(1, 0xFFFFFFFF - MAX_LINK_ID),
            default=0x7600,
            remedy="choose another first number; firewall marks are counted from it",
        ),
        Key(
            "priority_base",
            integer(1, MAX_PRIORITY_BASE),
            default=7600,
            remedy="choose another first number; priorities of policy rules are counted from it",
        ),
        Key("carrier", _CARRIER, default=DEFAULT, remedy="choose what its links are crossed by"),
        *_LINK_OPTION_KEYS,
        Key(
            "routing",
            choice("marks", "host_routes"),
            default="marks",
            remedy="say how the carriers find their links: by marks, or by a public address and a host route each",
        ),
    ),
)

CONCENTRATOR = Table(
    "concentrator",
    variable="linkagg_concentrator",
    keys=(
        Key(
            "address",
            ip_address(),
            required=True,
            remedy="give the public address that the sites can reach",
        ),
        Key("interface", interface(), remedy="name the interface of the way out, or leave it out"),
        Key("listen_port", integer(1, 65535), default=51820, remedy="choose a free UDP port"),
        Key(
            "mtu",
            integer(576, 9216),
            default=1500,
            remedy="give the size of the largest packet that its way out carries (usually 1500)",
        ),
        Key(
            "carrier_pool",
            subnet(4),
            default="10.208.0.0/12",
            remedy="give a private subnet that nothing else uses",
        ),
        Key(
            "bond_pool",
            subnet(4),
            default="10.200.0.0/13",
            remedy="give a private subnet that nothing else uses",
        ),
        Key(
            "bond_pool_ipv6",
            subnet(6),
            remedy="give a subnet that nothing else uses, or leave it out for a private one made of the address",
            also_called=("bond_pool6", "bond_pool_v6"),
        ),
        Key(
            "masquerade_ipv6",
            choice("private", "all", "none"),
            default="private",
            remedy="say whose IPv6 addresses the concentrator hides behind its own",
            also_called=("nat66", "nat6", "npt", "masquerade"),
        ),
        Key("vxlan_port", integer(1, 65535), default=4789, remedy="choose a free UDP port"),
        Key(
            "proxy_port",
            integer(1024, 32767),
            default=7600,
            remedy="choose a port that is free at the concentrator (TCP and UDP) and its sites' gateways (TCP)",
            also_called=("mptcp_port",),
        ),
        *(Key(name, table=table) for name, table in CONCENTRATOR_OPTIONS.items()),
        Key(
            "services",
            table=SERVICE,
            many=True,
            remedy="list ports at which sites may reach the concentrator itself over their bonds, or leave it out",
            also_called=("open_ports", "allowed_ports"),
        ),
        Key(
            "forward_addresses",
            ip_address(4),
            many=True,
            remedy="list the server's own addresses whose ports are forwarded, or leave it out for its address",
        ),
        Key(
            "proxy_arp",
            boolean(),
            default=False,
            remedy="say true if the provider does not route the sites' public subnets, but has them on its wire",
        ),
        Key(
            "table_base",
            integer(1, 0xFFFFFFFF - MAX_SITE_ID),
            default=7600,
            remedy="choose another first number; routing tables of sites are counted from it",
        ),
        Key(
            "mark_base",
            integer(1, 0xFFFFFFFF - MAX_SITE_ID),
            default=0x7600,
            remedy="choose another first number; marks of sites are counted from it",
        ),
        Key("priority_base", integer(1, 32765), default=7600, remedy="choose another priority"),
        Key(
            "addresses",
            ip_address(),
            many=True,
            remedy="list its further public addresses, to which links can be sent by `concentrator_address`",
        ),
    ),
)
