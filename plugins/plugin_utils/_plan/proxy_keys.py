# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of the MPTCP proxy of a site."""

from __future__ import annotations

from .keys import Key, Table
from .kinds import boolean, choice, integer
from .policy_keys import network_or_host, ports

BYPASS = Table(
    "bypass",
    (
        Key(
            "destinations",
            network_or_host(),
            many=True,
            remedy="list addresses and subnets that are to be reached over the bond instead",
            also_called=("destination", "addresses", "subnets", "hosts"),
        ),
        Key(
            "ports",
            ports(),
            many=True,
            remedy="list TCP ports that are to be reached over the bond instead",
            also_called=("port",),
        ),
    ),
)

PROXY = Table(
    "proxy",
    (
        Key("enabled", boolean(), default=True, remedy="say whether TCP of the LAN goes through the proxy"),
        Key(
            "transport",
            choice("mptcp", "relay"),
            remedy="say how connections cross the links; left out: relay where rates are followed, else mptcp",
            also_called=("over", "via"),
        ),
        Key(
            "quic",
            choice("allow", "reject"),
            default="allow",
            remedy="say whether UDP port 443 may leave; rejected, browsers use TCP, which the proxy speeds up",
            also_called=("http3", "udp_443"),
        ),
        Key("bypass", table=BYPASS),
        Key(
            "congestion_control",
            choice("bbr", "cubic"),
            remedy="name what subflows are to use, or leave it out for what the system uses",
            also_called=("congctl", "tcp_congestion_control"),
        ),
        Key(
            "max_connections",
            integer(10, 100000),
            default=8000,
            remedy="say how many connections there may be at a time; more than that wait",
            also_called=("maxconn",),
        ),
    ),
)
