# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link whose next hop, or an address beyond it, does not answer loses its routes until it answers again: the real
agent and modules in a namespace, modems in others."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._persist import silence, store
from ansible_collections.linkagg.wan.plugins.module_utils._persist.lock import locked
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg
from ansible_collections.linkagg.wan.tests.netns.site import inside
from ansible_collections.linkagg.wan.tests.netns.test_agent import agent, notices, watching

BEYOND = "192.0.2.53"
QUICK = {"interval_s": 0.2, "lost": 3, "back": 2}
DEFAULT = "default via 10.0.1.1 dev wan1 table 7601"
IN_MAIN = "default via 10.0.1.1 dev wan1 metric 7601"


def routing(ping: str, fwmark: int = 0) -> dict[str, Any]:
    """Two links of which the first is checked; its table, its fail-open route, a host route, both links by weight."""
    way = [{"destination": f"{BEYOND}/32", "via": "10.0.1.1", "device": "wan1", "table": 7601}] if fwmark else []
    hops = [{"via": "10.0.1.1", "device": "wan1", "weight": 3}, {"via": "10.0.2.1", "device": "wan2"}]
    return {
        "links": [
            {
                "interface": "wan1",
                "addresses": ["10.0.1.2/24"],
                "check": {"ping": ping, "fwmark": fwmark, **QUICK},
            },
            {"interface": "wan2", "addresses": ["10.0.2.2/24"]},
        ],
        "routes": [
            *way,
            {"destination": "default", "via": "10.0.1.1", "device": "wan1", "table": 7601},
            {"destination": "default", "type": "blackhole", "table": 7601, "metric": 65535},
            {"destination": "default", "via": "10.0.1.1", "device": "wan1", "metric": 7601},
            {"destination": "203.0.113.3/32", "via": "10.0.1.1", "device": "wan1"},
            {"destination": "10.9.0.0/16", "device": "wan1"},
            {"destination": "default", "table": 7700, "nexthops": hops},
        ],
        "rules": [{"priority": 7601, "fwmark": 30209, "table": 7601}],
    }


@pytest.fixture
def modems(node: Node) -> Iterator[list[str]]:
    """Their namespaces; the first also has the address beyond it."""
    node.needs("veth")
    with plugged(node, "10.0.1.1/24", "10.0.2.1/24") as names:
        ip(f"-n {names[0]} addr add {BEYOND} dev lo")
        yield names


@contextmanager
def plugged(node: Node, *addresses: str) -> Iterator[list[str]]:
    """A modem of each address, at wan1, wan2 and so on; their namespaces."""
    names = [f"{node.name}-modem{number}" for number in range(1, len(addresses) + 1)]
    try:
        for number, (name, address) in enumerate(zip(names, addresses, strict=True), 1):
            ip(f"netns add {name}")
            ip(f"link add wan{number} type veth peer name lan netns {name}")
            for words in ("link set lo up", "link set lan up", f"addr add {address} dev lan"):
                ip(f"-n {name} {words}")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@contextmanager
def mute(modem: str, what: str) -> Iterator[None]:
    """The modem's link stays up, and its answers do not come."""
    ip(f"-n {modem} addr del {what}")
    try:
        yield
    finally:
        ip(f"-n {modem} addr add {what}")


def routes() -> str:
    return ip("-4 route show table all proto 76")


