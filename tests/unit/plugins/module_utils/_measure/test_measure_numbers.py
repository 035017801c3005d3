# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics, the overlap of timelines, and the merging of repeats."""

from __future__ import annotations

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import DEFAULT_TESTS, TESTS, shares
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import PassingError
from ansible_collections.linkagg.wan.plugins.module_utils._measure.results import describe, merge
from ansible_collections.linkagg.wan.plugins.module_utils._measure.statistics import (
    jain,
    measured_window,
    median,
    percentile,
)
from ansible_collections.linkagg.wan.plugins.module_utils._measure.timeline import Slice, Timeline, overlap


def test_percentiles_are_interpolated() -> None:
    assert percentile([4, 1, 3, 2], 50) == 2.5
    assert percentile(range(101), 95) == 95
    assert percentile([7], 95) == 7
    assert median([3, 1, 2]) == 2
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_fairness_is_one_for_equals_and_one_nth_for_a_winner() -> None:
    assert jain([2, 2, 2, 2]) == 1
    assert jain([8, 0, 0, 0]) == 0.25
    assert jain([0, 0]) is None
    assert jain([]) is None


def test_the_measured_window_leaves_set_up_and_warm_up_before_it_and_the_results_after() -> None:
    began, ended = measured_window(launched=100, exited=111.1, omitted_s=2, measured_s=8, connections=1)
    assert ended - began == 8
    assert began == pytest.approx(102.7)
    assert ended < 111.1


def test_a_run_shorter_than_its_own_seconds_still_has_a_window() -> None:
    assert measured_window(100, 105, 2, 8, 1) == (102, 110)


def test_connections_are_spread_evenly() -> None:
    assert shares(30, 3) == [10, 10, 10]
    assert shares(11, 3) == [4, 4, 3]
    assert shares(1, 3) == [1]


def test_only_downloads_are_spread_since_slices_of_an_upload_are_what_was_sent() -> None:
    assert all(one.direction == "down" and one.protocol != "udp" for one in TESTS.values() if one.servers > 1)


def test_every_default_test_is_in_the_table() -> None:
    assert set(DEFAULT_TESTS) <= set(TESTS)
    assert len(DEFAULT_TESTS) == 8


def line(started_at: float, *bytes_per_second: int) -> Timeline:
    return Timeline(started_at, tuple(Slice(at, at + 1, (size,)) for at, size in enumerate(bytes_per_second)))


def test_rates_add_up_only_while_all_clients_ran() -> None:
    """The first client has the link for itself for two seconds: 8 Mbit/s must not become 12."""
    alone_then_shared = line(0, 10**6, 10**6, 5 * 10**5, 5 * 10**5, 5 * 10**5, 5 * 10**5)
    late = line(2, 5 * 10**5, 5 * 10**5, 5 * 10**5, 5 * 10**5)
    common = overlap([alone_then_shared, late], warm_up_s=1, duration_s=3)
    assert (common.started_at, common.ended_at) == (3, 6)
    assert common.connections_mbit == pytest.approx((4, 4))
    assert common.goodput_mbit == pytest.approx(8)


def test_a_slice_half_inside_counts_half() -> None:
    common = overlap([line(0, 10**6, 0, 0)], warm_up_s=0.5, duration_s=2)
    assert common.goodput_mbit == pytest.approx(0.5 * 8 / 2)


def test_clients_that_hardly_meet_are_an_error() -> None:
    with pytest.raises(PassingError, match=r"only 1\.0 of 8 s at the same time"):
        overlap([line(0, 1, 1, 1, 1), line(3, 1, 1, 1, 1)], warm_up_s=0, duration_s=8)


def repeat(goodput: float, **more: object) -> dict:
    return {
        "test": "tcp_1_down", "title": "1 TCP download", "unit": "Mbit/s", "direction": "down",
        "started_at": 1.0, "ended_at": 9.0, "goodput_mbit": goodput, "capacity_mbit": 20.0, "share": goodput / 20,
        "jain": None, "warnings": [],
    } | more  # fmt: skip


def test_repeats_become_their_median_and_stay_in_the_result() -> None:
    (run,) = merge("rr", [repeat(9), repeat(1), repeat(5)])
    assert (run["method"], run["test"], run["goodput_mbit"], run["share"]) == ("rr", "tcp_1_down", 5, 0.25)
    assert [one["goodput_mbit"] for one in run["repeats"]] == [9, 1, 5]
    assert "jain" not in run
    assert "title" not in run["repeats"][0]


def test_the_longest_ping_of_all_repeats_is_kept() -> None:
    runs = [{"test": "ping_idle", "unit": "ms", "p50_ms": n, "p95_ms": 2 * n, "max_ms": 3 * n} for n in (10, 30, 20)]
    (run,) = merge("rr", runs)
    assert (run["p50_ms"], run["p95_ms"], run["max_ms"]) == (20, 40, 90)


def test_tests_keep_their_order() -> None:
    runs = [repeat(1, test="udp_down"), repeat(1), repeat(2, test="udp_down")]
    assert [run["test"] for run in merge("rr", runs)] == ["udp_down", "tcp_1_down"]


def test_a_run_reads_as_a_line() -> None:
    assert describe(repeat(5, loss_percent=14.21, out_of_order=7)) == (
        "1 TCP download: 5.0 Mbit/s, 25 % of 20, 14.2 % lost, 7 out of order"
    )
    assert "p50 80 ms, p95 120 ms, max 300 ms" in describe(
        {"test": "ping_idle", "p50_ms": 80.2, "p95_ms": 120, "max_ms": 300}
    )
