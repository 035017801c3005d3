# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marked packets over ports of a bond, on the real kernel."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip

MARK = 0x76000000
PORTS = ("leg1", "leg2", "leg3")
PACKETS = 30


def tc(words: str) -> str:
    return subprocess.run(["tc", *words.split()], capture_output=True, text=True, check=True).stdout


@pytest.fixture(autouse=True)
def ports(node: Node) -> Iterator[None]:
    """Ports with carrier, and nobody behind them; a kernel without the filters skips."""
    node.needs("bond", "veth")
    for name in PORTS:
        ip(f"link add {name} type veth peer name {name}p")
        ip(f"link set {name}p up")
    probe = "tc qdisc add dev leg1p clsact && tc filter add dev leg1p egress handle 1 fw action skbedit queue_mapping 1"
    done = subprocess.run(probe, shell=True, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT TESTED: this kernel has no cls_fw or act_skbedit ({done.stderr.strip()}); the lab's has")
    yield


def bond(**options: Any) -> dict[str, Any]:
    queues = [{"port": name, "queue_id": number} for number, name in enumerate(PORTS, 1)]
    given = {"ports": list(PORTS), "port_options": queues, "queue_mark": MARK, "addresses": ["10.9.0.1/24"]}
    return {"name": "agg0", "mode": "balance-rr", **given, **options}


def sent(mark: int, count: int = PACKETS) -> dict[str, int]:
    """How many packets with that mark went over which port."""
    ip("neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev agg0")
    before = counted()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        for _number in range(count):
            sender.sendto(b"x" * 1000, ("10.9.0.2", 9))
    after = counted()
    return {name: round((after[name] - before[name]) / 1042) for name in PORTS}


def counted() -> dict[str, int]:
    return {link["ifname"]: link["stats64"]["tx"]["bytes"] for link in ip("-j -s link show") if link["ifname"] in PORTS}


def evenly() -> dict[str, int]:
    return dict.fromkeys(PORTS, PACKETS // len(PORTS))


def only(name: str) -> dict[str, int]:
    return {**dict.fromkeys(PORTS, 0), name: PACKETS}


def test_a_mark_chooses_the_port_and_all_others_go_by_the_bonds_policy(node: Node) -> None:
    node.bonds(bond())
    assert [sent(MARK + number) for number in (1, 2, 3)] == [only(name) for name in PORTS]
    assert [sent(mark) for mark in (0, MARK, MARK + 4, MARK + 16, 1)] == [evenly()] * 5
    assert not node.bonds(bond()).changed


def test_below_the_bond_nobody_sees_the_mark(node: Node) -> None:
    node.bonds(bond())
    tc("qdisc add dev leg2 clsact")
    tc(f"filter add dev leg2 egress handle {MARK + 2} fw action drop")
    assert sent(MARK + 2) == only("leg2")


def test_a_port_that_is_down_leaves_its_packets_to_the_others(node: Node) -> None:
    node.bonds(bond(miimon=20))
    ip("link set leg2p down")
    for _look in range(50):
        if "slave state ACTIVE mii_status DOWN" in " ".join(ip("-d link show leg2").split()).replace("bond_", ""):
            break
        subprocess.run(["sleep", "0.05"], check=True)
    found = sent(MARK + 2)
    assert (found["leg2"], found["leg1"] + found["leg3"]) == (0, PACKETS)
    assert min(found["leg1"], found["leg3"]) >= PACKETS // 3
    assert sent(MARK + 3) == only("leg3")


def test_active_backup_uses_the_port_that_the_mark_says(node: Node) -> None:
    node.bonds(bond(mode="active-backup", primary="leg1", active_slave="leg1", all_slaves_active=True))
    assert sent(MARK + 3) == only("leg3")
    assert sent(0) == only("leg1")


def test_it_stays_when_mode_and_ports_change(node: Node) -> None:
    node.bonds(bond())
    node.bonds(bond(mode="active-backup"))
    node.bonds(bond())
    assert sent(MARK + 2) == only("leg2")
    with pytest.raises(EngineError, match="queue_mark: the kernel looks at queues only with mode balance-rr or active"):
        node.bonds(bond(mode="balance-xor"))


@pytest.mark.parametrize(
    "breakage",
    [
        "filter del dev agg0 egress pref 7600",
        "filter del dev agg0 egress pref 7601",
        f"filter del dev agg0 egress pref 7600 handle {MARK + 7} fw",
        "filter add dev agg0 egress pref 7605 matchall action drop",
        f"filter replace dev agg0 egress pref 7600 handle {MARK + 1} fw action drop",
        "qdisc del dev agg0 clsact",
    ],
)
def test_what_somebody_breaks_is_mended(node: Node, breakage: str) -> None:
    node.bonds(bond())
    tc(breakage)
    assert node.bonds(bond()).steps[0].startswith("change bond agg0: queue_mark")
    assert sent(MARK + 1) == only("leg1")
    assert not node.bonds(bond()).changed


def test_it_goes_with_its_queues_and_leaves_nothing_behind(node: Node) -> None:
    node.bonds(bond())
    node.bonds(bond(queue_mark=0, port_options=[]))
    assert tc("qdisc show dev agg0 clsact") == ""
    assert {link["linkinfo"]["info_slave_data"]["queue_id"] for link in ip("-j -d link show master agg0")} == {0}
    assert sent(MARK + 1) == evenly()
    assert not node.bonds(bond(queue_mark=0, port_options=[])).changed


def test_filters_of_others_stay(node: Node) -> None:
    node.bonds(bond())
    tc("filter add dev agg0 ingress pref 5 matchall action pass")
    tc("filter add dev agg0 egress pref 5 protocol arp matchall action pass")
    node.bonds(bond(queue_mark=512))
    node.bonds(bond(queue_mark=0))
    for direction in ("ingress", "egress"):
        assert "pref 5" in tc(f"filter show dev agg0 {direction}")
    assert "7600" not in tc("filter show dev agg0 egress")


def test_a_step_that_fails_later_takes_it_back(node: Node) -> None:
    node.bonds(bond(queue_mark=0, port_options=[]))
    ip("link add leg4 type veth peer name leg4p")
    wrong = {"name": "agg1", "ports": ["leg4"], "port_options": [{"port": "leg4", "queue_id": 300}]}
    with pytest.raises(EngineError, match="undone"):
        node.bonds(bond(), wrong)
    assert tc("qdisc show dev agg0 clsact") == ""
    assert sent(MARK + 1) == evenly()


def test_a_bond_made_again_has_it_again(node: Node) -> None:
    node.bonds(bond())
    assert node.bonds(bond(tx_queues=32)).steps[0].startswith("re-create bond agg0")
    assert sent(MARK + 3) == only("leg3")
    assert not node.bonds(bond(tx_queues=32)).changed
