# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates, times, sizes and shares: one spelling for one meaning, and mistakes with what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine import units


@pytest.mark.parametrize(
    ("read", "written", "canonical"),
    [
        (units.rate, "5mbit", "5mbit"),
        (units.rate, "5Mbit", "5mbit"),
        (units.rate, "5 mbit", "5mbit"),
        (units.rate, "4.5mbit", "4500kbit"),
        (units.rate, "5000kbit", "5mbit"),
        (units.rate, 5000000, "5mbit"),
        (units.rate, "1234567", "1234560bit"),
        (units.rate, "625kbps", "5mbit"),
        (units.rate, "1mibit", "1048576bit"),
        (units.rate, "40gbit", "40gbit"),
        (units.rate_or_unlimited, "unlimited", "unlimited"),
        (units.rate_or_unlimited, 0, "unlimited"),
        (units.time, "100ms", "100ms"),
        (units.time, "0.5s", "500ms"),
        (units.time, "1500us", "1500us"),
        (units.time, "1000usec", "1ms"),
        (units.time, "1500ns", "1500ns"),
        (units.time, 0, "0us"),
        (units.time_us, "1.5ms", "1500us"),
        (units.size, "10kb", 10240),
        (units.size, "10k", 10240),
        (units.size, "4mb", 4194304),
        (units.size, 1600, 1600),
        (units.size, "1600b", 1600),
        (units.count, "1000", 1000),
        (units.share, 0.3, 0.3),
        (units.share, 100, 100.0),
    ],
)
def test_one_spelling_for_one_meaning(read: Callable[[Any], Any], written: Any, canonical: Any) -> None:
    assert read(written) == canonical
    assert read(read(written)) == canonical


@pytest.mark.parametrize(
    ("read", "written", "message"),
    [
        (units.rate, "fast", "'fast' is not a rate: write it like 5mbit, 800kbit or 5000000 (bit/s)"),
        (units.rate, "5mb", "'5mb' is not a rate"),
        (units.rate, "-5mbit", "'-5mbit' is not a rate"),
        (units.rate, "7bit", "'7bit' is not within 8bit and 1000tbit"),
        (units.rate, "1001tbit", "'1001tbit' is not within 8bit and 1000tbit"),
        (units.time, "100", "'100' is not a time: write it like 100ms, 20us or 1s"),
        (units.time, "2h", "'2h' is not a time"),
        (units.time, "4295s", "'4295s' is longer than 4294s"),
        (units.time_us, "0ms", "'0ms' is no whole number of microseconds from 1us up"),
        (units.time_us, "1500ns", "'1500ns' is no whole number of microseconds"),
        (units.size, "10kbit", "'10kbit' is not a size: write it like 1600 (bytes), 10kb or 4mb"),
        (units.size, "4gb", "'4gb' is more than 4294967295 bytes"),
        (units.count, "10p", "'10p' is no whole number"),
        (units.count, 1 << 32, "4294967296 is more than 4294967295"),
        (units.share, 101, "101 is not within 0 to 100 (percent)"),
        (units.share, -0.1, "-0.1 is not within 0 to 100 (percent)"),
    ],
)
def test_a_mistake_is_said_with_what_is_allowed(read: Callable[[Any], Any], written: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        read(written)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("percent", [0.0, 0.000001, 0.1, 1 / 3, 12.345678, 50.0, 99.999999, 100.0])
def test_a_share_survives_the_kernel(percent: float) -> None:
    assert units.share_from_kernel(units.share_to_kernel(units.share(percent))) == units.share(percent)


def test_canonical_forms_become_the_kernels_numbers() -> None:
    assert units.byte_rate("5mbit") == 625000
    assert units.byte_rate("unlimited") == units.byte_rate("") == 0
    assert units.nanoseconds("20us") == 20000
    assert units.microseconds("1s") == 1000000
