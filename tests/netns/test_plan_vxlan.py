# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vxlan leg takes packets of its own other end only, though the kernel takes them from anybody.

A veth pair stands for the carriers' interface at the concentrator.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.planned import apply_texts, bring_up, inside

HOME, CABIN, VPS = "10.208.0.65", "10.208.0.129", "10.208.0.1"
STRANGER = "203.0.113.10"
LINKS = [{"name": "a", "link_id": 1, "interface": "eth1"}]
INVENTORY = {
    "concentrators": {"vps": {"address": "203.0.113.2"}},
    "sites": {
        "home": {"site_id": 1, "links": LINKS, "bonds": [{"leg": "vxlan"}]},
        "cabin": {"site_id": 2, "links": LINKS, "bonds": [{"leg": "vxlan"}]},
    },
}


@pytest.fixture
def far(node: Node, tmp_path: Path) -> Iterator[str]:
    """A namespace with everybody else in it: the gateways behind the carriers' interface, a stranger on the wire."""
    name = f"{node.name}-far"
    ip(f"netns add {name}")
    try:
        ip(f"link add wg-linkagg type veth peer name carriers netns {name}")
        ip(f"link add eth0 type veth peer name wire netns {name}")
        bring_up("wg-linkagg", f"{VPS}/12")
        bring_up("eth0", "203.0.113.2/24")
        with inside(name):
            bring_up("carriers", f"{HOME}/12", f"{CABIN}/12")
            bring_up("wire", f"{STRANGER}/24")
        desired = make_plan(INVENTORY)["nodes"]["vps"]
        node.tunnels(*(item for item in desired["tunnels"] if item["kind"] == "vxlan"))
        apply_texts(desired, tmp_path)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


def send(far: str, source: str, to: str, number: int) -> None:
    """One Ethernet frame in a VXLAN packet (RFC 7348)."""
    frame = b"\xff" * 6 + bytes.fromhex("026c61000001") + struct.pack("!H", 0x88B5) + bytes(50)
    with inside(far), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
        talk.bind((source, 0))
        talk.sendto(struct.pack("!II", 0x08000000, number << 8) + frame, (to, 4789))


def received(leg: str, number: int) -> bool:
    """Whether a leg has had so many frames, and no more."""
    time.sleep(0.3)
    return ip(f"-j -s link show {leg}")[0]["stats64"]["rx"]["packets"] == number


def test_a_leg_takes_its_own_other_end_and_nobody_else(node: Node, far: str) -> None:
    home, cabin = 1 << 9 | 1, 2 << 9 | 1
    send(far, HOME, VPS, home)
    send(far, CABIN, VPS, cabin)
    assert received("leg1-0-1", 1)
    assert received("leg2-0-1", 1)
    send(far, CABIN, VPS, home)
    send(far, STRANGER, "203.0.113.2", home)
    send(far, STRANGER, "203.0.113.2", cabin)
    assert received("leg1-0-1", 1)
    assert received("leg2-0-1", 1)


def test_vxlan_of_others_at_the_same_port_goes_on(node: Node, far: str) -> None:
    ip("link add theirs type vxlan id 77 dstport 4789")
    ip("link set theirs up")
    send(far, STRANGER, "203.0.113.2", 77)
    assert received("theirs", 1)


def test_without_the_rules_the_kernel_takes_frames_from_anybody(node: Node, far: str) -> None:
    """Or the first test would show nothing."""
    subprocess.run(["nft", "flush", "chain", "inet", "linkagg", "input"], check=True)
    send(far, CABIN, VPS, 1 << 9 | 1)
    send(far, STRANGER, "203.0.113.2", 1 << 9 | 1)
    assert received("leg1-0-1", 2)
