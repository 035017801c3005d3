# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every key that the inventory may have, as data: kind, default, whether it must be there, what to do if wrong."""

from __future__ import annotations

from .bonding import BOND
from .carriers import CARRIERS, DEFAULT
from .keys import Key, Table
from .kinds import (
    choice,
    integer,
    interface,
    ip_address,
    link_address,
    link_name,
    positive_number,
    subnet,
    text,
)
from .limits import LAST_TABLE, MAX_LINK_ID, MAX_PRIORITY_BASE, MAX_SITE_ID
from .policy_keys import POLICY

# A carrier's options are a mapping named after it. Those of a site are for its links that have none.
LINK_OPTIONS = {
    carrier.name: Table(carrier.name, carrier.link_keys) for carrier in CARRIERS.values() if carrier.link_keys
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
        Key("next_hop", ip_address(), remedy="give the modem's own address", also_called=("gateway", "via", "router")),
        Key(
            "mtu",
            integer(576, 9216),
            default=1500,
            remedy="give the size of the largest packet that the link carries (usually 1500, with PPPoE 1492)",
        ),
        Key("rate", table=RATE),
        Key("carrier", _CARRIER, remedy="choose one of these, or leave it out for that of the site"),
        *_LINK_OPTION_KEYS,
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
        Key("policies", table=POLICY, many=True, remedy="list policies; the first that matches decides"),
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
        *(Key(name, table=table) for name, table in CONCENTRATOR_OPTIONS.items()),
    ),
)
