# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of policies: which traffic goes which way. Words for protocols and classes are those of nft(8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .deps import AddrFormatError, IPNetwork
from .keys import Key, Table
from .kinds import Kind, Refused, choice, interface, text

# What `via` may say besides names of links and bonds; no link can be called so.
DROP = "drop"
SPREAD = "spread"

# Each choice has a field of its own in the mark that a connection keeps (see policy_marks.py).
MOST_CHOICES = 3

PORT_PROTOCOLS = ("tcp", "udp", "sctp", "dccp", "udplite")
PROTOCOLS = (*PORT_PROTOCOLS, "icmp", "icmpv6", "gre", "esp", "ah", "igmp", "ipip")

# RFC 2474, 2597, 3246, 8622.
CLASSES = {
    **{f"cs{number}": 8 * number for number in range(8)},
    **{f"af{high}{low}": 8 * high + 2 * low for high in range(1, 5) for low in range(1, 4)},
    "ef": 46,
    "le": 1,
}


def network_or_host() -> Kind:
    """A subnet with no host bits set, or one address."""

    def parse(value: Any) -> IPNetwork:
        if not isinstance(value, str):
            raise Refused
        try:
            network = IPNetwork(str(value))
        except (AddrFormatError, ValueError) as exc:
            raise Refused from exc
        if network.cidr != network or network.ip != network.network:
            raise Refused(f"the subnet of that address is {network.cidr}")
        if network.prefixlen == 0:
            raise Refused("that is every address there is; leave the key out for that")
        return network.cidr

    return Kind("an address or a subnet, IPv4 or IPv6, such as 198.51.100.7 or 198.51.100.0/24", parse)


def ports() -> Kind:
    """``443`` or ``5060-5061``; the result is text as nft takes it."""

    def parse(value: Any) -> str:
        found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", str(value)) if not isinstance(value, bool) else None
        if not found:
            raise Refused
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last <= 65535:
            raise Refused
        return str(first) if first == last else f"{first}-{last}"

    return Kind("a port from 1 to 65535, or a range of them such as 5060-5061", parse)


def protocol() -> Kind:
    """A name or a number of an IP protocol; the result is text as nft takes it."""

    def parse(value: Any) -> str:
        if isinstance(value, str) and value in PROTOCOLS:
            return str(value)
        if not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,3}", str(value)) and 0 < int(value) < 256:
            return str(int(value))
        raise Refused

    return Kind(f"{', '.join(PROTOCOLS)}, or a number from 1 to 255", parse)


def dscp() -> Kind:
    """A class of DSCP by name or number; the result is the number."""

    def parse(value: Any) -> int:
        if isinstance(value, str) and value.lower() in CLASSES:
            return CLASSES[value.lower()]
        if not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,2}", str(value)) and int(value) < 64:
            return int(value)
        raise Refused

    return Kind("ef, cs0 to cs7, af11 to af43, le, or a number from 0 to 63", parse)


def domain() -> Kind:
    """A name that DNS can have addresses for."""
    label = r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?"
    return text(rf"(?=.{{1,253}}$){label}(?:\.{label})+", "a domain such as www.bank.example, without a wildcard")


def way() -> Kind:
    """The result is a tuple of names of links and bonds and numbers of bonds, or of one word."""
    words = "the name of a link or a bond, a bond_id, drop, spread"

    def one(value: Any) -> str | int:
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value):
            return value if isinstance(value, int) else str(value)
        raise Refused

    def parse(value: Any) -> tuple[str | int, ...]:
        if isinstance(value, (list, tuple)):
            if not value:
                raise Refused
            return tuple(one(element) for element in value)
        return (one(value),)

    return Kind(f"{words}, or a list of links and bonds of which the first that works is used", parse)


def weights() -> Kind:
    """Weights by name of a link; the result is a tuple of pairs."""

    def parse(value: Any) -> tuple[tuple[str, float], ...]:
        if not isinstance(value, Mapping) or not value:
            raise Refused
        return tuple((str(name), _weight(weight)) for name, weight in value.items())

    def _weight(value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
            raise Refused
        return float(value)

    return Kind("a mapping from names of links to numbers from 0, such as {lte1: 2, dsl: 1}", parse)


MATCH = Table(
    "match",
    (
        Key(
            "destinations",
            network_or_host(),
            many=True,
            remedy="list addresses and subnets of the other end",
            also_called=("destination", "to", "dst", "daddr", "subnets"),
        ),
        Key(
            "sources",
            network_or_host(),
            many=True,
            remedy="list addresses and subnets of hosts of the LAN",
            also_called=("source", "from", "src", "saddr", "hosts"),
        ),
        Key("domains", domain(), many=True, remedy="list names of servers", also_called=("domain", "names")),
        Key("interfaces", interface(), many=True, remedy="name interfaces of the gateway that it comes in by"),
        Key("protocols", protocol(), many=True, remedy="list IP protocols", also_called=("protocol", "proto")),
        Key("ports", ports(), many=True, remedy="list ports of the other end", also_called=("port", "dport", "dports")),
        Key("source_ports", ports(), many=True, remedy="list ports of hosts of the LAN", also_called=("sport",)),
        Key("dscp", dscp(), many=True, remedy="list classes that the packets have", also_called=("tos", "class")),
    ),
)

POLICY = Table(
    "policy",
    named_by="name",
    keys=(
        Key(
            "name",
            text(r"[a-z0-9][a-z0-9_-]{0,19}", "1 to 20 of a-z 0-9 _ -, beginning with a letter or digit"),
            required=True,
            remedy="give the policy a short name",
        ),
        Key("match", table=MATCH),
        Key("via", way(), remedy="say which way this traffic goes", also_called=("link", "links", "bond", "route")),
        Key("weights", weights(), remedy="give links their weights", also_called=("weight",)),
        Key(
            "per",
            choice("connection", "destination", "source"),
            default="connection",
            remedy="say what stays together on a link when traffic is spread",
        ),
        Key(
            "otherwise",
            choice("next", "drop"),
            default="next",
            remedy="say what happens while none of its ways works: next is the way that all other traffic goes",
            also_called=("fallback", "else"),
        ),
        Key("dscp", dscp(), remedy="give the class that the packets are to get", also_called=("set_dscp",)),
    ),
)
