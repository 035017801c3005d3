# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded traces: their means over windows, round after round."""

from __future__ import annotations

import pytest

from lab.trace import TRACES, Trace, load, shipped

FOUR = Trace("four", (8.0, 0.0, 4.0, 2.0), (1.0, 1.0, 1.0, 3.0))


@pytest.mark.parametrize(
    ("from_s", "to_s", "down", "up"),
    [
        (0, 2, 3.5, 1.5),
        (0, 0.5, 8, 1),
        (0.25, 0.75, 4, 1),
        (0.5, 1.0, 0, 1),
        (1.5, 2.5, 5, 2),
        (2.0, 4.0, 3.5, 1.5),
        (200.0, 200.5, 8, 1),
        (0.1, 0.2, 8, 1),
    ],
)
def test_the_mean_of_a_window_counts_parts_of_steps_and_goes_round(from_s, to_s, down, up):
    assert FOUR.mean(from_s, to_s) == pytest.approx((down, up))


def test_the_mean_without_a_window_is_that_of_a_round():
    assert FOUR.mean() == pytest.approx((3.5, 1.5))


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match="empty"):
        FOUR.mean(3, 3)


@pytest.mark.parametrize("name", shipped())
def test_shipped_traces_load_by_name_with_or_without_ending(name, tmp_path):
    trace = load(name, tmp_path)
    assert trace == load(f"{name}.csv", tmp_path)
    assert trace.length_s > 600
    assert 0 in trace.down_mbit, "the zeros are real"


def test_every_shipped_trace_is_described():
    readme = (TRACES / "README.md").read_text()
    for name in shipped():
        assert f"| `{name}.csv` |" in readme
        assert f"| {load(name, TRACES).length_s:.0f} s |" in readme
