# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights and shapers follow what links carry: the real agent at both ends of two links, the real kernel between."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._rates import items
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.site import inside
from ansible_collections.linkagg.wan.tests.netns.test_agent import AGENT, agent, environment, notices, watching
from ansible_collections.linkagg.wan.tests.netns.test_checks import modems, mute, says

__all__ = ["modems"]

LEGS = [{"link": f"lte{number}", "queue": number, "weight": 5.0} for number in (1, 2)]
WEIGHTS = {"bonds": [{"bond": "agg0", "schedule": "packet", "legs": LEGS}]}


def item(number: int, *, at_gateway: bool = True, mbit: float = 5.0) -> dict[str, Any]:
    """One link, for the module ``agent``, which needs systemd and so cannot run here."""
    near, far, interface = f"10.0.{number}.2", f"10.0.{number}.1", f"wan{number}"
    source, target = (near, far) if at_gateway else (far, near)
    return {
        "link": f"lte{number}",
        "of": "" if at_gateway else "home",
        "source": source,
        "target": target,
        "nominal_mbit": mbit,
        "least_mbit": 0.2,
        "most_mbit": mbit * 2,
        "counters": [{"interface": interface if at_gateway else "lan", "overhead": 0, "peer": ""}],
        "shapers": [{"interface": interface, "share": 100.0, "classid": ""}] if at_gateway else [],
        "bonds": ["agg0"] if at_gateway else [],
    }


def follow(directory: Path, *links: dict[str, Any]) -> None:
    """Save it, as the module does."""
    assert list(items.problems(links)) == []
    for saving in items.savings(str(directory), links):
        saving.write()


def buckets() -> tuple[int, int]:
    """Of the two links, in the kernel."""
    command = ["nft", "list", "map", "inet", "linkagg_weights", "legs-agg0"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return text.count(": 0x76000001"), text.count(": 0x76000002")


def until(there: Callable[[], object], limit_s: float) -> float:
    """How long it takes until something is so."""
    started = time.monotonic()
    while not there():
        assert time.monotonic() - started < limit_s, "waited in vain"
        time.sleep(0.05)
    return time.monotonic() - started


def usually(what: Callable[[], float], seconds: float) -> float:
    """The median of so long: a queue that drains has less for a moment."""
    seen, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        seen.append(what())
        time.sleep(0.1)
    return median(seen)


def weights_shown(node: Node) -> str:
    command = [sys.executable, "-m", AGENT, "--state-directory", str(node.state), "weights", "agg0"]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment()).stdout


@pytest.fixture
def home(node: Node, modems: list[str]) -> Node:
    """A node with two links, weighted alike and followed."""
    for number in (1, 2):
        ip(f"addr add 10.0.{number}.2/24 dev wan{number}")
        ip(f"link set wan{number} up")
    assert node.module("weights", persist=True, **WEIGHTS)["changed"]
    follow(node.state, item(1), item(2))
    return node


def test_a_stalled_link_gets_nothing_by_weight_and_nobody_fights_it(home: Node, modems: list[str]) -> None:
    with watching(home, ended=signal.SIGTERM) as ear:
        notices(ear, "READY=1")
        says(home, "rate of link lte2: 5 Mbit/s nominal, carries 5, shaped to 5; idle; ")
        assert buckets() == (128, 128)
        with mute(modems[0], "10.0.1.1/24 dev lan"):
            assert until(lambda: buckets() == (0, 256), 10) < 4
            again = home.module("weights", persist=True, **WEIGHTS)
            assert (again["changed"], again["steps"]) == (False, [])
            assert [leg["weight"] for leg in again["after"][0]["legs"]] == [0, 5]
            assert agent(home, "restore").returncode == 0
            status = agent(home, "status")
            assert status.returncode == 0, status.stdout
            assert "rate of link lte1: 5 Mbit/s nominal, stalled, so nothing is sent over it by weight" in status.stdout
            assert buckets() == (0, 256)
            assert "lte1: weight 0 (planned 5), 0 of 256" in weights_shown(home)
        until(lambda: buckets()[0] > 60, 15)
    log = (home.keys / "watch.log").read_text()
    assert "link lte1: more than a second late: nothing is sent over it by weight until it is in time" in log
    assert "link lte1: in time again" in log
    assert buckets() == (128, 128), "as planned, since nobody measures any longer"
    assert "not followed now" in agent(home, "status").stdout


def test_weights_that_change_are_counted_anew_and_an_agent_that_is_killed_is_not_believed(
    home: Node, modems: list[str]
) -> None:
    with watching(home, ended=signal.SIGKILL) as ear:
        notices(ear, "READY=1")
        says(home, "rate of link lte1: 5 Mbit/s nominal, carries 5, shaped to 5; idle; ")
        with mute(modems[0], "10.0.1.1/24 dev lan"):
            until(lambda: buckets() == (0, 256), 10)
            legs = [{**LEGS[0], "weight": 2.5}, LEGS[1]]
            changed = {"bonds": [{**WEIGHTS["bonds"][0], "legs": legs}]}
            assert home.module("weights", persist=True, **changed)["changed"]
            until(lambda: buckets() == (0, 256), 10)
        until(lambda: buckets()[0] > 0, 15)
    assert buckets()[0] != 85
    result = home.module("weights", persist=True, **changed)
    assert result["changed"], "what it had changed is no longer excused"
    assert buckets() == (85, 171)


