# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A concentrator as planned, on a kernel: what comes over a bond of its own is answered over that bond.

veth pairs stand for the bonds; the test itself runs on the concentrator.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.policy_site import SERVER, inside, inventory

LAN = "192.168.1.10"
BULK, CALLS = "203.0.113.10", "203.0.113.20"


@pytest.fixture
def bonds(node: Node, tmp_path: Path) -> Iterator[str]:
    """The namespace of the gateway, which sends to CALLS over its second bond, and to all else over the first."""
    policies = [{"name": "calls", "match": {"destinations": [CALLS]}, "via": 1}]
    plan = make_plan(inventory(policies, bonds=[{"bond_id": 0}, {"bond_id": 1, "mode": "broadcast"}]))["nodes"]
    names = {other: f"{node.name}-{other}" for other in ("gateway", "internet")}
    try:
        for name in names.values():
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        for near, far in zip(plan["home"]["bonds"], plan["vps"]["bonds"], strict=True):
            ip(f"link add {far['name']} type veth peer name {near['name']} netns {names['gateway']}")
            for place, end in (("", far), (f"-n {names['gateway']} ", near)):
                ip(f"{place}link set {end['name']} up")
                for address in end["addresses"]:
                    ip(f"{place}addr add {address} dev {end['name']}{' nodad' if ':' in address else ''}")
        ip(f"link add eth0 type veth peer name eth0 netns {names['internet']}")
        ip("addr add 203.0.113.2/24 dev eth0")
        ip("link set eth0 up")
        with inside(names["internet"]):
            ip("link set eth0 up")
            for address in (BULK, CALLS):
                ip(f"addr add {address}/24 dev eth0")
        with inside(names["gateway"]):
            ip(f"addr add {LAN}/32 dev lo")
            ip("route add default via 10.200.0.33")
            ip(f"route add {CALLS} via 10.200.0.37")
        desired = plan["vps"]
        path = tmp_path / "90-linkagg.conf"
        path.write_text(desired["sysctl"])
        subprocess.run(["sysctl", "-p", str(path)], check=True, capture_output=True)
        assert "failed" not in node.module("nft_table", content=desired["nft"])
        node.routing(desired["links"], desired["routes"], desired["rules"])
        with inside(names["internet"]):
            server = subprocess.Popen([sys.executable, str(SERVER), "7000"], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield names["gateway"]
        server.terminate()
        server.wait()
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def received(bond: str) -> int:
    return ip(f"-j -s link show {bond}")[0]["stats64"]["rx"]["packets"]


@pytest.mark.parametrize(("server", "bond", "other"), [(CALLS, "agg1", "agg0"), (BULK, "agg0", "agg1")])
def test_answers_come_back_over_the_bond_that_was_asked_over(bonds: str, server: str, bond: str, other: str) -> None:
    with inside(bonds), socket.create_connection((server, 7000), timeout=5, source_address=(LAN, 0)) as connection:
        before = (received(bond), received(other))
        for _again in range(20):
            connection.sendall(b"?\n")
            assert connection.recv(64) == b"203.0.113.2\n"
        after = (received(bond), received(other))
    assert after[0] - before[0] >= 20
    assert after[1] - before[1] < 10
