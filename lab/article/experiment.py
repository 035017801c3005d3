# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a set-up of the table in the running lab: the site playbook, then its steps. Faults never outlive a step."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from lab import paths
from lab.article import moving
from lab.article.table import Setup, Step, Table
from lab.inventory import SERVERS
from lab.job import playbook
from lab.lifecycle import Lab
from lab.profile import Profile, site_links
from lab.ui import LabError, say

# What the ARP monitor needs to see all legs of a new bond alive.
SETTLE_S = 3
KEPT = (
    "goodput_mbit",
    "share",
    "offered_mbit",
    "sent_mbit",
    "jain",
    "loss_percent",
    "out_of_order",
    "retransmits",
    "p50_ms",
    "p95_ms",
    "max_ms",
)


def compute(setup: Setup) -> Iterator[tuple[str, dict[str, Any]]]:
    """What can be known of a set-up without a lab: each step's name and its entry of the results."""
    for name, step in setup.steps.items():
        yield name, _budgets(step)


def run(lab: Lab, table: Table, setup: Setup, steps: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Deploy a set-up and measure these of its steps: each step's name and its entry of the results.

    :raises LabError: it could not be deployed, or the lab died. A step that fails has its error in the results.
    """
    clear_faults(lab)
    say(f"==> {setup.name}: deploying {setup.title}")
    bond = {"bond_id": 0, **(setup.bond or {})}
    playbook(lab, "linkagg.wan.site", {"lab_bonds": [bond], "lab_proxy": False})
    time.sleep(SETTLE_S)
    for name in steps:
        yield name, _step(lab, table, setup, name)


def facts(lab: Lab, table: Table) -> dict[str, Any]:
    """What the results must know of the lab that they come from.

    :raises LabError: it lacks links that the table names.
    """
    wanted = {link for setup in table.setups.values() for link in setup.named_links}
    if lack := sorted(wanted - {link.name for link in lab.profile.links}):
        raise LabError(f"profile {lab.profile.name} has no links {', '.join(lack)}; end the lab and take another one")
    return {
        "profile": lab.profile.name,
        "kernel": lab.kernel,
        "accelerator": lab.host.accelerator,
        "distro": lab.distro,
        "links": [{"name": link["name"], **link["rate"]} for link in site_links(lab.profile) if "rate" in link],
        "date": time.strftime("%Y-%m-%d"),
    }


def clear_faults(lab: Lab) -> None:
    """End all faults that something else has left in force."""
    for link, faults in json.loads(lab.guest("faults")).items():
        if faults:
            say(f"    clearing on {link}: {', '.join(faults)}")
            lab.guest("fault", link, "clear")


def fault_of(profile: Profile, link_name: str, fault: str) -> str:
    """The fault as the lab wants it: `rate:0.25x` of a link of 2 Mbit/s is `rate:0.5`."""
    name, _colon, value = fault.partition(":")
    if name != "rate" or not value.endswith("x"):
        return fault
    link = next(link for link in profile.links if link.name == link_name)
    return f"rate:{float(value[:-1]) * link.mean_mbit()[0]:g}"


@contextmanager
def faults_in_force(lab: Lab, faults: Mapping[str, str]) -> Iterator[None]:
    """Break links, and mend them whatever happens."""
    try:
        for link, fault in faults.items():
            lab.guest("fault", link, fault)
        yield
    finally:
        for link in faults:
            lab.guest("fault", link, "clear")


def on_node(node: str, command: str, limit_s: float = 60) -> str:
    """Run a shell command on a node and return its output; LabError if it fails or takes too long."""
    words = ["ssh", "-F", str(paths.SSH_CONFIG), node, command]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise LabError(f"{node}: it took longer than {limit_s:.0f} s: {command[:80]}") from None
    if done.returncode:
        raise LabError(f"{node}: failed: {command[:80]}\n{(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def _step(lab: Lab, table: Table, setup: Setup, name: str) -> dict[str, Any]:
    step = setup.steps[name]
    say(f"==> {setup.name}, {name}: {step.title or setup.title}")
    try:
        with faults_in_force(lab, {link: fault_of(lab.profile, link, what) for link, what in step.faults.items()}):
            time.sleep(step.wait_s)
            return _move(lab) if step.move else _tests(lab, table, step)
    except LabError as error:
        if lab.host.trouble():
            raise
        say(f"    failed: {error}")
        return {"error": str(error).splitlines()[0]}


def _tests(lab: Lab, table: Table, step: Step) -> dict[str, Any]:
    """The step's tests by the benchmark playbook; those before one that fails are kept."""
    output = paths.BUILD / "article" / "benchmark.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    variables = {
        "benchmark_tests": list(step.tests),
        "benchmark_duration_s": step.duration_s or table.duration_s,
        "benchmark_output": str(output),
        "benchmark_method": "article",
    }
    failed = None
    try:
        playbook(lab, "linkagg.wan.benchmark", variables)
    except LabError:
        if lab.host.trouble():
            raise
        failed = True
    runs = json.loads(output.read_text())["runs"] if output.exists() else []
    found: dict[str, Any] = {"runs": {run["test"]: kept(run) for run in runs}}
    missing = [test for test in step.tests if test not in found["runs"]]
    if failed and missing:
        found["error"] = f"{missing[0]} could not be measured"
    return found


def kept(run: Mapping[str, Any]) -> dict[str, Any]:
    """What the results keep of a benchmark's run: numbers that are there, and warnings."""
    warnings = [text for repeat in run.get("repeats", []) for text in repeat.get("warnings", [])]
    numbers = {key: run[key] for key in KEPT if run.get(key) is not None}
    return numbers | ({"warnings": warnings} if warnings else {})


def _budgets(step: Step) -> dict[str, Any]:
    """The MTUs that the filter linkagg.wan.mtu_budget comes to."""
    where = str(paths.link_collection())
    if where not in sys.path:
        sys.path.insert(0, where)
    from ansible.errors import AnsibleFilterError
    from ansible_collections.linkagg.wan.plugins.filter.mtu_budget import mtu_budget

    found = {}
    for key, options in step.budgets.items():
        rest = dict(options)
        try:
            found[key] = mtu_budget(rest.pop("link_mtu"), **rest)["mtu"]
        except AnsibleFilterError as error:
            return {"error": str(error)}
    return {"values": found}


def _move(lab: Lab) -> dict[str, Any]:
    """One download, and after some seconds the link dies that carries it."""
    server = SERVERS[0]
    on_node("internet", f"iperf3 -s -1 -D -p {moving.PORT} -B {server}")
    log = paths.BUILD / "article" / "move.json"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = ["ssh", "-F", str(paths.SSH_CONFIG), "client", moving.client(server)]
    with log.open("w") as out, subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out) as client:
        try:
            time.sleep(moving.BREAK_AT_S - 1)
            first = moving.busiest(on_node("gateway", moving.COUNT))
            with faults_in_force(lab, {first: "blackhole"}):
                time.sleep(moving.LOOK_AGAIN_S)
                second = moving.busiest(on_node("gateway", moving.COUNT))
                client.wait(timeout=moving.DURATION_S + 60)
        except subprocess.TimeoutExpired:
            raise LabError("the download did not end") from None
        finally:
            client.kill()
    return moving.judged(log.read_text(), first, second)
