# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples for every row of links, routes and rules; the words are those of ``ip address``, ``route`` and ``rule``."""

from __future__ import annotations

from typing import Any

from ansible_collections.linkagg.wan.tests.netns.samples import Sample

# What is there for all of them: interfaces with addresses, whose subnets have next hops.
DEVICES = {"wan1": ("10.0.1.2/24", "10.0.1.3/24", "fd01::2/64"), "wan2": ("10.0.2.2/24", "fd02::2/64")}

# Rows that no two objects of the kind can have in common: a changed one is another object.
BASE: dict[str, dict[str, Any]] = {
    "link": {"interface": "wan3"},
    "route": {"destination": "10.9.0.0/16", "via": "10.0.1.1", "device": "wan1", "table": 7601},
    "rule": {"priority": 7601, "table": 7601},
}
_SIX = {"destination": "fd09::/64", "via": "fd01::1", "device": "wan1"}


def _hop(via: str, device: str, weight: int) -> dict[str, Any]:
    return {"via": via, "device": device, "weight": weight}


SAMPLES: dict[str, dict[str, Sample]] = {
    "link": {
        "interface": Sample(
            ("wan3", "wan4"), ("wan3@wan3p: <BROADCAST,MULTICAST,UP", "wan4@wan4p: <BROADCAST,MULTICAST,UP")
        ),
        "up": Sample((True, False, True), (",UP", "", ",UP")),
        "addresses": Sample((["10.9.0.1/24"], ["10.9.1.1/24", "fd09::1/64"], []), ("10.9.0.1/24 ", "fd09::1/64 ", "")),
    },
    "route": {
        "destination": Sample(("10.9.0.0/16", "10.8.0.1/32", "default"), ("10.9.0.0/16 ", "10.8.0.1 ", "default ")),
        "via": Sample(("10.0.1.1", "10.0.1.9"), ("via 10.0.1.1 ", "via 10.0.1.9 ")),
        "device": Sample(("wan1", "wan2"), ("dev wan1 ", "dev wan2 "), {"via": ""}),
        "table": Sample((7601, 254, 255000), ("table 7601 ", "", "table 255000 ")),
        "metric": Sample((7, 0, 0xFFFFFFFF), ("metric 7 ", "", "metric 4294967295 ")),
        "source": Sample(("10.0.1.2", "10.0.1.3", ""), ("src 10.0.1.2 ", "src 10.0.1.3 ", "")),
        "type": Sample(
            ("blackhole", "unreachable", "prohibit", "throw", "blackhole"),
            ("blackhole 10.9", "unreachable 10.9", "prohibit 10.9", "throw 10.9", "blackhole 10.9"),
            {"via": "", "device": None},
        ),
        "family": Sample(
            ("ipv4", "ipv6"),
            ("blackhole default table 7601 ", "blackhole default dev lo table 7601 "),
            {"destination": "default", "type": "blackhole", "via": "", "device": None},
        ),
        "nexthops": Sample(
            (
                [_hop("10.0.1.1", "wan1", 1), _hop("10.0.2.1", "wan2", 3)],
                [_hop("10.0.1.1", "wan1", 256), _hop("10.0.1.9", "wan1", 2)],
                [{"device": "wan1"}, {"via": "10.0.2.1", "device": "wan2"}],
            ),
            (
                "nexthop via 10.0.2.1 dev wan2 weight 3 ",
                "nexthop via 10.0.1.1 dev wan1 weight 256 ",
                "nexthop dev wan1 weight 1 ",
            ),
            {"via": "", "device": None},
        ),
        "scope": Sample(("link", "host", "global"), ("scope link ", "scope host ", ""), {"via": ""}),
        "onlink": Sample((True, False), ("onlink ", "")),
        "mtu": Sample((1300, 1400), ("mtu 1300 ", "mtu 1400 ")),
        "window": Sample((10000, 20000), ("window 10000 ", "window 20000 ")),
        "advmss": Sample((1200, 1300), ("advmss 1200 ", "advmss 1300 ")),
        "reordering": Sample((5, 9), ("reordering 5 ", "reordering 9 ")),
        "hoplimit": Sample((33, 255), ("hoplimit 33 ", "hoplimit 255 ")),
        "initcwnd": Sample((20, 40), ("initcwnd 20 ", "initcwnd 40 ")),
        "rto_min_ms": Sample((50, 300), ("rto_min 50ms ", "rto_min 300ms ")),
        "initrwnd": Sample((20, 40), ("initrwnd 20 ", "initrwnd 40 ")),
        "quickack": Sample((True, False), ("quickack 1 ", "")),
        "congctl": Sample(("reno", "cubic", "lock reno"), ("congctl reno ", "congctl cubic ", "congctl lock reno ")),
    },
    "rule": {
        "priority": Sample((7601, 32765), ("7601:", "32765:")),
        "from": Sample(("10.0.0.0/8", "fd00::/64"), ("from 10.0.0.0/8 ", "from fd00::/64 ")),
        "to": Sample(("10.0.0.0/8", "fd00::1/128"), ("to 10.0.0.0/8 ", "to fd00::1 ")),
        "tos": Sample((0x10, 0x08), ("tos 0x10 ", "tos 0x08 ")),
        "fwmark": Sample((0x7601, 0xFFFFFFFF), ("fwmark 0x7601 ", "fwmark 0xffffffff ")),
        "fwmask": Sample((0xFF00, 0xFFFF), ("fwmark 0x7601/0xff00 ", "fwmark 0x7601/0xffff "), {"fwmark": 0x7601}),
        "iif": Sample(("wan1", "late9"), ("iif wan1 ", "iif late9 ")),
        "oif": Sample(("wan1", "late9"), ("oif wan1 ", "oif late9 ")),
        "uidrange": Sample(("0", "1000-1999"), ("uidrange 0-0 ", "uidrange 1000-1999 ")),
        "ipproto": Sample(("tcp", "udp", "89"), ("ipproto tcp ", "ipproto udp ", "ipproto ospf ")),
        "sport": Sample(("53", "5000-5999"), ("sport 53 ", "sport 5000-5999 ")),
        "dport": Sample(("443", "5000-5999"), ("dport 443 ", "dport 5000-5999 ")),
        "table": Sample((7601, 254, 255000), ("lookup 7601 ", "lookup main ", "lookup 255000 ")),
        "suppress_prefixlength": Sample((0, 24), ("suppress_prefixlength 0 ", "suppress_prefixlength 24 ")),
        "family": Sample(("ipv4", "ipv6"), ("IPv4 7601: from all lookup 7601 ", "IPv6 7601: from all lookup 7601 ")),
    },
}

