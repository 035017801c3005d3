# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner's benchmark plans what it says; how long that takes is for people to judge."""

from __future__ import annotations

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.perf.bench_planner import LINKS, SIZES, fleet, line, measure


def test_the_fleet_has_sites_of_every_sort() -> None:
    plan = make_plan(fleet(8))
    gateways = [plan["nodes"][host] for host in plan["sites"]]
    assert {len(node["links"]) for node in gateways} == {LINKS}
    assert {len(node["bonds"]) for node in gateways} == {1, 2}
    assert {len(node["bonds"][0]["addresses"]) for node in gateways} == {1, 2}


def test_the_largest_fleet_asked_for_keeps_its_lans_out_of_the_pools() -> None:
    data = fleet(max(SIZES))
    last = f"site{max(SIZES)}"
    make_plan({**data, "sites": {last: data["sites"][last]}})


def test_a_measurement_is_a_line_of_the_table() -> None:
    assert len(line(measure(4)).split()) == 5