def gone(route: str, limit_s: float = 10, *, back: bool = False) -> None:
    end = time.monotonic() + limit_s
    while (route in routes()) != back:
        assert time.monotonic() < end, f"{route} {'not' if back else 'still'} in: {routes()}"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("ping", "fwmark", "muted"),
    [("next_hop", 0, "10.0.1.1/24 dev lan"), (BEYOND, 30209, f"{BEYOND}/32 dev lo")],
    ids=["next hop", "beyond it"],
)
def test_a_silent_link_is_out_of_use_until_it_answers(
    node: Node, modems: list[str], ping: str, fwmark: int, muted: str
) -> None:
    wanted = routing(ping, fwmark)
    node.module("link_routes", persist=True, **wanted)
    before = routes()
    address = BEYOND if fwmark else "10.0.1.1"
    with watching(node) as ear:
        notices(ear, "READY=1")
        with mute(modems[0], muted):
            started = time.monotonic()
            gone(DEFAULT)
            assert time.monotonic() - started < 3
            gone("default via 10.0.2.1 dev wan2 table 7700", back=True)
            assert IN_MAIN not in routes()
            assert "203.0.113.3" not in routes()
            assert "10.9.0.0/16 dev wan1" in routes(), "it leads nowhere on"
            assert "blackhole default table 7601" in routes()
            # Nobody fights the agent, and nothing is said to be missing.
            again = node.module("link_routes", persist=True, **wanted)
            assert (again["changed"], again["steps"]) == (False, [])
            assert len(again["withdrawn"]) == 3
            assert f"link wan1: {address} does not answer" in str(again["warnings"])
            assert agent(node, "restore").returncode == 0
            assert DEFAULT not in routes()
            status = agent(node, "status")
            assert status.returncode == 0, status.stdout
            assert f"link wan1: {address} does not answer, for " in status.stdout
            assert f"withdrawn until its link answers: route {DEFAULT}" in status.stdout
        gone(DEFAULT, back=True)
        gone(IN_MAIN, back=True)
        assert routes() == before
        assert f"link wan1: {address} answers, for " in agent(node, "status").stdout
    log = (node.keys / "watch.log").read_text()
    assert f"link wan1: {address} does not answer (3 pings lost): its routes are withdrawn" in log
    assert f"link wan1: {address} answers again (2 pings): its routes come back" in log


def test_an_agent_that_is_stopped_puts_routes_back_and_one_that_is_killed_is_not_believed(
    node: Node, modems: list[str]
) -> None:
    wanted = routing("next_hop")
    node.module("link_routes", persist=True, **wanted)
    before = routes()
    for number in (signal.SIGTERM, signal.SIGKILL):
        with mute(modems[0], "10.0.1.1/24 dev lan"), watching(node, ended=number) as ear:
            notices(ear, "READY=1")
            gone(DEFAULT)
        if number == signal.SIGKILL:
            assert DEFAULT not in routes()
            assert node.module("link_routes", persist=True, **wanted)["changed"]
        assert routes() == before
        assert "not checked now" in agent(node, "status").stdout


def test_modems_of_one_subnet_are_told_apart_through_nat(node: Node) -> None:
    """Both are asked at the same address, from the same one, and NAT sees it (nft is what gateways have)."""
    node.needs("veth")
    links = [{"interface": f"wan{number}", "addresses": ["10.0.1.2/24"]} for number in (1, 2)]
    links = [{**link, "check": {"ping": "next_hop", **QUICK}} for link in links]
    routes_ = [
        {"destination": "default", "via": "10.0.1.1", "device": f"wan{number}", "table": 7600 + number}
        for number in (1, 2)
    ]
    masquerade = "table ip nat { chain out { type nat hook postrouting priority 100; oifname wan* masquerade; }; }"
    with plugged(node, "10.0.1.1/24", "10.0.1.1/24") as sticks:
        subprocess.run(["nft", masquerade], check=True)
        node.module("link_routes", persist=True, links=links, routes=routes_)
        with watching(node) as ear:
            notices(ear, "READY=1")
            time.sleep(10 * float(QUICK["interval_s"]))
            told = silence.links(node.state)
            assert {name: link["alive"] for name, link in told.items()} == {"wan1": True, "wan2": True}
            ip(f"-n {sticks[1]} addr del 10.0.1.1/24 dev lan")
            gone("default via 10.0.1.1 dev wan2 table 7602")
            assert DEFAULT in routes()


