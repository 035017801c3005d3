# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight names the program that has a port which a plan needs."""

from __future__ import annotations

import re
import shutil

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.ports import ports_of
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.talkers import server

INVENTORY = {
    "concentrators": {"vps": {"address": "203.0.113.2"}},
    "sites": {
        "home": {
            "site_id": 1,
            "lan": {"subnets": ["192.168.1.0/24"]},
            "links": [{"name": "a", "link_id": 1, "interface": "eth1"}],
            "bonds": [{"leg": "vxlan"}],
            "forwards": [{"port": 443, "to": "192.168.1.10"}, {"port": 8443, "to": "192.168.1.10"}],
        }
    },
}


def problems(node: Node) -> list[str]:
    if not shutil.which("ss"):
        pytest.skip("NOT TESTED: the program ss is not installed")
    return node.module("preflight", programs=[], ports=ports_of(INVENTORY, "vps"))["problems"]


def test_another_programs_ports_are_told_with_its_name(node: Node) -> None:
    with server(node.name, "other", "udp:51820", "tcp:443", "tcp:444"):
        found = problems(node)
    assert [problem.split(" is taken by ")[0] for problem in found] == ["udp port 51820", "tcp port 443"]
    assert all(re.search(r"is taken by \S+ \(process [0-9]+\), ", problem) for problem in found)
    assert "key listen_port" in found[0]
    assert "a forward of site home" in found[1]


def test_free_ports_and_our_own_vxlan_are_no_problem(node: Node) -> None:
    node.needs("veth")
    ip("link add vx0 type vxlan id 5 dstport 4789")
    ip("link set vx0 up")
    assert problems(node) == []
