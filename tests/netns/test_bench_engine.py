# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's benchmark does what it says, in few; how long that takes is for people to judge."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from ansible_collections.linkagg.wan.tests.netns.node import Node
from ansible_collections.linkagg.wan.tests.perf import bench_engine


def test_ip_module_and_engine_are_measured_and_how_they_grow(node: Node) -> None:
    node.needs("vxlan")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", bench_engine.NAME, "2", "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "create", "no", "change", "6", "create", "no", "change"]
    assert all(re.search(r"; 3 times the legs, [0-9.]+ times the time$", line) for line in lines[5:])
