# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MPTCP endpoints and shapers come back with a restart, after what they are on, also where that comes late."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg
from ansible_collections.linkagg.wan.tests.netns.test_agent import agent, notices, plug, restart, watching
from ansible_collections.linkagg.wan.tests.netns.test_engine_mptcp import ENABLED
from ansible_collections.linkagg.wan.tests.netns.test_engine_shapers import ours as shapers

LINKS = [{"interface": f"wan{n}", "addresses": [f"10.0.{n}.2/24"]} for n in (1, 2)]
ENDPOINTS: list[dict[str, Any]] = [
    {"address": "10.0.1.2", "device": "wan1", "subflow": True},
    {"address": "10.0.2.2", "device": "wan2", "subflow": True, "backup": True, "id": 1},
    {"address": "10.0.1.2", "port": 8443, "signal": True},
]
TBF = {"kind": "tbf", "rate": "5mbit", "burst": "10kb", "latency": "50ms"}
CLASS = {"kind": "htb_class", "interface": "wan2", "classid": "7600:41", "rate": "5mbit", "overhead": 60}
SHAPERS = [
    *({**TBF, "interface": name} for name in ("leg0", "wan1")),
    *({"kind": "htb", "interface": "wan2"}, CLASS, {**TBF, "interface": "wan2", "parent": "7600:41"}),
]
MODULES: dict[str, dict[str, Any]] = {
    "tunnels": {"tunnels": [leg("vxlan")]},
    "link_routes": {"links": LINKS},
    "mptcp_endpoints": {"endpoints": ENDPOINTS, "limits": {"subflows": 8}},
    "shapers": {"shapers": SHAPERS},
}


@pytest.fixture
def home(node: Node) -> Node:
    """A node with a leg and two modems, their endpoints and shapers, all of it saved."""
    node.needs("vxlan", "veth")
    if not ENABLED.exists():
        pytest.skip("NOT TESTED: this kernel has no MPTCP")
    plug(1, 2)
    for name, arguments in MODULES.items():
        result = node.module(name, persist=True, **arguments)
        assert "msg" not in result, result["msg"]
    return node


def shown() -> str:
    """Endpoints, limits and shapers in the words of the kernel's tools."""
    return "\n".join([*sorted(ip("mptcp endpoint").splitlines()), ip("mptcp limits"), shapers()])


def until(true: Callable[[], bool], limit_s: float = 10) -> None:
    """Wait for that."""
    end = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < end, shown()
        time.sleep(0.1)


def test_a_restart_brings_endpoints_limits_and_shapers_back(home: Node) -> None:
    before = shown()
    assert before.count("qdisc tbf 7600:") == 2
    assert "class htb 7600:41" in before
    assert "subflows 8" in before
    restart(home)
    plug(1, 2)
    assert shown() != before
    done = agent(home, "restore")
    assert (done.returncode, done.stderr) == (0, "")
    assert shown() == before
    again = "all that is saved is there (tunnels 1, link_routes 2, mptcp_endpoints 4, shapers 5)\n"
    assert agent(home, "restore").stdout == again
    for name, arguments in MODULES.items():
        assert home.module(name, persist=True, purge=True, **arguments)["steps"] == []


def test_what_is_on_a_late_modem_is_completed_and_comes_back_with_it(home: Node) -> None:
    before = shown()
    restart(home)
    plug(1)
    done = agent(home, "restore")
    assert done.returncode == 1
    assert "not there: MPTCP endpoint 10.0.2.2: wan2 does not exist\n" in done.stdout
    assert "not there: htb class 7600:41 on wan2: wan2 does not exist\n" in done.stdout
    assert shapers().count("tbf") == 2
    restart(home)
    plug(1)
    with watching(home) as ear:
        notices(ear, "not there")
        plug(2)
        until(lambda: shown() == before)
        ip("link del wan2")
        notices(ear, "wan2 has gone")
        assert shapers().count("tbf") == 2
        plug(2)
        until(lambda: shown() == before)


def test_what_is_removed_is_forgotten_but_a_limit_that_is_not_listed(home: Node) -> None:
    gone = home.module("mptcp_endpoints", persist=True, endpoints=ENDPOINTS[:1], purge=True)
    assert gone["changed"], gone
    assert home.module("mptcp_endpoints", persist=True, limits={"subflows": 8})["steps"] == []
    assert home.module("shapers", persist=True, shapers=[], purge=True)["changed"]
    assert not home.state.joinpath("shapers.json").exists()
    restart(home)
    plug(1, 2)
    assert agent(home, "restore").returncode == 0
    assert [line.split()[0] for line in ip("mptcp endpoint").splitlines()] == ["10.0.1.2"]
    assert "subflows 8" in ip("mptcp limits")
    assert shapers() == ""
