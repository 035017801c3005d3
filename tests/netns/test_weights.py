# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights on the real kernel: two nodes with a bond over three legs, what goes over which, nothing lost meanwhile."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._agent import cli
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.nft import Nft
from ansible_collections.linkagg.wan.plugins.module_utils._weights import saved, table
from ansible_collections.linkagg.wan.plugins.module_utils._weights.apply import apply
from ansible_collections.linkagg.wan.plugins.module_utils._weights.model import wanted
from ansible_collections.linkagg.wan.plugins.module_utils._weights.table import QUEUE_MARK
from ansible_collections.linkagg.wan.tests.netns.node import Node, enter, ip

LINKS = ("lte1", "lte2", "dsl")
LEGS = tuple(f"leg-{link}" for link in LINKS)
NEAR, FAR = {4: "10.9.0.1", 6: "fd00:9::1"}, {4: "10.9.0.2", 6: "fd00:9::2"}
MAC = {"near": "02:00:00:00:00:01", "far": "02:00:00:00:00:02"}
WEIGHTS = (6, 3, 1)
PORT = 5000
_RCVBUFFORCE = 33  # asm-generic/socket.h
IPPROTO_MPTCP = 262  # linux/in.h


def run(words: str) -> str:
    done = subprocess.run(words, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


@contextmanager
def inside(path: str) -> Iterator[None]:
    """In another network namespace for a while."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        enter(path)
        yield
    finally:
        enter(f"/proc/self/fd/{home}")
        os.close(home)


def weights(schedule: str, numbers: Sequence[float] = WEIGHTS) -> dict[str, Any]:
    pairs = zip(LINKS, numbers, strict=True)
    legs = [{"link": link, "queue": queue, "weight": weight} for queue, (link, weight) in enumerate(pairs, 1)]
    return {"bond": "agg0", "schedule": schedule, "legs": legs}


def bond(end: str, **options: Any) -> dict[str, Any]:
    own = NEAR if end == "near" else FAR
    return {
        "name": "agg0",
        "mode": "balance-rr",
        "ports": list(LEGS),
        "port_options": [{"port": name, "queue_id": number} for number, name in enumerate(LEGS, 1)],
        "queue_mark": QUEUE_MARK,
        "addresses": [f"{own[4]}/24", f"{own[6]}/64"],
        "mac_address": MAC[end],
        "mtu": 1400,
        **options,
    }


@dataclass
class Ends:
    """The near end, in which the test runs, and the far one; ``sink`` takes there what is sent."""

    near: Node
    far: Node
    sink: socket.socket | None = None

    def there(self) -> Any:
        """In the far end's namespace."""
        return inside(f"/run/netns/{self.far.name}")

    def weigh(self, *items: dict[str, Any]) -> dict[str, Any]:
        """What the module does at the end that we are in, without its process."""
        before = saved.load(str(self.near.state))
        after = wanted(items, before)
        result = apply(Nft(table.FAMILY, table.NAME), before, after, check=False)
        for file in saved.savings(str(self.near.state), after):
            file.write()
        return result

    def module(self, *items: dict[str, Any], **options: Any) -> dict[str, Any]:
        """The module itself."""
        result = self.near.module("weights", bonds=list(items), **{"persist": True, **options})
        assert "msg" not in result, result["msg"]
        return result

    def command(self, *words: str) -> tuple[int, str, str]:
        """``linkagg``: exit status, output, errors."""
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            status = cli.main(["--state-directory", str(self.near.state), *words])
        return status, output.getvalue(), errors.getvalue()


@pytest.fixture
def ends(node: Node, tmp_path: Path) -> Iterator[Ends]:
    node.needs("bond", "veth")
    far = Node(f"{node.name}-far", tmp_path / "far")
    subprocess.run(["ip", "netns", "add", far.name], check=True)
    try:
        probe = "tc qdisc add dev lo clsact && tc filter add dev lo egress handle 1 fw action skbedit queue_mapping 1"
        done = subprocess.run(["ip", "netns", "exec", far.name, "sh", "-c", probe], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("NOT TESTED: this kernel has no cls_fw or act_skbedit; the lab's has")
        for name in LEGS:
            ip(f"link add {name} type veth peer name {name} netns {far.name}")
        both = Ends(node, far)
        node.bonds(bond("near"))
        _neighbours(FAR, MAC["far"])
        begin_counting()
        with both.there():
            far.bonds(bond("far"))
            ip("link set lo up")
            _neighbours(NEAR, MAC["near"])
            begin_counting()
            both.sink = udp(6)
        both.sink.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, 1 << 24)
        both.sink.bind(("", PORT))
        yield both
        both.sink.close()
    finally:
        subprocess.run(["ip", "netns", "del", far.name], check=True)


def _neighbours(addresses: dict[int, str], mac: str) -> None:
    """So that nothing but the test's own packets is on the legs."""
    for address in addresses.values():
        ip(f"neigh replace {address} lladdr {mac} dev agg0")


def begin_counting() -> None:
    """Begin to count what is sent over each leg, without what the kernel itself has to say."""
    ours = ("meta l4proto { tcp, udp }", "icmp type echo-request", "icmpv6 type echo-request")
    for name in LEGS:
        run(f"nft add table netdev counts; nft add counter netdev counts {name}")
        hook = f'type filter hook egress device "{name}" priority 0;'
        run(f"nft 'add chain netdev counts {name} {{ {hook} }}'")
        for match in ours:
            run(f"nft add rule netdev counts {name} {match} counter name {name}")


def counted() -> tuple[int, ...]:
    """Packets sent over each leg."""
    listed = json.loads(run("nft -j list counters table netdev counts"))["nftables"]
    found = {one["counter"]["name"]: one["counter"]["packets"] for one in listed if "counter" in one}
    return tuple(found[name] for name in LEGS)


@contextmanager
def sent(into: list[int]) -> Iterator[None]:
    """What goes over each leg meanwhile."""
    before = counted()
    yield
    into[:] = [after - was for was, after in zip(before, counted(), strict=True)]


def udp(version: int) -> socket.socket:
    return socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)


