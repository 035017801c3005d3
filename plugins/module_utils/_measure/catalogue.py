# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of tests. A new test is one new row; roles, reports and argument specs follow the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Direction = Literal["down", "up"]
Protocol = Literal["tcp", "udp", "http"]

# The share of the capacity that a UDP test offers. Headers of tunnels take a tenth: what a way that uses all links
# carries without loss, so that what gets lost is lost by the way.
OFFERED_SHARE = 0.88


@dataclass(frozen=True)
class Measurement:
    """One kind of measurement.

    :ivar protocol: what iperf3 sends, or `http` for files from web servers, which Python downloads.
    :ivar connections: iperf3 streams, or HTTP connections, in total; 0: no load at all.
    :ivar servers: over how many servers (of `http`: URLs) the connections are spread, one iperf3 client each.
    :ivar ping: round trip times are the result; the connections, if any, are the load meanwhile.
    """

    name: str
    title: str
    protocol: Protocol = "tcp"
    direction: Direction = "down"
    connections: int = 1
    servers: int = 1
    ping: bool = False


_ROWS = (
    Measurement("tcp_1_down", "1 TCP download"),
    Measurement("tcp_11_down", "11 TCP downloads", connections=11),
    Measurement("tcp_30_down", "30 TCP downloads from three servers", connections=30, servers=3),
    Measurement("udp_down", "UDP download", protocol="udp"),
    Measurement("tcp_1_up", "1 TCP upload", direction="up"),
    Measurement("udp_up", "UDP upload", protocol="udp", direction="up"),
    Measurement("ping_idle", "ping, idle", connections=0, ping=True),
    Measurement("ping_loaded", "ping during 11 downloads", connections=11, ping=True),
    Measurement("udp_30_down", "30 UDP flows down", protocol="udp", connections=30),
    Measurement("tcp_11_up", "11 TCP uploads", direction="up", connections=11),
    Measurement("http_1_down", "1 HTTP download", protocol="http"),
    Measurement("http_11_down", "11 HTTP downloads", protocol="http", connections=11),
    Measurement("http_30_down", "30 HTTP downloads from all mirrors", protocol="http", connections=30, servers=30),
)

TESTS: dict[str, Measurement] = {row.name: row for row in _ROWS}

# What a benchmark runs unless told otherwise, in this order.
DEFAULT_TESTS: tuple[str, ...] = (
    "tcp_1_down",
    "tcp_11_down",
    "tcp_30_down",
    "udp_down",
    "tcp_1_up",
    "udp_up",
    "ping_idle",
    "ping_loaded",
)


def programs(kinds: Iterable[Measurement]) -> list[str]:
    """The programs that these tests need on the node, in alphabetical order."""
    kinds = list(kinds)
    iperf3 = any(kind.connections and kind.protocol != "http" for kind in kinds)
    return ["iperf3"] * iperf3 + ["ping"] * any(kind.ping for kind in kinds)


def shares(total: int, parts: int) -> list[int]:
    """`total` connections over `parts` servers as evenly as possible: 11 over 3 is [4, 4, 3]."""
    parts = max(1, min(parts, total))
    return [total // parts + (1 if index < total % parts else 0) for index in range(parts)]
