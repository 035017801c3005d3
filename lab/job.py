# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in the lab: deploy each method with the product's playbook, measure it, report."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lab import paths
from lab.expect import expected
from lab.host import watched
from lab.lifecycle import Lab
from lab.profile import Profile, site_links
from lab.report import build_report, terminal_table, write_report
from lab.ui import LabError, Stages, say

# Where each connection has a leg of its own: TCP, and UDP of many.
_OF_MANY = [
    "tcp_1_down",
    "tcp_11_down",
    "tcp_30_down",
    "udp_30_down",
    "tcp_1_up",
    "tcp_11_up",
    "ping_idle",
    "ping_loaded",
]


def _said(transport: str | None = None, **bond: Any) -> dict[str, Any]:
    """A site that says everything: its bond, and whether it has the proxy, and by what that crosses the links."""
    proxy = {"enabled": True, "transport": transport} if transport else {"enabled": False}
    return {"lab_bonds": [{"bond_id": 0, **bond}], "lab_site_proxy": proxy}


# Method -> variables of the playbooks. The site of the last one says nothing, and the planner decides.
METHODS: dict[str, dict[str, Any]] = {
    "balance-rr": _said(mode="balance-rr"),
    "balance-xor": _said(mode="balance-xor"),
    "weighted-packet": _said(schedule="packet"),
    "weighted-flow": _said(schedule="flow") | {"benchmark_tests": _OF_MANY},
    "mptcp-proxy": _said(transport="mptcp", schedule="packet"),
    "relay": _said(transport="relay", schedule="packet"),
    "default": {"lab_bonds": None, "lab_site_proxy": None},
}
# What is measured unless it is said which.
DEFAULT = ("balance-rr", "balance-xor", "default")


def ansible_env() -> dict[str, str]:
    """Return the environment in which playbooks run against this checkout's lab."""
    bin_dir = str(Path(sys.executable).parent)
    return os.environ | {
        "ANSIBLE_CONFIG": str(paths.ANSIBLE_CFG),
        "ANSIBLE_COLLECTIONS_PATH": str(paths.COLLECTIONS),
        "PATH": f"{bin_dir}:{os.environ['PATH']}",
    }


def playbook(lab: Lab, name: str, variables: dict, *options: str) -> None:
    """Run a playbook of the collection against the lab; LabError if it fails."""
    command = [str(Path(sys.executable).parent / "ansible-playbook"), name, "-e", json.dumps(variables), *options]
    status = watched(lab.host, command, env=ansible_env())
    if status:
        raise LabError(f"ansible-playbook {name} failed (exit status {status}); the reason is above")


def possible(methods: Iterable[str], profile: Profile) -> list[str]:
    """The methods that the profile's links allow: without a rate a link has no weight. Says which are left out."""
    unknown = [link["name"] for link in site_links(profile) if "rate" not in link]
    out = [method for method in methods if unknown and "schedule" in (METHODS[method]["lab_bonds"] or [{}])[0]]
    if out:
        say(f"{', '.join(out)} left out: no rate of {', '.join(unknown)} in profile {profile.name}")
    return [method for method in methods if method not in out]


def measure(
    lab: Lab, stages: Stages, *, repeats: int, out: Path, duration_s: int = 8, methods: Iterable[str] = DEFAULT
) -> dict:
    """Deploy and measure the methods, write report.json, report.md and report.html to ``out``; returns the report."""
    results = []
    for method in possible(methods, lab.profile):
        variables = METHODS[method]
        with stages.stage(f"deploy {method}", "ansible-playbook linkagg.wan.site"):
            playbook(lab, "linkagg.wan.site", variables)
        with stages.stage(
            f"measure {method}", f"ansible-playbook linkagg.wan.benchmark, {repeats} x {duration_s} s a test"
        ):
            output = out / f"{method}.json"
            out.mkdir(parents=True, exist_ok=True)
            playbook(
                lab,
                "linkagg.wan.benchmark",
                variables
                | {
                    "benchmark_method": method,
                    "benchmark_output": str(output),
                    "benchmark_repeats": repeats,
                    "benchmark_duration_s": duration_s,
                },
            )
        results.append(json.loads(output.read_text()) | expected(lab.profile, variables))
    down_mbit, up_mbit = lab.profile.capacity()
    facts = {
        "profile": lab.profile.name,
        "capacity": {"down_mbit": down_mbit, "up_mbit": up_mbit},
        "kernel": lab.kernel,
        "accelerator": lab.host.accelerator,
        "distro": lab.distro,
        "stages_s": stages.seconds,
        "links": [{"name": link["name"], **link["rate"]} for link in site_links(lab.profile) if "rate" in link],
    }
    report = build_report(facts, results, capacity_between=_offered(lab))
    write_report(report, out)
    say("")
    say(terminal_table(report))
    return report


def _offered(lab: Lab):
    """Return a function (epoch start, epoch end) -> capacity offered then, for profiles that play a trace back."""
    if not any(link.playback for link in lab.profile.links):
        return None
    started_at = lab.playback_began()
    return lambda start, end: lab.profile.capacity_between(start - started_at, end - started_at)
