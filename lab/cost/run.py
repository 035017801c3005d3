# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures in a fresh lab what each method costs."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import lifecycle, paths
from lab.cost import figures
from lab.inventory import SERVERS
from lab.job import METHODS, playbook
from lab.lifecycle import Lab
from lab.profile import site_links
from lab.report import add_to_report
from lab.report_cost import table
from lab.ui import LabError, Stages, say

OUT = paths.BUILD / "bench"
CONNECTIONS = 1000
_ENDS = ("gateway", "concentrator")
_PORT = 5400
_HAPROXY = "pid=$(pgrep -o -x haproxy) && cat /proc/$pid/stat /proc/$pid/status"


def methods(lab: Lab) -> dict[str, dict[str, Any]]:
    """What is compared: one link by itself, the bond with packets round and by weight, the proxy."""
    first = site_links(lab.profile)[0]["name"]
    bond = METHODS["balance-rr"]["lab_bonds"][0]
    return {
        "one link": METHODS["balance-rr"] | {"lab_bonds": [bond | {"links": [first]}]},
        **{name: METHODS[name] for name in ("balance-rr", "weighted-packet", "mptcp-proxy")},
    }


def run(profile: str, *, seconds: int) -> None:
    """Measure, show the table, put it into the report of make bench where there is one."""
    OUT.mkdir(parents=True, exist_ok=True)
    stages = Stages()
    try:
        lab = lifecycle.up(profile, stages)
        found: dict[str, Any] = {"profile": lab.profile.name, "traffic": []}
        for name, variables in methods(lab).items():
            with stages.stage(name, "deploy, then one download"):
                playbook(lab, "linkagg.wan.site", variables)
                found["traffic"].append(_download(lab, name, seconds))
        with stages.stage("connections", f"{CONNECTIONS} at once through the proxy"):
            found["connections"] = _connections(lab)
    finally:
        lifecycle.down()
    (OUT / "cost.json").write_text(json.dumps(found, indent=2) + "\n")
    say("")
    say(table(found))
    add_to_report({"cost": found}, OUT)


def _download(lab: Lab, name: str, seconds: int) -> dict[str, Any]:
    with _running("internet", "iperf3 -s -p 5401"):
        time.sleep(3)
        before = _counters(lab)
        time.sleep(seconds)
        idle = (before, _counters(lab))
        began = _counters(lab)
        answer = _on("client", f"iperf3 -c {SERVERS[0]} -p 5401 -R -t {seconds} -J", limit_s=seconds + 60)
        received = json.loads(answer)["end"]["sum_received"]
        if not received["bytes"]:
            raise LabError(f"{name}: nothing arrived at the client")
        load = (began, _counters(lab))
        return figures.per_gb(name, idle, load, received["bytes"], received["bits_per_second"])


def _connections(lab: Lab) -> dict[str, Any]:
    script = Path(__file__).with_name("hold.py").read_text()
    for node in ("internet", "client"):
        _on(node, "cat > /tmp/hold.py", script)
    with _running("internet", f"python3 /tmp/hold.py serve {_PORT}"):
        time.sleep(3)
        before = _counters(lab)
        command = f"python3 /tmp/hold.py open {SERVERS[0]} {_PORT} {CONNECTIONS}"
        with _running("client", command, reads=True) as client:
            answered, took = client.stdout.readline().split()
            if int(answered) < CONNECTIONS:
                raise LabError(f"only {answered} of {CONNECTIONS} connections through the proxy were answered")
            return figures.per_connection(CONNECTIONS, float(took), before, _counters(lab))


def _counters(lab: Lab) -> figures.Counters:
    host = lab.host.command(["cat", "/proc/stat", "/proc/meminfo"])
    text = subprocess.run(host, capture_output=True, text=True, check=True, timeout=60).stdout
    now = time.monotonic()
    ends = {node: _on(node, _HAPROXY, check=False) for node in _ENDS}
    return figures.Counters(
        at_s=now,
        busy_s=figures.busy_s(text),
        haproxy_s={node: figures.process_s(end.partition("\n")[0]) for node, end in ends.items()},
        haproxy_kb={node: figures.kilobytes(end, "VmRSS") for node, end in ends.items()},
        free_kb=figures.kilobytes(text, "MemAvailable"),
    )


def _ssh(node: str, command: str) -> list[str]:
    return ["ssh", "-F", str(paths.SSH_CONFIG), node, command]


def _on(node: str, command: str, given: str = "", *, check: bool = True, limit_s: float = 60) -> str:
    done = subprocess.run(
        _ssh(node, command), input=given, capture_output=True, text=True, check=False, timeout=limit_s
    )
    if check and done.returncode:
        raise LabError(f"{node}: {command} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


@contextmanager
def _running(node: str, command: str, *, reads: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A program on a node that ends with the block, as its input does; with ``reads`` it looks at that itself."""
    words = command if reads else f"{command} >/dev/null 2>&1 & pid=$!; cat; kill $pid"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(_ssh(node, words), text=True, **pipes)
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
