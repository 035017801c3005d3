# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time and memory of planning a fleet, for growing numbers of sites of six links each.

Run where ``ansible_collections`` is in the path::

    python -m ansible_collections.linkagg.wan.tests.perf.bench_planner [SITES ...]

Each size runs in a process of its own, whose memory is what planning added to that of the inventory itself. The
columns for one site must stay the same from line to line: then both grow linearly.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from typing import Any

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan

SIZES = (1000, 3000, 10000)
LINKS = 6
CONCENTRATORS = 4
HEADER = f"{'sites':>6} {'seconds':>8} {'MB':>7} {'ms a site':>10} {'kB a site':>10}"


def fleet(sites: int) -> dict[str, Any]:
    """Sites of every sort: static and DHCP links, IPv6 in every second LAN, two bonds at every fourth site."""
    return {
        "concentrators": {f"vps{number}": {"address": f"203.0.113.{2 + number}"} for number in range(CONCENTRATORS)},
        "sites": {f"site{number}": _site(number) for number in range(1, sites + 1)},
    }


def _site(number: int) -> dict[str, Any]:
    high, low = divmod(number, 256)
    two_bonds = {"bonds": [{"bond_id": 0}, {"bond_id": 1, "mode": "broadcast", "leg": "vxlan"}]}
    return {
        "site_id": number,
        "concentrator": f"vps{number % CONCENTRATORS}",
        "lan": {"subnets": [f"10.{high}.{low}.0/24", *([f"fd00:0:0:{number:x}::/64"] if number % 2 else [])]},
        "links": [_link(link_id) for link_id in range(1, LINKS + 1)],
        **({} if number % 4 else two_bonds),
    }


def _link(link_id: int) -> dict[str, Any]:
    link = {"name": f"lte{link_id}", "link_id": link_id, "interface": f"wwan{link_id}"}
    if link_id % 2:
        return {**link, "address": "dhcp"}
    return {**link, "address": f"192.168.{link_id}.2/24", "next_hop": f"192.168.{link_id}.1", "mtu": 1492}


def measure(sites: int) -> dict[str, float]:
    """Seconds of the processor and MB that planning so many sites takes, in this process."""
    inventory = fleet(sites)
    gc.collect()
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    plan = make_plan(inventory)
    seconds = time.process_time() - started
    megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    if len(plan["nodes"]) != sites + CONCENTRATORS:
        raise AssertionError(f"{len(plan['nodes'])} nodes planned for {sites} sites")
    return {"sites": sites, "seconds": seconds, "megabytes": megabytes}


def line(measured: dict[str, float]) -> str:
    """One line below HEADER."""
    sites, seconds, megabytes = measured["sites"], measured["seconds"], measured["megabytes"]
    per_site = f"{1000 * seconds / sites:10.3f} {1024 * megabytes / sites:10.1f}"
    return f"{sites:6.0f} {seconds:8.2f} {megabytes:7.1f} {per_site}"


def main(arguments: list[str]) -> None:
    """``--one SITES`` prints one measurement as JSON, anything else is sizes for the table."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(int(arguments[1]))))
        return
    print(f"planner: sites of {LINKS} links, {CONCENTRATORS} concentrators")
    print(HEADER)
    for size in [int(argument) for argument in arguments] or SIZES:
        command = [sys.executable, "-m", __spec__.name, "--one", str(size)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        print(line(json.loads(done.stdout)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
