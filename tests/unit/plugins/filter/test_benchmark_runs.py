# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter that the benchmark role writes its result with."""

from __future__ import annotations

from ansible_collections.linkagg.wan.plugins.filter.benchmark_runs import FilterModule


def test_single_runs_become_a_benchmark_document() -> None:
    runs = [{"test": "tcp_1_down", "unit": "Mbit/s", "direction": "down", "goodput_mbit": rate} for rate in (1, 3)]
    document = FilterModule().filters()["benchmark_runs"](runs, "balance-rr")
    assert document["method"] == "balance-rr"
    (run,) = document["runs"]
    assert (run["method"], run["goodput_mbit"], len(run["repeats"])) == ("balance-rr", 2, 2)
