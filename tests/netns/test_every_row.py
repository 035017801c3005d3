# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of every kind table is set, read back and changed on a real kernel. That none is forgotten is checked
without one: tests/unit/.../test_samples.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.bond import BOND
from ansible_collections.linkagg.wan.tests.netns import samples_bond
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg


def shown(*commands: str) -> str:
    """What the kernel's tools print, with a space for a line's end."""
    return " ".join(ip(command) for command in commands).replace("\n", " ") + " "


@pytest.mark.parametrize("name", sorted(samples_bond.SAMPLES))
def test_a_row_of_the_bond(node: Node, name: str) -> None:
    node.needs("bond", "vxlan")
    node.tunnels(leg("vxlan", "leg0", vni=1), leg("vxlan", "leg1", vni=2))
    sample = samples_bond.SAMPLES[name]
    row = BOND.attr(name)
    before: Any = None
    for number, value in enumerate(sample.values):
        item = {**samples_bond.BASE, **sample.given, name: value}
        steps = node.bonds(item, purge=True).steps
        if number and name not in BOND.key:
            remade = row.remade(before, value)
            assert steps[0].startswith(f"{'re-create' if remade else 'change'} bond agg0: "), steps
            assert name in steps[0]
        if sample.words:
            called = item["name"]
            text = shown(f"-d link show {called}", f"address show {called}", f"-d link show master {called}")
            assert sample.words[number] in text
        assert node.bonds(item, purge=True).steps == []
        before = value
