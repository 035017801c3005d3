# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estimate follows a link that changes, keeps its queue short, and stays within its bounds; links as in
tests/perf/moving_link.py."""

from __future__ import annotations

from statistics import mean

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._rates.delays import Delays
from ansible_collections.linkagg.wan.plugins.module_utils._rates.estimate import (
    BLOATED,
    IDLE,
    STALLED,
    STATES,
    Bounds,
    Estimate,
    Sample,
)
from ansible_collections.linkagg.wan.tests.perf.bench_rates import following
from ansible_collections.linkagg.wan.tests.perf.moving_link import Link, Seen
from hypothesis import given
from hypothesis import strategies as st

MBIT = 1e6


def first(seen: Seen, after_s: float, low: float, high: float) -> float:
    """How long after a time the rate is within bounds for the first time."""
    return next(at for at, rate in seen.rates if at >= after_s and low <= rate <= high) - after_s


@pytest.mark.parametrize("tells", [True, False], ids=["told what arrives", "blind"])
def test_a_link_that_gets_slower_is_known_in_seconds_and_so_is_its_coming_back(tells: bool) -> None:
    capacity = [6 * MBIT] * 40 + [1 * MBIT] * 40 + [6 * MBIT] * 120
    seen = Link(capacity, following(6 * MBIT), tells=tells).run(60)
    assert first(seen, 20, 0, 1.05 * MBIT) <= (1.5 if tells else 4)
    assert first(seen, 40, 4.5 * MBIT, 20 * MBIT) <= 10
    assert seen.used > 0.8


def test_a_steady_link_is_used_whole_with_a_short_queue() -> None:
    seen = Link([5 * MBIT], following(4 * MBIT)).run(120)
    assert seen.used > 0.97
    assert seen.wait_ms(0.5) < 50


def test_a_way_that_becomes_longer_is_no_queue_for_long() -> None:
    seen = Link([5 * MBIT], following(5 * MBIT), way_s=lambda t: 0.03 if t < 20 else 0.15).run(60)
    assert seen.used > 0.9
    assert mean(rate for at, rate in seen.rates if at > 40) > 4.5 * MBIT


def test_an_idle_link_goes_back_to_its_nominal_rate() -> None:
    direction = following(6 * MBIT)
    seen = Link([1 * MBIT], direction, demand=lambda t: 10 * MBIT if t < 10 else 0.1 * MBIT).run(150)
    assert first(seen, 10, 0, 1.2 * MBIT) < 1
    assert direction.state == IDLE
    assert 5.5 * MBIT < direction.rate <= 6 * MBIT
    assert 5.5 * MBIT < direction.estimate.carries <= 6 * MBIT


def test_a_stalled_link_begins_anew_with_half_of_what_it_carried() -> None:
    estimate = following(6 * MBIT).estimate
    estimate.stall(1.0)
    assert (estimate.state, estimate.rate) == (STALLED, 0.3 * MBIT)
    estimate.add(2.0, Sample(0.0, None, 0.0))
    assert (estimate.state, round(estimate.rate / MBIT)) == (IDLE, 3)


samples = st.builds(
    Sample,
    sent=st.floats(0, 1e9),
    through=st.none() | st.floats(0, 1e9),
    queue_ms=st.none() | st.floats(-1e4, 1e6),
)


@given(st.lists(st.tuples(st.floats(0, 100), samples | st.none()), max_size=40))
def test_whatever_is_seen_the_rate_stays_within_its_bounds(seen: list[tuple[float, Sample | None]]) -> None:
    bounds = Bounds(5 * MBIT, 0.5 * MBIT, 8 * MBIT)
    estimate, now = Estimate(bounds, 0.0), 0.0
    for later_s, sample in seen:
        now += later_s
        if sample is None:
            estimate.stall(now)
        else:
            estimate.add(now, sample)
        assert bounds.least <= estimate.rate <= bounds.most
        assert bounds.least <= estimate.carries <= bounds.most
        assert estimate.state in STATES


@given(st.lists(st.floats(0.6, 1.4), min_size=1, max_size=30), st.floats(60, 1000))
def test_while_something_waits_less_is_sent_than_gets_through(through: list[float], queue_ms: float) -> None:
    estimate = following(2 * MBIT).estimate
    estimate.add(0.0, Sample(2 * MBIT, 2 * MBIT, queue_ms))
    for number, mbit in enumerate(through, 1):
        estimate.add(number * 0.2, Sample(2 * MBIT, mbit * MBIT, queue_ms))
        assert estimate.state == BLOATED
        assert estimate.rate < mbit * MBIT


@given(st.floats(-1e6, 1e6), st.lists(st.floats(0, 500), min_size=1, max_size=50))
def test_only_what_is_above_the_least_delay_counts_whatever_the_clocks(offset: float, waits: list[float]) -> None:
    delays = Delays()
    queues = [delays.add(number, offset + wait) for number, wait in enumerate(waits)]
    assert min(queues) == 0
    assert max(queues) <= max(waits) - min(waits) + 1e-6


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=30), st.booleans())
def test_delay_of_a_link_that_is_hardly_used_says_nothing_of_its_rate(queues_ms: list[float], tells: bool) -> None:
    estimate = following(2 * MBIT).estimate
    for number, queue_ms in enumerate(queues_ms):
        estimate.add(number * 1.0, Sample(0.05 * MBIT, 0.05 * MBIT if tells else None, queue_ms))
    assert estimate.rate == estimate.carries == 2 * MBIT


def test_one_late_packet_is_no_queue() -> None:
    estimate = following(2 * MBIT).estimate
    for number in range(20):
        estimate.add(number * 0.2, Sample(1.9 * MBIT, 1.9 * MBIT, 200.0 if number % 4 == 0 else 5.0))
        assert estimate.rate >= 2 * MBIT


def test_a_link_that_gets_slower_than_its_little_use_is_known_too() -> None:
    estimate = following(6 * MBIT).estimate
    for number in range(5):
        estimate.add(number * 0.2, Sample(2 * MBIT, 1 * MBIT, 100.0 * (number + 1)))
    assert estimate.rate < 1 * MBIT