def conversation(version: int = 4) -> socket.socket:
    """A connection of its own, as conntrack sees it."""
    sender = udp(version)
    sender.connect((FAR[version], PORT))
    return sender


def share(found: Sequence[int], numbers: Sequence[float] = WEIGHTS) -> list[float]:
    """What each leg has, relative to its weight's share."""
    return [
        count / sum(found) / (weight / sum(numbers)) if weight else 1 + count
        for count, weight in zip(found, numbers, strict=True)
    ]


def leg_of(sender: socket.socket, count: int = 5) -> str:
    """The one leg that all packets of a connection take."""
    found: list[int] = []
    with sent(found):
        for _number in range(count):
            sender.send(b"x")
    assert sorted(found) == [0, 0, count], found
    return LINKS[found.index(count)]


@pytest.mark.parametrize("version", [4, 6])
def test_packets_are_dealt_by_weight(ends: Ends, version: int) -> None:
    ends.weigh(weights("packet"))
    found: list[int] = []
    with sent(found):
        sender = conversation(version)
        for _number in range(1000):
            sender.send(b"x")
    assert share(found) == pytest.approx([1, 1, 1], abs=0.05)
    with sent(found):  # evenly all the time, not in bursts
        for _number in range(10):
            sender.send(b"x")
    assert found == pytest.approx([6, 3, 1], abs=1)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("protocol", "legs"), [(IPPROTO_MPTCP, 1), (0, 3)])
def test_a_subflow_of_mptcp_keeps_to_one_leg(ends: Ends, protocol: int, legs: int, version: int) -> None:
    """Or it would become plain TCP when its first packets change places; what is plain TCP already goes over all."""
    ends.weigh(weights("packet"))
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with ends.there():
        listener = socket.socket(family, socket.SOCK_STREAM, protocol)
        listener.bind(("", PORT))
        listener.listen()
    found: list[int] = []
    with listener, socket.socket(family, socket.SOCK_STREAM, protocol) as sender, sent(found):
        sender.connect((FAR[version], PORT))
        taker, _address = listener.accept()
        with taker:
            for _number in range(30):
                sender.send(b"x" * 100)
                assert taker.recv(100)
    assert len([count for count in found if count]) == legs
    assert sum(found) >= 30


