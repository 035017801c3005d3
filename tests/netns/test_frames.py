# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame that says that a leg works, as it arrives."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._agent.frames import ETHER_TYPE, Frames
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip


@pytest.fixture
def legs(node: Node) -> None:
    node.needs("veth")
    ip("link add leg0 type veth peer name far0")
    for name in ("leg0", "far0"):
        ip(f"link set {name} up")


@pytest.mark.usefixtures("legs")
def test_it_is_small_and_from_the_leg_and_no_bridge_forwards_it() -> None:
    (leg,) = ip("-j link show leg0")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHER_TYPE)) as far:
        far.bind(("far0", ETHER_TYPE))
        far.settimeout(5)
        frames = Frames()
        assert frames.send("leg0") == ""
        arrived = far.recv(2048)
        frames.close()
    assert arrived[:6].hex(":") == "01:80:c2:00:00:0e"
    assert arrived[6:12].hex(":") == leg["address"]
    assert int.from_bytes(arrived[12:14]) == ETHER_TYPE
    assert len(arrived) == 20


@pytest.mark.usefixtures("legs")
def test_legs_that_are_gone_or_down_are_no_error_and_get_it_again_when_they_are_back() -> None:
    frames = Frames()
    ip("link set leg0 down")
    assert frames.send("leg0") == "Network is down"
    ip("link del leg0")
    assert frames.send("leg0") == "No such device"
    ip("link add leg0 type veth peer name far0")
    ip("link set leg0 up")
    assert frames.send("leg0") == ""
    frames.close()
