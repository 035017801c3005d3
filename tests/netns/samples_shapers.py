# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples for every row of every kind of shaper; the words are those of ``tc qdisc show`` and ``tc -d class show``."""

from __future__ import annotations

from typing import Any

from ansible_collections.linkagg.wan.tests.netns.samples import Sample

# What a shaper of the kind has in every sample.
BASE: dict[str, dict[str, Any]] = {
    "cake": {},
    "tbf": {"rate": "5mbit", "burst": "10kb", "latency": "50ms"},
    "netem": {},
    "fq_codel": {},
    "htb": {},
    "htb_class": {"classid": "7600:1", "rate": "5mbit"},
}

INTERFACE = Sample(("wan1", "wan2"), ("dev wan1", "dev wan2"))
PARENT = Sample(("7600:1", "7600:fffe"), ("parent 7600:1 ", "parent 7600:fffe "))
_LATE = {"delay": "10ms"}

SAMPLES: dict[str, dict[str, Sample]] = {
    "cake": {
        "interface": INTERFACE,
        "parent": PARENT,
        "rate": Sample(("5mbit", "800kbit"), ("bandwidth 5Mbit", "bandwidth 800Kbit")),
        "rtt": Sample(("50ms", "1500us"), ("rtt 50ms", "rtt 1.5ms")),
        "overhead": Sample((38, -4), ("overhead 38", "overhead -4")),
        "mpu": Sample((64, 96), ("mpu 64", "mpu 96"), {"overhead": 0}),
        "atm": Sample(("atm", "ptm"), ("atm overhead", "ptm overhead"), {"overhead": 0}),
        "diffserv": Sample(("diffserv4", "besteffort"), ("diffserv4", "besteffort")),
        "flow_mode": Sample(("dual-srchost", "flowblind"), ("dual-srchost", "flowblind")),
        "nat": Sample((True, False), ("nat", "nonat")),
        "wash": Sample((True, False), ("wash", "nowash")),
        "ack_filter": Sample(("filter", "aggressive"), ("ack-filter", "ack-filter-aggressive")),
        "split_gso": Sample((False, True), ("no-split-gso", "split-gso")),
        "ingress": Sample((True, False), ("nowash ingress no-ack", "nowash no-ack")),
        "autorate_ingress": Sample((True, False), ("autorate-ingress", "bandwidth unlimited diffserv3")),
        "memory_limit": Sample(("4mb", "1mb"), ("memlimit 4Mb", "memlimit 1Mb")),
        "fwmark": Sample((0xFF, 0xF0), ("fwmark 0xff", "fwmark 0xf0")),
    },
    "tbf": {
        "interface": INTERFACE,
        "parent": PARENT,
        "rate": Sample(("5mbit", "40gbit"), ("rate 5Mbit", "rate 40Gbit"), {"latency": None, "limit": "40kb"}),
        "burst": Sample(("10kb", "20kb"), ("burst 10Kb", "burst 20Kb"), {"latency": None, "limit": "40kb"}),
        "latency": Sample(("50ms", "200ms"), ("lat 50ms", "lat 200ms")),
        "limit": Sample(("30kb", "60kb"), ("lat 32.8ms", "lat 81.9ms"), {"latency": None}),
        "peakrate": Sample(("6mbit", "40gbit"), ("peakrate 6Mbit", "peakrate 40Gbit"), {"mtu": "1600"}),
        "mtu": Sample((1600, 3200), ("minburst 1600b", "minburst 3200b"), {"peakrate": "8mbit"}),
    },
    "netem": {
        "interface": INTERFACE,
        "parent": PARENT,
        "delay": Sample(("10ms", "1s"), ("delay 10ms", "delay 1s")),
        "jitter": Sample(("2ms", "3ms"), ("delay 10ms 2ms", "delay 10ms 3ms"), _LATE),
        "delay_correlation": Sample((25.0, 50.0), ("10ms 2ms 25%", "10ms 2ms 50%"), {**_LATE, "jitter": "2ms"}),
        "loss": Sample((0.5, 20.0), ("loss 0.5%", "loss 20%")),
        "loss_correlation": Sample((25.0, 50.0), ("loss 1% 25%", "loss 1% 50%"), {"loss": 1}),
        "duplicate": Sample((1.0, 2.5), ("duplicate 1%", "duplicate 2.5%")),
        "duplicate_correlation": Sample((25.0, 50.0), ("duplicate 1% 25%", "duplicate 1% 50%"), {"duplicate": 1}),
        "reorder": Sample((25.0, 50.0), ("reorder 25%", "reorder 50%"), _LATE),
        "reorder_correlation": Sample((10.0, 20.0), ("reorder 25% 10%", "reorder 25% 20%"), {**_LATE, "reorder": 25}),
        "gap": Sample((5, 10), ("gap 5", "gap 10"), {**_LATE, "reorder": 25}),
        "corrupt": Sample((0.1, 1.0), ("corrupt 0.1%", "corrupt 1%")),
        "corrupt_correlation": Sample((25.0, 50.0), ("corrupt 1% 25%", "corrupt 1% 50%"), {"corrupt": 1}),
        "rate": Sample(("5mbit", "40gbit"), ("rate 5Mbit", "rate 40Gbit")),
        "limit": Sample((100, 2000), ("limit 100", "limit 2000")),
        "ecn": Sample((True, False), ("loss 1% ecn", "loss 1%"), {"loss": 1}),
    },
    "fq_codel": {
        "interface": INTERFACE,
        "parent": PARENT,
        "limit": Sample((1000, 2000), ("limit 1000p", "limit 2000p")),
        "flows": Sample((64, 128), ("flows 64", "flows 128")),
        "target": Sample(("10ms", "20ms"), ("target 10ms", "target 20ms")),
        "interval": Sample(("200ms", "50ms"), ("interval 200ms", "interval 50ms")),
        "quantum": Sample((300, 1514), ("quantum 300", "quantum 1514")),
        "ecn": Sample((False, True), ("memory_limit 32Mb drop_batch", "memory_limit 32Mb ecn")),
        "memory_limit": Sample(("4mb", "8mb"), ("memory_limit 4Mb", "memory_limit 8Mb")),
        "drop_batch": Sample((8, 16), ("drop_batch 8", "drop_batch 16")),
    },
    "htb": {"interface": INTERFACE},
    "htb_class": {
        "interface": INTERFACE,
        "classid": Sample(("7600:1", "7600:fffe"), ("htb 7600:1 ", "htb 7600:fffe ")),
        "rate": Sample(("5mbit", "40gbit"), ("rate 5Mbit ceil 5Mbit", "rate 40Gbit ceil 40Gbit")),
        "burst": Sample(("10kb", 3000), (" burst 10Kb/1", " burst 3000b/1")),
        "overhead": Sample((60, 68), ("overhead 60", "overhead 68")),
    },
}
