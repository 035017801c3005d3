# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of quality of service (tc-cake(8))."""

from __future__ import annotations

from .keys import Key, Table
from .kinds import boolean, choice, integer

QOS = Table(
    "qos",
    (
        Key("enabled", boolean(), default=True, remedy="say whether what leaves by links is shaped"),
        Key(
            "share",
            integer(50, 100),
            default=98,
            remedy="say how many percent of the links' rates are used, so that packets wait here and not in the modem",
            also_called=("percent",),
        ),
        Key(
            "classes",
            choice("diffserv3", "diffserv4", "diffserv8", "besteffort"),
            default="diffserv4",
            remedy="choose how CAKE tells classes apart",
            also_called=("diffserv",),
        ),
        # Twice what links of today take with a server near by: CAKE thinks a queue too long from a twentieth of it on,
        # and one download over six links of 90 ms got 24.1 Mbit/s with 100 ms, 24.9 with 200 (medians of three).
        Key("rtt_ms", integer(1, 10000), default=200, remedy="give a usual round trip time, in ms"),
    ),
)