@pytest.mark.parametrize("version", [4, 6])
def test_connections_are_dealt_by_weight_and_each_stays_on_its_leg(ends: Ends, version: int) -> None:
    ends.weigh(weights("flow"))
    legs = [leg_of(conversation(version), 3) for _number in range(20)]
    assert [legs.count(link) for link in LINKS] == pytest.approx([12, 6, 2], abs=1)


def test_each_end_has_its_own_weights_for_what_it_sends(ends: Ends) -> None:
    ends.weigh(weights("flow"))
    with ends.there():
        Ends(ends.far, ends.near).weigh(weights("flow", (1, 1, 8)))
        before = counted()
    ours: list[int] = []
    with sent(ours):
        for _number in range(50):
            sender = conversation()
            for _packet in range(4):
                sender.send(b"x")
                data, client = ends.sink.recvfrom(10)
                ends.sink.sendto(data, client)
                assert sender.recv(10) == b"x"
    with ends.there():
        theirs = [after - was for was, after in zip(before, counted(), strict=True)]
    assert share(ours) == pytest.approx([1, 1, 1], abs=0.25)
    assert share(theirs, (1, 1, 8)) == pytest.approx([1, 1, 1], abs=0.25)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("schedule", ["packet", "flow"])
def test_all_fragments_of_a_packet_take_one_leg(ends: Ends, schedule: str, version: int) -> None:
    ends.weigh(weights(schedule))
    found: list[int] = []
    sender = conversation(version)
    for _number in range(12):
        with sent(found):
            sender.send(b"x" * 4000)
        assert sorted(found) == [0, 0, 3]


def test_forwarded_fragments_take_one_leg(ends: Ends) -> None:
    """They come in apart, from a host behind this node."""
    ends.weigh(weights("flow"))
    run("sysctl -qw net.ipv4.ip_forward=1")
    host = f"{ends.near.name}-lan"
    run(f"ip netns add {host}")
    try:
        ip(f"link add lan0 type veth peer name lan0 netns {host}")
        run("ip address add 10.8.0.1/24 dev lan0; ip link set lan0 up")
        with inside(f"/run/netns/{host}"):
            run("ip address add 10.8.0.2/24 dev lan0; ip link set lan0 up mtu 1300; ip route add default via 10.8.0.1")
            senders = [conversation() for _number in range(8)]
        found: list[int] = []
        for sender in senders:
            with sent(found):
                for _number in range(3):
                    sender.send(b"x" * 4000)
                time.sleep(0.1)
            assert [count for count in found if count] in ([9], [12]), found
    finally:
        run(f"ip netns del {host}")


def test_what_is_neither_tcp_nor_udp_keeps_its_order(ends: Ends) -> None:
    ends.weigh(weights("flow"))
    found: list[int] = []
    for target in (*FAR.values(), *FAR.values()):
        with sent(found):
            run(f"ping -q -c 12 -i 0.002 -W 1 {target}")
        assert sorted(found)[:2] == [0, 0] and sum(found) >= 12, found


def test_connections_that_others_mark_stay_on_a_leg_as_well(ends: Ends) -> None:
    ends.weigh(weights("flow"))
    run("nft add table inet theirs")
    run("nft 'add chain inet theirs output { type filter hook output priority 0; }'")
    run("nft add rule inet theirs output ct mark set 0xa0000001")
    legs = [leg_of(conversation(), 3) for _number in range(40)]
    assert legs.count("lte1") > legs.count("dsl")
    run("nft add rule inet theirs output ct mark 0xa0000001 meta mark set 0x7")
    assert {leg_of(conversation(), 3) for _number in range(20)} >= {"lte1", "lte2"}


def test_what_is_not_tracked_keeps_its_order(ends: Ends) -> None:
    ends.weigh(weights("flow"))
    run("nft add table inet theirs")
    run("nft 'add chain inet theirs output { type filter hook output priority raw; }'")
    run("nft add rule inet theirs output udp dport 5000 notrack")
    for version in (4, 6):
        leg_of(conversation(version), 20)