def test_links_are_asked_while_a_run_has_the_lock_and_routes_go_right_after_it(node: Node, modems: list[str]) -> None:
    node.module("link_routes", persist=True, **routing("next_hop"))

    def is_known_to_answer(wanted: bool) -> None:
        end = time.monotonic() + 10
        while silence.links(node.state).get("wan1", {}).get("alive") is not wanted:
            assert time.monotonic() < end, silence.links(node.state)
            time.sleep(0.05)

    with watching(node) as ear:
        notices(ear, "READY=1")
        with locked():
            with mute(modems[0], "10.0.1.1/24 dev lan"):
                is_known_to_answer(False)
            is_known_to_answer(True)
            ip(f"-n {modems[0]} addr del 10.0.1.1/24 dev lan")
            is_known_to_answer(False)
            assert DEFAULT in routes()
        gone(DEFAULT, 2)
        ip(f"-n {modems[0]} addr add 10.0.1.1/24 dev lan")
        gone(DEFAULT, back=True)


def test_a_check_that_a_run_brings_begins_at_once_and_ends_with_the_run_that_removes_it(
    node: Node, modems: list[str]
) -> None:
    wanted, unchecked = routing("next_hop"), routing("next_hop")
    unchecked["links"][0].pop("check")
    node.module("link_routes", persist=True, **unchecked)
    before = routes()
    with mute(modems[0], "10.0.1.1/24 dev lan"), watching(node) as ear:
        notices(ear, "READY=1")
        assert node.module("link_routes", persist=True, **wanted)["steps"][-1].startswith("save ")
        gone(DEFAULT)
        result = node.module("link_routes", persist=True, **unchecked)
        assert result["withdrawn"] == []
        assert routes() == before
        time.sleep(1.5)
        assert routes() == before


def test_a_next_hop_of_ipv6_is_asked_too_link_local_as_it_is(node: Node, modems: list[str]) -> None:
    with inside(modems[0]):
        ip("addr add fe80::1/64 dev lan nodad")
    node.module(
        "link_routes",
        persist=True,
        links=[{"interface": "wan1", "addresses": ["2001:db8:1::2/64"], "check": QUICK}],
        routes=[{"destination": "::/0", "via": "fe80::1", "device": "wan1", "table": 7601}],
    )
    with watching(node) as ear:
        notices(ear, "READY=1")
        end = time.monotonic() + 10  # until the kernel has looked whether our own address is anybody else's
        while "link wan1: fe80::1 answers" not in agent(node, "status").stdout:
            assert time.monotonic() < end, agent(node, "status").stdout
        with mute(modems[0], "fe80::1/64 dev lan"):
            end = time.monotonic() + 10
            while "fe80::1" in ip("-6 route show table 7601"):
                assert time.monotonic() < end
                time.sleep(0.1)
        end = time.monotonic() + 10
        while "fe80::1" not in ip("-6 route show table all"):
            assert time.monotonic() < end
            time.sleep(0.1)


def test_many_links_are_asked_for_little(node: Node, modems: list[str]) -> None:
    """A hundred links, twice a second each."""
    count = 100
    for number in range(3, count + 3):
        ip(f"link add wan{number} type veth peer name lan{number} netns {modems[1]}")
        ip(f"-n {modems[1]} addr add 10.1.{number}.1/24 dev lan{number}")
        ip(f"-n {modems[1]} link set lan{number} up")
    numbers = range(3, count + 3)
    node.module(
        "link_routes",
        persist=True,
        links=[
            {"interface": f"wan{n}", "addresses": [f"10.1.{n}.2/24"], "check": {"interval_s": 0.5}} for n in numbers
        ],
        routes=[
            {"destination": "default", "via": f"10.1.{n}.1", "device": f"wan{n}", "table": 7600 + n} for n in numbers
        ],
    )
    with watching(node) as ear:
        notices(ear, "READY=1")
        time.sleep(3)
        (process,) = Path(f"/proc/{node.watcher}/stat").read_text().split("\n")[:1]
        before = sum(map(int, process.rpartition(")")[2].split()[11:13]))
        time.sleep(4)
        process = Path(f"/proc/{node.watcher}/stat").read_text()
        ticks = sum(map(int, process.rpartition(")")[2].split()[11:13])) - before
        told = agent(node, "status").stdout
    assert told.count(" answers, for ") == count, told
    assert ticks < 100, f"{ticks / 100} s of processor time in 4 s"


