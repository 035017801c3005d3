# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of tests/netns on the lab host: its kernel has bonds, GRE, WireGuard and netem, this machine's may not.

There they use the distribution's Python and pyroute2, as modules on a node do; pytest and Ansible's part for
nodes come along from here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shlex
import subprocess
import sys
from pathlib import Path

from lab import paths
from lab.host import GUEST_HOME, push, watched, watched_at_once
from lab.lifecycle import Lab

# What needs parts of the kernel that this machine may lack. test_measure.py has iperf3 and Ansible, not the kernel.
EVERY_ROW = ["test_every_row.py"]
ENGINE = [
    *EVERY_ROW,
    *(f"test_engine_{name}.py" for name in ("bonds", "steering", "tunnels", "routes", "mptcp", "shapers")),
]
# Those that run modules, in processes of their own, which take seconds each here: of those that run the most of them,
# what needs this kernel.
_INTERRUPTED = "test_engine_interrupted.py::test_killed"
MODULES = [
    *("test_engine_adoption.py", "test_engine_check_mode.py", "test_info_modules.py", "test_network.py"),
    *(f"{_INTERRUPTED}_{name}" for name in ("tunnels_converge[gretap]", "carriers_converge", "bonds_converge")),
]
WEIGHTS = ["test_weights.py"]
MODEMS = ["test_modems.py"]
WAITING = ["test_waiting.py"]
# Plans on both ends of a site, of every carrier, leg and size of links; they need the planner's part of the controller.
PLANS = ["test_plan_reach.py", "test_plan_mtu.py"]
PLANNER_PARTS = ["netaddr", "jmespath"]
PYTEST_PARTS = ["pytest", "_pytest", "py.py", "pluggy", "iniconfig", "packaging", "pygments"]
ANSIBLE_PARTS = [f"ansible/{part}" for part in ("__init__.py", "_vendor", "release.py", "module_utils")]
LIMIT_S = 2700
HOME = f"{GUEST_HOME}/tests"
COLLECTION = f"{HOME}/ansible_collections/linkagg/wan"


def run(lab: Lab) -> int:
    """Run the tests on the lab host, their output on this terminal; returns the first exit status that is not 0.

    With the distribution's pyroute2, as on nodes; every row of the kind tables with the newest, too, this machine's.
    Then the examples of the documentation that cannot run on this machine, with this machine's Ansible.
    """
    _send(lab, paths.ROOT, ["plugins", "tests/netns", "lab", "pyproject.toml"], COLLECTION)
    _send(lab, _site_packages("pytest"), PYTEST_PARTS, f"{HOME}/pytest")
    _send(lab, _site_packages("ansible"), ANSIBLE_PARTS, f"{HOME}/pytest")
    _send(lab, _site_packages("netaddr"), PLANNER_PARTS, f"{HOME}/pytest")
    newest = importlib.metadata.version("pyroute2")
    _send(lab, _site_packages("pyroute2"), ["pyroute2", f"pyroute2-{newest}.dist-info"], f"{HOME}/pyroute2")
    # Each keeps one of the lab host's two cores busy.
    halves = [
        _pytest(lab, ENGINE + WEIGHTS + WAITING + MODEMS + PLANS, HOME),
        _pytest(lab, MODULES, HOME),
    ]
    results = [
        *watched_at_once(lab.host, halves, limit_s=LIMIT_S),
        watched(
            lab.host,
            _pytest(lab, EVERY_ROW, f"{HOME}/pyroute2:{HOME}", f"LINKAGG_PYROUTE2={newest}"),
            limit_s=LIMIT_S,
        ),
        _examples(lab),
    ]
    return next(filter(None, results), 0)


def _pytest(lab: Lab, tests: list[str], python_path: str, *settings: str) -> list[str]:
    files = " ".join(shlex.quote(f"tests/netns/{test}") for test in tests)
    words = " ".join([*settings, f"PYTHONPATH={python_path}:{HOME}/pytest:{COLLECTION}"])
    shell = f"cd {COLLECTION} && exec env {words} python3 -m pytest -q {files}"
    return lab.host.command(["sh", "-c", shell])


def _examples(lab: Lab) -> int:
    collection = paths.COLLECTIONS / "ansible_collections" / "linkagg" / "wan"
    settings = f"LINKAGG_EXAMPLES=lab PYTHONPATH={paths.COLLECTIONS}:{paths.ROOT}"
    shell = f"cd {collection} && exec env {settings} {sys.executable} -m pytest -q tests/netns/test_examples.py"
    return watched(lab.host, ["sh", "-c", shell], limit_s=LIMIT_S)


def _site_packages(package: str) -> Path:
    return Path(importlib.util.find_spec(package).origin).parent.parent


def _send(lab: Lab, root: Path, names: list[str], target: str) -> None:
    pack = subprocess.run(
        ["tar", "-C", str(root), "--exclude=__pycache__", "-cf", "-", *names], capture_output=True, check=True
    )
    push(lab.host, pack.stdout, f"mkdir -p {target} && tar -C {target} -xf -")
