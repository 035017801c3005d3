# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of tests/netns on the lab host: its kernel has bonds, GRE, WireGuard and netem, this machine's may not.

There they use the distribution's Python and pyroute2, as modules on a node do; pytest and Ansible's part for
nodes come along from here.
"""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

from lab import paths
from lab.host import GUEST_HOME, push, watched
from lab.lifecycle import Lab

# What needs parts of the kernel that this machine may lack. test_measure.py has iperf3 and Ansible, not the kernel.
TESTS = [
    *("test_every_row.py", "test_engine_bonds.py", "test_engine_tunnels.py", "test_engine_routes.py"),
    *("test_engine_mptcp.py", "test_engine_shapers.py", "test_info_modules.py"),
    "test_modems.py",
]
PYTEST_PARTS = ["pytest", "_pytest", "py.py", "pluggy", "iniconfig", "packaging", "pygments"]
ANSIBLE_PARTS = [f"ansible/{part}" for part in ("__init__.py", "_vendor", "release.py", "module_utils")]
LIMIT_S = 900


def run(lab: Lab) -> int:
    """Run the tests on the lab host, their output on this terminal; returns pytest's exit status."""
    home = f"{GUEST_HOME}/tests"
    collection = f"{home}/ansible_collections/linkagg/wan"
    _send(lab, paths.ROOT, ["plugins", "tests/netns", "lab", "pyproject.toml"], collection)
    for package, parts in (("pytest", PYTEST_PARTS), ("ansible", ANSIBLE_PARTS)):
        spec = importlib.util.find_spec(package)
        _send(lab, Path(spec.origin).parent.parent, parts, f"{home}/pytest")
    python_path = f"{home}:{home}/pytest:{collection}"
    shell = f"cd {collection} && PYTHONPATH={python_path} exec python3 -m pytest -q " + " ".join(
        f"tests/netns/{test}" for test in TESTS
    )
    return watched(lab.host, lab.host.command(["sh", "-c", shell]), limit_s=LIMIT_S)


def _send(lab: Lab, root: Path, names: list[str], target: str) -> None:
    pack = subprocess.run(
        ["tar", "-C", str(root), "--exclude=__pycache__", "-cf", "-", *names], capture_output=True, check=True
    )
    push(lab.host, pack.stdout, f"mkdir -p {target} && tar -C {target} -xf -")
