# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The MTU figures of DESIGN.md, and room for WireGuard's padding."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import budget
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.budget import Budget
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.carriers import layers


def mtu_budget(link_mtu: int, carrier: str = "wireguard", **options: Any) -> Budget:
    return budget.mtu_budget(link_mtu, layers()[carrier], **options)


@pytest.mark.parametrize(
    ("options", "mtu"),
    [
        ({}, 1398),
        ({"keyed": False}, 1402),
        ({"family": "ipv6"}, 1378),
        ({"leg": "vxlan"}, 1390),
        ({"carrier": "direct"}, 1458),
        ({"leg": "none"}, 1440),
        ({"pppoe": True, "far_mtu": 1492}, 1390),
    ],
)
def test_the_figures_of_the_design(options: dict[str, object], mtu: int) -> None:
    assert mtu_budget(1500, **options).mtu == mtu


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@pytest.mark.parametrize("far_mtu", [1500, 1492, 1400])
def test_the_largest_packet_fits_both_ways_with_its_padding(family: str, far_mtu: int) -> None:
    """calculate_skb_padding() in drivers/net/wireguard/send.c: up to a multiple of 16, at most the device's MTU."""
    overhead = {"ipv4": 60, "ipv6": 80}[family]
    concentrator_mtu = mtu_budget(far_mtu, family=family, far_mtu=far_mtu).carrier_mtu
    for link_mtu in range(800, 1600):
        path_mtu = min(link_mtu, far_mtu)
        left = mtu_budget(link_mtu, family=family, far_mtu=far_mtu)
        largest = left.mtu + 42
        for device_mtu in (left.carrier_mtu, concentrator_mtu):
            assert min(-(-largest // 16) * 16, device_mtu) + overhead <= path_mtu
        assert path_mtu - overhead - left.carrier_mtu < 16


def test_the_layers_add_up_to_the_result() -> None:
    left = mtu_budget(9000, pppoe=True, family="ipv6")
    assert sum(size for _name, size in left.layers) == left.mtu
    assert [name for name, _size in left.layers] == [
        "link",
        "PPPoE",
        "concentrator's way out is smaller",
        "WireGuard over IPv6",
        "gretap with key",
    ]
