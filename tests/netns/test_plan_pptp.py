# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches the addresses of carriers at a concentrator: legs in sessions of PPTP, and nobody from outside.

A veth pair in the group of sessions stands for one, since this must run where there is no PPP.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.carriers.pptp import GROUP
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.planned import apply_texts, bring_up, inside
from ansible_collections.linkagg.wan.tests.netns.talkers import replying

VPS, NEAR, FAR = "203.0.113.2", "10.208.0.65", "10.208.0.1"


def inventory(*others: str) -> dict[str, Any]:
    links: list[dict[str, Any]] = [
        {"name": "a", "link_id": 1, "interface": "eth1", "carrier": "pptp", "pptp": {"password": "x"}}
    ]
    links += [
        {"name": name, "link_id": 2 + number, "interface": f"eth{2 + number}", "carrier": name}
        for number, name in enumerate(others)
    ]
    site = {"site_id": 1, "lan": {"subnets": ["192.168.1.0/24"]}, "links": links}
    return {"concentrators": {"vps": {"address": VPS}}, "sites": {"home": site}}


@pytest.fixture(params=[(), ("wireguard",)], ids=["pptp alone", "pptp and wireguard"])
def around(node: Node, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The test's own namespace is the concentrator; ``session`` and ``outside`` are the namespaces around it."""
    names = {name: f"{node.name}-{name}" for name in ("session", "outside")}
    try:
        for name in names.values():
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        ip(f"link add ppp0 type veth peer name pptp-a netns {names['session']}")
        ip(f"link add eth0 type veth peer name eth0 netns {names['outside']}")
        ip(f"link set ppp0 group {GROUP}")
        bring_up("ppp0", f"{FAR}/24")
        bring_up("eth0", f"{VPS}/24")
        with inside(names["session"]):
            bring_up("pptp-a", f"{NEAR}/24")
        with inside(names["outside"]):
            bring_up("eth0", "203.0.113.10/24")
            ip(f"route add 10.208.0.0/12 via {VPS}")
        apply_texts(make_plan(inventory(*request.param))["nodes"]["vps"], tmp_path)
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def test_whoever_is_in_a_session_reaches_the_other_end_of_its_legs(around: dict[str, str]) -> None:
    assert replying(around["session"], FAR) == {FAR}


def test_nobody_from_outside_reaches_it(around: dict[str, str]) -> None:
    assert replying(around["outside"], VPS) == {VPS}
    assert replying(around["outside"], FAR) == set()