def test_a_change_of_weights_loses_nothing_and_moves_only_what_it_must(ends: Ends) -> None:
    ends.weigh(weights("flow"))
    senders = [conversation() for _number in range(40)]
    before = [leg_of(sender) for sender in senders]
    status, output, errors = ends.command("weights", "agg0", "dsl=0")
    assert (status, errors) == (0, "")
    assert "dsl: weight 0 (planned 1), 0 of 256" in output
    after = [leg_of(sender) for sender in senders]
    assert "dsl" in before
    assert "dsl" not in after
    assert all(now == was for was, now in zip(before, after, strict=True) if was != "dsl")
    ends.command("weights", "agg0", "planned")
    assert sum(now != was for was, now in zip(after, map(leg_of, senders), strict=True)) <= 8


@pytest.mark.parametrize("schedule", ["packet", "flow"])
def test_weights_change_while_traffic_runs(ends: Ends, schedule: str) -> None:
    ends.weigh(weights(schedule))
    going, count = threading.Event(), [0]

    def send() -> None:
        senders = [conversation() for _number in range(30)]
        while not going.is_set():
            senders[count[0] % 30].send(b"x")
            count[0] += 1
            time.sleep(0.001)

    sender = threading.Thread(target=send)
    found: list[int] = []
    with sent(found):
        sender.start()
        for change in ("lte1=0", "lte1=1", "dsl=0", "planned") * 2:
            assert ends.command("weights", "agg0", change)[0] == 0
        going.set()
        sender.join()
    assert sum(found) == count[0], "a packet without a leg would have gone by the bond's policy, none twice"
    ends.sink.setblocking(False)
    received = 0
    with pytest.raises(BlockingIOError):
        while ends.sink.recv(10):
            received += 1
    assert received == count[0] > 100


def test_without_rules_or_filters_the_bonds_own_policy_goes_on(ends: Ends) -> None:
    ends.weigh(weights("packet", (1, 0, 0)))
    found: list[int] = []
    sender = conversation()

    def thirty() -> list[int]:
        with sent(found):
            for _number in range(30):
                sender.send(b"x")
        return found

    assert thirty() == [30, 0, 0]
    run("nft delete table inet linkagg_weights")
    assert thirty() == [10, 10, 10]
    assert ends.weigh(weights("packet", (1, 0, 0)))["changed"]
    assert thirty() == [30, 0, 0]
    run("tc qdisc del dev agg0 clsact")
    assert thirty() == [10, 10, 10]


def test_a_silent_leg_leaves_its_packets_to_the_others(ends: Ends) -> None:
    watched = {"arp_interval": 50}
    ends.near.bonds(bond("near", **watched, arp_ip_target=[FAR[4]]))
    with ends.there():
        ends.far.bonds(bond("far", **watched, arp_ip_target=[NEAR[4]]))
    ends.weigh(weights("packet", (0, 1, 0)))
    if subprocess.run("tc qdisc add dev leg-lte2 root netem loss 100%", shell=True, check=False).returncode:
        pytest.skip("NOT TESTED: this kernel has no netem; the lab's has")
    with ends.there():
        run("tc qdisc add dev leg-lte2 root netem loss 100%")
    deadline = time.monotonic() + 10
    while "mii_status DOWN" not in " ".join(ip("-d link show leg-lte2").split()):
        assert time.monotonic() < deadline, ip("-d link show leg-lte2")
        time.sleep(0.05)
    sender = conversation()
    for _number in range(30):
        sender.send(b"x")
    ends.sink.settimeout(1)
    assert [ends.sink.recv(10) for _number in range(30)] == [b"x"] * 30


def test_a_second_run_does_nothing_and_check_mode_says_what_the_first_would(ends: Ends) -> None:
    checked = ends.module(weights("flow"), check=True)
    done = ends.module(weights("flow"))
    assert checked == done
    assert done["steps"][0] == (
        "weigh bond agg0, by flow, lte1: weight 6, 153 of 256, lte2: weight 3, 77 of 256, dsl: weight 1, 26 of 256"
    )
    again = ends.module(weights("flow"))
    assert (again["changed"], again["steps"]) == (False, [])
    gone = ends.module()
    assert gone["steps"][0] == "stop weighing bond agg0"
    assert "linkagg_weights" not in run("nft list tables")
    assert not list(ends.near.state.iterdir())