# The rows that IPv6 has in another way, over IPv6.
SAMPLES_IPV6: dict[str, Sample] = {
    "via": Sample(("fd01::1", "fd01::9"), ("via fd01::1 ", "via fd01::9 "), _SIX),
    "metric": Sample((7, 0), ("metric 7 ", "metric 1024 "), _SIX),
    "type": Sample(
        ("blackhole", "unreachable", "prohibit"),
        ("blackhole fd09", "unreachable fd09", "prohibit fd09"),
        {"destination": "fd09::/64", "via": "", "device": None},
    ),
    "nexthops": Sample(
        (
            [_hop("fd01::1", "wan1", 1), _hop("fd02::1", "wan2", 3)],
            [_hop("fd01::1", "wan1", 2), _hop("fd01::9", "wan1", 1)],
        ),
        ("nexthop via fd02::1 dev wan2 weight 3 ", "nexthop via fd01::1 dev wan1 weight 2 "),
        {"destination": "fd09::/64", "via": "", "device": None},
    ),
    "mtu": Sample((1300, 1400), ("mtu 1300 ", "mtu 1400 "), _SIX),
    "congctl": Sample(("reno", "cubic", "lock reno"), ("congctl reno ", "congctl cubic ", "congctl lock reno "), _SIX),
    "onlink": Sample((True, False), ("onlink ", ""), _SIX),
}
