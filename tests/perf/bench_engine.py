# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against ``ip`` on this machine's kernel: vxlan legs with a route and a rule each.

Run as root where ``ansible_collections`` is in the path::

    python -m ansible_collections.linkagg.wan.tests.perf.bench_engine [SIZE ...]

Whole processes are timed, Python's start and Ansible's part of a module included, each in a network namespace of its
own that is thrown away; and, apart from that, the engine's part of such a call. Machines are noisy: what counts are
the ratios, ``ip``, module and engine taking turns in one run.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._engine.reconcile import reconcile
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_lists
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MODULES
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel
from ansible_collections.linkagg.wan.plugins.modules import network

SIZES = (100, 1000, 10000)
REPEATS = {100: 5, 1000: 3}
LIMIT_S = 900
NAME = "ansible_collections.linkagg.wan.tests.perf.bench_engine"
LISTS = {name: kinds for part in network.PARTS for name, kinds in MODULES[part].items()}
KINDS = {kind.name: kind for kinds in LISTS.values() for kind in kinds}
READING = (
    "ip -d -j link; ip -j address; ip -4 -j route show table all; ip -6 -j route show table all; "
    "ip -4 -j rule; ip -6 -j rule"
)


def state(size: int) -> dict[str, list[dict[str, Any]]]:
    """Arguments of the module for that many legs."""
    numbers = range(size)
    address = [f"10.{100 + n // 62500}.{n // 250 % 250}.{n % 250 + 1}" for n in numbers]
    return {
        "tunnels": [
            {"kind": "vxlan", "name": f"leg{n}", "vni": n + 1, "local": "10.0.0.1", "remote": address[n], "mtu": 1398}
            for n in numbers
        ],
        "routes": [{"destination": f"{address[n]}/32", "device": f"leg{n}", "table": 10000 + n} for n in numbers],
        "rules": [{"from": f"{address[n]}/32", "table": 10000 + n, "priority": 1000 + n} for n in numbers],
    }


def batch(size: int) -> str:
    """The same for ``ip -batch``."""
    wanted = state(size)
    lines = [
        f"link add {leg['name']} mtu {leg['mtu']} type vxlan id {leg['vni']} local {leg['local']} "
        f"remote {leg['remote']} dstport 4789 ttl 64\n"
        f"link set {leg['name']} up alias linkagg.wan"
        for leg in wanted["tunnels"]
    ]
    lines += [
        f"route add {item['destination']} dev {item['device']} table {item['table']} protocol 76"
        for item in wanted["routes"]
    ]
    lines += [
        f"rule add from {item['from']} lookup {item['table']} priority {item['priority']} protocol 76"
        for item in wanted["rules"]
    ]
    return "\n".join(lines) + "\n"


def timed(command: Sequence[str], text: str = "") -> tuple[float, str]:
    """Seconds of a whole process, and what it printed."""
    began = time.monotonic()
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    seconds = time.monotonic() - began
    if done.returncode and not done.stdout:
        raise SystemExit(f"{' '.join(command)[:80]}: {done.stderr[-2000:]}")
    return seconds, done.stdout


def run_module(arguments: dict[str, Any], changed: bool) -> float:
    """Seconds of one call of linkagg.wan.network, what it saves for a restart included."""
    text = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    seconds, output = timed([sys.executable, "-m", network.__name__], text)
    result = json.loads(output)
    if result.get("failed") or result["changed"] is not changed:
        raise SystemExit(f"network: {result.get('msg', result.get('steps'))!s:.2000}")
    return seconds


def with_ip(size: int) -> dict[str, float]:
    """In this process's namespace: made and read by ``ip``."""
    made, _output = timed(["ip", "-batch", "-"], batch(size))
    read, _output = timed(["sh", "-c", READING])
    return {"create": made, "read": read}


def with_module(size: int) -> dict[str, float]:
    """In this process's namespace: made, seen to be there, and one leg changed by the module."""
    wanted: dict[str, Any] = state(size)
    with tempfile.TemporaryDirectory() as directory:
        wanted["state_directory"] = directory
        result = {"create": run_module(wanted, True), "no change": run_module(wanted, False)}
        wanted["tunnels"][size // 2]["mtu"] = 1400
        result["change one"] = run_module(wanted, True)
    result["peak MB"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return result


def with_engine(size: int) -> dict[str, float]:
    """The same as with_module within this process: from parsed arguments to the outcome."""
    wanted: dict[str, Any] = {**dict.fromkeys(LISTS, ()), **state(size)}
    result = {"create": run_engine(wanted, True), "no change": run_engine(wanted, False)}
    wanted["tunnels"][size // 2]["mtu"] = 1400
    return {**result, "change one": run_engine(wanted, True)}


def run_engine(arguments: dict[str, Any], changed: bool) -> float:
    """Seconds of one reconciliation."""
    want = parse_lists(LISTS, arguments)
    began = time.monotonic()
    with NetlinkKernel() as kernel:
        outcome = reconcile(kernel, KINDS, want)
    seconds = time.monotonic() - began
    if outcome.changed is not changed:
        raise SystemExit(f"engine: {outcome.steps!s:.2000}")
    return seconds


WAYS: dict[str, Callable[[int], dict[str, float]]] = {"ip": with_ip, "module": with_module, "engine": with_engine}


def apart(way: str, size: int) -> dict[str, float]:
    """One of WAYS in a new namespace."""
    words = ["unshare", "--net", "--", sys.executable, "-m", NAME, "--here", way, str(size)]
    _seconds, output = timed(words)
    return json.loads(output)


def measured(size: int) -> dict[str, dict[str, float]]:
    """Medians of all ways, taking turns."""
    rounds = [{way: apart(way, size) for way in WAYS} for _round in range(REPEATS.get(size, 1))]
    return {way: {name: statistics.median(one[way][name] for one in rounds) for name in rounds[0][way]} for way in WAYS}


def report(size: int, found: dict[str, dict[str, float]], before: dict[str, float] | None, factor: float) -> None:
    """One size's lines; ``before`` is the module's at the size before, ``factor`` times smaller."""
    ip, module, engine = found["ip"], found["module"], found["engine"]
    print(f"{size} vxlan legs with a route and a rule each (module's peak memory {module['peak MB']:.0f} MB)")
    for name, other, engine_other, its_name in (
        ("create", ip["create"], ip["create"], "ip -batch"),
        ("no change", ip["read"], ip["read"], "ip -j"),
        ("change one", module["no change"], engine["no change"], "no change"),
    ):
        line = f"  {name:<10} {module[name]:7.2f} s, {module[name] / other:.1f} times {its_name}"
        line += f" ({other:.2f} s)" if other is not module["no change"] else ""
        line += f"; the engine's part {engine[name]:.2f} s, {engine[name] / engine_other:.1f} times"
        growth = f"; {factor:g} times the legs, {module[name] / before[name]:.1f} times the time" if before else ""
        print(line + growth, flush=True)


def main(arguments: Sequence[str]) -> None:
    """See the module's text."""
    if arguments[:1] == ["--here"]:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        print(json.dumps(WAYS[arguments[1]](int(arguments[2]))))
        return
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    before, last = None, 0
    for size in [int(word) for word in arguments] or SIZES:
        found = measured(size)
        report(size, found, before, size / last if last else 0)
        before, last = found["module"], size


if __name__ == "__main__":
    main(sys.argv[1:])
