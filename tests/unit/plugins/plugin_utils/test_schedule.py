# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planner and node mean the same by marks, queues and modes; the module takes what the planner gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import steering
from ansible_collections.linkagg.wan.plugins.module_utils._weights import buckets, model, table
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import numbers, policy_marks, schedule

GOLDEN = Path(__file__).parent / "golden" / "plans"


def test_both_sides_have_the_same_numbers() -> None:
    assert schedule.QUEUE_MARK == table.QUEUE_MARK
    assert range(table.BUCKET_MARK, table.BUCKET_MARK + buckets.BUCKETS) == schedule.BUCKET_MARKS
    assert schedule.QUEUE_MODES == steering.MODES
    assert schedule.MOST_LEGS == steering.MOST_QUEUES
    assert (schedule.BY_MODE, *model.SCHEDULES) == schedule.SCHEDULES


def test_no_other_mark_of_a_connection_has_the_upper_bits() -> None:
    others = {policy_marks.OURS, numbers.class_number(0, 0), numbers.class_number(16383, 7)}
    assert (schedule.BUCKET_MARKS[0] & 0xE0000000) not in {mark & 0xE0000000 for mark in others}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.plan.yml")), ids=lambda path: path.name)
def test_the_module_takes_what_the_plan_gives_and_the_bond_has_the_queues(path: Path) -> None:
    plan: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    for node in plan["nodes"].values():
        bonds = {bond["name"]: bond for bond in node["bonds"]}
        for weights in model.wanted(node["weights"], []):
            bond = bonds.pop(weights.bond)
            assert bond["queue_mark"] == table.QUEUE_MARK
            assert [option["queue_id"] for option in bond["port_options"]] == [leg.queue for leg in weights.legs]
            assert [option["port"] for option in bond["port_options"]] == bond["ports"]
        assert all("queue_mark" not in bond for bond in bonds.values())