@contextmanager
def far_agent(node: Node, name: str) -> Iterator[None]:
    """The agent of the other end, in the modem's namespace, following what it sends."""
    state = node.keys / "far"
    follow(state, item(1, at_gateway=False))
    command = ["ip", "netns", "exec", name, sys.executable, "-m", AGENT, "--state-directory", str(state), "watch"]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def flood(mbit: float) -> Iterator[None]:
    """Send to the first link's other end, as fast as that."""
    stop = threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, 0x76000001)  # where there are classes, the first
            started, sent = time.monotonic(), 0
            while not stop.is_set():
                due = (time.monotonic() - started) * mbit * 1e6 / 8
                while sent < due:
                    with suppress(OSError):  # there is no room, so that there is enough
                        out.sendto(bytes(1400), ("10.0.1.1", 9))
                    sent += 1442
                time.sleep(0.005)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def shaped() -> float:
    """Mbit/s of the shaper, as the kernel has it."""
    text = ""
    for what in ("qdisc", "class"):
        text += subprocess.run(["tc", what, "show", "dev", "wan1"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(?:bandwidth|rate) ([0-9.]+)([KM])bit", text)
    assert found, text
    return float(found[1]) * {"K": 0.001, "M": 1.0}[found[2]]


# As a gateway has them, and a concentrator.
CLASS = "7600:1"
KINDS: dict[str, list[dict[str, Any]]] = {
    "cake": [{"kind": "cake", "rate": "5mbit"}],
    "htb_class": [{"kind": "htb"}, {"kind": "htb_class", "classid": CLASS, "rate": "5mbit"}],
}


def bridged(modems: list[str]) -> None:
    """Between the node and the other end of its first link, a modem that lets 1 Mbit/s through to there."""
    ip("link del wan1")
    ip(f"netns add {modems[0]}-between")
    between = f"{modems[0]}-between"
    ip(f"link add wan1 type veth peer name near netns {between}")
    ip(f"-n {modems[0]} link add lan type veth peer name beyond netns {between}")
    ip(f"-n {between} link add br0 type bridge")
    for port in ("near", "beyond"):
        ip(f"-n {between} link set {port} master br0")
        ip(f"-n {between} link set {port} up")
    ip(f"-n {between} link set br0 up")
    ip(f"-n {modems[0]} link set lan up")
    ip(f"-n {modems[0]} addr add 10.0.1.1/24 dev lan")
    ip("addr add 10.0.1.2/24 dev wan1")
    ip("link set wan1 up")
    with inside(between):
        words = "tc qdisc add dev beyond root tbf rate 1mbit burst 4kb limit 90kb"
        subprocess.run(words.split(), check=True)


CALLED = {"cake": "cake", "htb_class": f"htb class {CLASS}"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_shaper_follows_what_gets_through_and_a_run_leaves_it(home: Node, modems: list[str], kind: str) -> None:
    if kind == "cake":
        command = "tc qdisc add dev lo root cake && tc qdisc del dev lo root"
        if subprocess.run(command, shell=True, capture_output=True, check=False).returncode:
            pytest.skip("NOT TESTED: this kernel has no cake, and the lab's is too slow where it is emulated")
    try:
        bridged(modems)
        shapers = {"shapers": [{"interface": "wan1", **one} for one in KINDS[kind]], "purge": True}
        assert home.module("shapers", persist=True, **shapers)["changed"]
        where = {"interface": "wan1", "share": 100.0, "classid": CLASS if kind == "htb_class" else ""}
        follow(home.state, {**item(1), "shapers": [where]}, item(2))
        with far_agent(home, modems[0]), watching(home, ended=signal.SIGTERM) as ear:
            notices(ear, "READY=1")
            says(home, "rate of link lte1: 5 Mbit/s nominal, carries 5, shaped to 5; idle; ")
            with flood(6):
                until(lambda: shaped() < 1.2, 8)
                assert 0.5 < usually(shaped, 6) < 1.5
                again = home.module("shapers", persist=True, **shapers)
                assert (again["changed"], again["steps"]) == (False, [])
                assert again["followed"][0].startswith(
                    f"{'cake' if kind == 'cake' else f'htb class {CLASS}'} on wan1: "
                )
                assert agent(home, "status").returncode == 0
                until(lambda: buckets()[0] < 75, 10)
        assert shaped() == 5
        assert not home.module("shapers", persist=True, **shapers)["changed"]
    finally:
        subprocess.run(["ip", "netns", "del", f"{modems[0]}-between"], check=False, capture_output=True)


def test_many_links_are_followed_for_little(node: Node, modems: list[str]) -> None:
    """A hundred, once a second each; their other ends' kernels answer."""
    count = 100
    links = []
    for number in range(3, count + 3):
        ip(f"link add wan{number} type veth peer name lan{number} netns {modems[1]}")
        ip(f"-n {modems[1]} addr add 10.0.{number}.1/24 dev lan{number}")
        ip(f"-n {modems[1]} link set lan{number} up")
        ip(f"addr add 10.0.{number}.2/24 dev wan{number}")
        ip(f"link set wan{number} up")
        links.append({**item(number), "shapers": [], "bonds": []})
    follow(node.state, *links)
    with watching(node) as ear:
        notices(ear, "READY=1")
        until(lambda: agent(node, "status").stdout.count("; idle; ") == count, 15)
        before = processor_s(node.watcher)
        time.sleep(5)
        took_s = processor_s(node.watcher) - before
    assert took_s < 0.75, f"{took_s} s of processor time in 5 s"


def processor_s(process: int) -> float:
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")
