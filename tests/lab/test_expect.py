# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner expects of each method in the lab."""

from __future__ import annotations

import pytest

from lab import expect, job
from lab.profile import load_profile, shipped

SEED = load_profile("seed-3g")


def rates(method: str, profile: str = "seed-3g") -> dict[str, dict[str, float]]:
    return expect.expected(load_profile(profile), job.METHODS[method])


@pytest.mark.parametrize(
    ("method", "test", "ceiling", "predicted"),
    [
        ("balance-rr", "tcp_1_down", 25.3, 10.7),
        ("balance-rr", "udp_down", 25.3, 21.6),
        ("balance-xor", "tcp_1_down", 25.3, 4.2),
        ("balance-xor", "tcp_30_down", 25.3, 25.2),
        ("weighted-packet", "tcp_1_down", 25.3, 25.3),
        ("weighted-flow", "tcp_1_down", 25.3, 4.7),
        ("mptcp-proxy", "tcp_1_down", 25.7, 25.7),
        ("mptcp-proxy", "udp_down", 25.3, 25.1),
        ("default", "tcp_1_down", 25.7, 25.4),
        ("default", "udp_down", 25.3, 25.0),
        ("default", "tcp_1_up", 5.4, 5.27),
    ],
)
def test_ceilings_and_predictions_of_six_3g_links(method: str, test: str, ceiling: float, predicted: float) -> None:
    found = rates(method)
    assert found["ceiling_mbit"][test] == pytest.approx(ceiling, abs=0.06)
    assert found["predicted_mbit"][test] == pytest.approx(predicted, abs=0.06)


def test_pings_have_no_ceiling() -> None:
    assert not [test for test in rates("default")["ceiling_mbit"] if test.startswith("ping")]


@pytest.mark.parametrize("profile", shipped())
def test_the_default_of_every_shipped_profile_can_be_expected(profile: str) -> None:
    found = rates("default", profile)
    for test, ceiling in found["ceiling_mbit"].items():
        assert 0 < found["predicted_mbit"][test] <= ceiling


def test_the_methods_are_those_that_the_report_names() -> None:
    assert list(job.METHODS) == [
        *("balance-rr", "balance-xor", "weighted-packet", "weighted-flow", "mptcp-proxy", "relay", "default"),
    ]


def test_the_site_of_the_default_says_nothing_of_its_bond_and_its_proxy() -> None:
    (site,) = expect.planner_data(SEED, job.METHODS["default"])["sites"].values()
    assert (site["bonds"], site["proxy"]) == (None, None)
