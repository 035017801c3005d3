# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the watching agent does what it does again and again, of which it may have hundreds or thousands. Seconds of one
clock that only goes on."""

from __future__ import annotations

TOGETHER_S = 0.05  # what is due within this time is done together: fewer awakenings


def first(now: float, interval_s: float, number: int, count: int) -> float:
    """When number so and so of so many begins: spread over the interval, so that they do not come in one burst."""
    return now + interval_s * number / count


def again(due_at: float, now: float, interval_s: float) -> float:
    """When it is due the next time: an interval later, and where that is past already, not at once."""
    return max(due_at + interval_s, now + interval_s / 2)


def is_due(due_at: float, now: float) -> bool:
    """Whether it is done now."""
    return now + TOGETHER_S >= due_at