def test_the_other_end_of_a_point_to_point_link_is_its_next_hop(node: Node, modems: list[str]) -> None:
    ip("addr add 10.0.7.2 peer 10.0.7.1 dev wan1")
    with inside(modems[0]):
        ip("addr add 10.0.7.1 peer 10.0.7.2 dev lan")
    node.module(
        "link_routes",
        persist=True,
        links=[{"interface": "wan1", "check": QUICK}],
        routes=[{"destination": "default", "device": "wan1", "table": 7601}],
    )
    with watching(node) as ear:
        notices(ear, "READY=1")
        says(node, "link wan1: 10.0.7.1 answers, for ")
        ip(f"-n {modems[0]} link set lan down")
        ip("link set wan1 up")
        gone("default dev wan1 table 7601")


def test_legs_of_bonds_that_cannot_watch_them_are_asked_and_told_of(node: Node, modems: list[str]) -> None:
    """Saved by hand, since not every kernel has bonds: what is asked is the leg's other end, from its own."""
    node.needs("vxlan")
    ip("addr add 10.208.0.65/24 dev wan1")
    ip("link set wan1 up")
    ip(f"-n {modems[0]} addr add 10.208.0.1/24 dev lan")
    leg0 = leg("vxlan", local="10.208.0.65", remote="10.208.0.1")
    for mode, part in (("balance-tlb", "bonds"), ("", "tunnels")):
        item = {"kind": "bond", "name": "agg0", "mode": mode, "ports": ["leg0"]} if mode else leg0
        store.write(node.state, part, store.render(part, [item]))
    with watching(node):
        says(node, "leg leg0: 10.208.0.1 answers, for ")
        with mute(modems[0], "10.208.0.1/24 dev lan"):
            says(node, "leg leg0: 10.208.0.1 does not answer, for ")
            assert "UP" in ip("-br link show leg0"), "it is only told"
        says(node, "leg leg0: 10.208.0.1 answers, for ")
    log = (node.keys / "watch.log").read_text()
    assert "leg leg0: its other end 10.208.0.1 does not answer (3 pings lost)" in log
    assert "leg leg0: its other end 10.208.0.1 answers again (2 pings)" in log


def test_routes_over_a_bond_give_way_while_none_of_its_legs_answers(node: Node, modems: list[str]) -> None:
    """The bond is saved by hand and its interface another one, since not every kernel has bonds."""
    node.needs("vxlan")
    ip("link add agg0 type veth peer name far0")
    ip("addr add 10.200.0.34/30 dev agg0")
    for words in ("addr add 10.208.0.65/24 dev wan1", "link set wan1 up", "link set agg0 up", "link set far0 up"):
        ip(words)
    ip(f"-n {modems[0]} addr add 10.208.0.1/24 dev lan")
    leg0 = leg("vxlan", local="10.208.0.65", remote="10.208.0.1")
    bond = {"kind": "bond", "name": "agg0", "mode": "balance-tlb", "ports": ["leg0"]}
    for part, item in (("bonds", bond), ("tunnels", leg0)):
        store.write(node.state, part, store.render(part, [item]))
    route = {"destination": "default", "via": "10.200.0.33", "device": "agg0"}
    wanted = {"routes": [{**route, "table": 7729, "give_way": True}, {**route, "table": 7600}]}
    giving = "default via 10.200.0.33 dev agg0 table 7729"
    node.module("link_routes", persist=True, **wanted)
    before = routes()
    with watching(node):
        says(node, "leg leg0: 10.208.0.1 answers, for ")
        with mute(modems[0], "10.208.0.1/24 dev lan"):
            gone(giving)
            assert "default via 10.200.0.33 dev agg0 table 7600" in routes(), "it is not said to give way"
            says(node, "bond agg0: no leg is heard, for ")
            again = node.module("link_routes", persist=True, **wanted)
            assert (again["changed"], again["withdrawn"]) == (False, [f"route {giving}"])
            assert "bond agg0: none of its legs is heard" in str(again["warnings"])
        gone(giving, back=True)
    assert routes() == before


def says(node: Node, words: str, limit_s: float = 20) -> None:
    end = time.monotonic() + limit_s
    while words not in (told := agent(node, "status").stdout):
        assert time.monotonic() < end, f"{words} not in: {told}"
