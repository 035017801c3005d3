# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers out of numbers. Rates are Mbit/s, times are seconds unless the name says milliseconds."""

from __future__ import annotations

import math
from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two middle ones. `values` must not be empty."""
    return percentile(values, 50)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value below which `percent` of `values` lie, interpolated linearly between neighbours."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values, no percentile")
    rank = (len(ordered) - 1) * percent / 100
    low, high = math.floor(rank), math.ceil(rank)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def jain(rates: Sequence[float]) -> float | None:
    """Jain's fairness index: 1 when all rates are equal, 1/n when one has everything, None without any rate.

    Source: R. Jain, D. Chiu, W. Hawe, "A Quantitative Measure of Fairness", DEC-TR-301, 1984.
    """
    squares = sum(rate * rate for rate in rates)
    if not squares:
        return None
    return sum(rates) ** 2 / (len(rates) * squares)


def measured_window(
    launched: float, exited: float, omitted_s: float, measured_s: float, connections: int
) -> tuple[float, float]:
    """When the measured seconds of an iperf3 run began and ended, as epoch seconds.

    iperf3 tells the length of the measurement, not its beginning. The rest of its life is round trips:
    about five before the streams, two for each stream, and four for the results at the end. The rest is
    split in that proportion; the error is below a second on links of 100 ms.
    """
    rest = max(0.0, exited - launched - omitted_s - measured_s)
    before, after = 5 + 2 * connections, 4
    began = launched + rest * before / (before + after) + omitted_s
    return began, began + measured_s