def test_weights_given_on_the_node_last_until_the_planned_ones_change(ends: Ends) -> None:
    ends.weigh(weights("packet"))
    ends.command("weights", "agg0", "lte2=0", "dsl=0")
    found: list[int] = []

    def ten() -> list[int]:
        sender = conversation()
        with sent(found):
            for _number in range(10):
                sender.send(b"x")
        return found

    assert ten() == [10, 0, 0]
    assert not ends.weigh(weights("packet"))["changed"]
    run("nft delete table inet linkagg_weights")
    assert ends.command("restore")[0] == 0
    assert ten() == [10, 0, 0]
    ends.weigh(weights("packet", (0, 0, 5)))
    assert ten() == [0, 0, 10]
    assert ends.command("weights")[1].splitlines() == [
        "agg0, by packet",
        "  lte1: weight 0, 0 of 256",
        "  lte2: weight 0, 0 of 256",
        "  dsl: weight 5, 256 of 256",
    ]


def test_a_node_that_restarts_has_all_of_it_again(ends: Ends) -> None:
    ends.near.module("bonds", persist=True, bonds=[bond("near")])
    ends.weigh(weights("packet", (0, 1, 0)))
    ip("link del agg0")
    run("nft delete table inet linkagg_weights")
    status, _output, errors = ends.command("restore")
    assert (status, errors) == (0, "")
    _neighbours(FAR, MAC["far"])
    found: list[int] = []
    with sent(found):
        sender = conversation()
        for _number in range(10):
            sender.send(b"x")
    assert found == [0, 10, 0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("agg9", "lte1=1"), "error: bond agg9 has no weights; those that have are agg0"),
        (("agg0", "lte3=1"), "error: lte3=1: agg0 has no link 'lte3'; did you mean lte2?"),
        (("agg0", "lte1=-1", "dsl"), "error: lte1=-1: found '-1'; allowed: a number, 0 or more, as in lte1=2.5"),
        (("agg0", "dsl"), "error: dsl: found ''; allowed: a number, 0 or more, as in dsl=2.5"),
        (("agg0", "lte1=0", "lte2=0", "dsl=0"), "error: agg0: no link would have a weight above 0"),
    ],
)
def test_wrong_words_change_nothing(node: Node, words: Sequence[str], message: str) -> None:
    """Here nothing but nftables is needed."""
    ends = Ends(node, node)
    ends.weigh(weights("flow"))
    before = run("nft list ruleset")
    status, _output, errors = ends.command("weights", *words)
    assert status == 2
    assert message in errors
    assert run("nft list ruleset") == before


def test_all_that_is_wrong_is_said_at_once(node: Node) -> None:
    wrong = weights("flow", (0, 0, 0))
    wrong["legs"][1]["queue"] = 1
    wrong["legs"][2]["queue"] = 16
    result = node.module("weights", bonds=[wrong, weights("packet")])
    assert result["problems"] == [
        "bonds[0] (agg0): queue 1 is given to several legs",
        "bonds[0] (agg0): leg dsl: queue: found 16; allowed: 1 to 15",
        "bonds[0] (agg0): no leg has a weight above 0: give one to one of them",
        "bonds: agg0 appears twice",
    ]


def test_a_change_moves_elements_and_does_not_load_the_table_again(node: Node) -> None:
    """Counters, and the place in the sequence, would begin anew."""
    ends = Ends(node, node)
    ends.weigh(weights("flow"))
    handle = run("nft -a list chain inet linkagg_weights to-agg0")
    assert ends.command("weights", "agg0", "lte1=0")[0] == 0
    assert run("nft -a list chain inet linkagg_weights to-agg0") == handle
    assert f"{QUEUE_MARK + 1:#x}" not in run("nft list ruleset")
    assert not ends.weigh(weights("flow"))["changed"]
