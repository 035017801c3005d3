# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the estimate makes of the links whose recordings the lab has; here, as ansible-test has no lab."""

from __future__ import annotations

from statistics import mean

import pytest
from ansible_collections.linkagg.wan.tests.perf.bench_rates import following, recorded
from ansible_collections.linkagg.wan.tests.perf.moving_link import Fixed, Link


@pytest.mark.parametrize("way", ["down", "up"])
@pytest.mark.parametrize("name", ["att-lte-driving", "tmobile-umts-driving"])
def test_on_recorded_links_it_carries_nearly_all_with_much_shorter_queues(name: str, way: str) -> None:
    capacity = recorded(name)[way]
    offered = mean(capacity)
    followed = Link(capacity, following(offered)).run(200)
    low, high = (Link(capacity, Fixed(offered * share)).run(200) for share in (0.95, 2.0))
    assert followed.used > 0.75
    assert followed.used > low.used
    assert followed.wait_ms(0.5) < 0.6 * high.wait_ms(0.5)
