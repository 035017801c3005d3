# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that are killed between any two steps, and within them: the next run brings what a clean run brings.

Told to end, they undo what they have done. The module's own code runs, in a process of its own, on the real kernel.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import LEGS, Node, ip, leg

Items = list[dict[str, Any]]


def state() -> tuple[Any, ...]:
    """All that modules change, in ``ip``'s words, without what the kernel draws by lot."""
    links = [
        (
            link["ifname"],
            link["mtu"],
            link.get("ifalias"),
            "UP" in link["flags"],
            link.get("master"),
            {name: value for name, value in link.get("linkinfo", {}).get("info_data", {}).items() if "mac" not in name},
        )
        for link in sorted(ip("-j -d link"), key=lambda link: link["ifname"])
        if link["ifname"] != "lo"
    ]
    addresses = [
        (item["ifname"], sorted(one["local"] for one in item["addr_info"] if one["scope"] == "global"))
        for item in sorted(ip("-j address"), key=lambda item: item["ifname"])
    ]
    routes = [line for line in ip("-4 route show table all").splitlines() if "table local" not in line]
    return links, addresses, sorted(routes), ip("rule"), ip("-6 rule")


def converges(node: Node, begin: Callable[[], None], module: str, **arguments: Any) -> int:
    """Kill the module before each of its steps and batches, run it again, compare. How often it was killed."""
    begin()
    assert node.module(module, **arguments)["changed"] is True
    clean = state()
    assert node.module(module, **arguments)["changed"] is False
    kills = 0
    for when in ("step", "batch"):
        for number in range(1, 100):
            begin()
            done = node.process(module, signal=f"SIGKILL {when} {number}", **arguments)
            if done.returncode != -signal.SIGKILL:
                assert json.loads(done.stdout)["changed"] is True
                break
            kills += 1
            again = node.module(module, **arguments)
            assert not again.get("failed"), again
            assert state() == clean, f"killed before {when} {number}"
    return kills


@pytest.mark.parametrize("kind", LEGS)
def test_killed_tunnels_converge(node: Node, kind: str) -> None:
    node.needs(kind)
    number = "vni" if kind == "vxlan" else "key"

    def begin() -> None:
        node.tunnels(state="absent", purge=True)
        node.tunnels(*(leg(kind, f"leg{n}", **{number: n}) for n in range(4)))
        ip("route replace 198.51.100.0/24 dev leg3")

    tunnels = [
        leg(kind, "leg0", **{number: 1}),  # swaps its number with leg1: one is removed and made again
        leg(kind, "leg1", **{number: 0}),
        leg(kind, "leg3", **{number: 3}, mtu=1300),
        leg(kind, "leg4", **{number: 4}),
    ]
    assert converges(node, begin, "tunnels", tunnels=tunnels, purge=True) >= 6


def test_killed_carriers_converge(node: Node) -> None:
    node.needs("wireguard")
    peers = [{"public_key": node.key(f"peer{n}")[1], "allowed_ips": [f"10.208.0.{n}/32"]} for n in range(3)]
    old, new = node.key("old")[0], node.key("new")[0]

    def carrier(name: str, key: str, **options: Any) -> dict[str, Any]:
        return {"kind": "wireguard", "name": name, "mtu": 1440, "private_key_file": key, **options}

    def begin() -> None:
        node.tunnels(state="absent", purge=True)
        node.tunnels(carrier("wg0", old, listen_port=1, peers=peers[:2], addresses=["10.208.1.1/24"]))
        node.tunnels(carrier("wg1", old, listen_port=2))

    tunnels = [
        carrier("wg0", new, listen_port=2, peers=peers[1:], addresses=["10.208.1.2/24"], fwmark=5),
        carrier("wg1", old, listen_port=1),
        carrier("wg2", old, listen_port=3, peers=peers[:1], addresses=["10.208.2.1/24"]),
    ]
    assert converges(node, begin, "tunnels", tunnels=tunnels) >= 4


def test_killed_routing_converges(node: Node) -> None:
    node.needs("veth")
    ip("link add wan1 type veth peer name modem1")
    ip("link set modem1 up")
    default = {"destination": "default", "via": "10.0.1.1", "device": "wan1", "table": 7601}
    rule = {"priority": 7601, "table": 7601}

    def begin() -> None:
        node.routing(purge=True)
        ip("link set wan1 up")
        near = {"destination": "10.9.0.0/24", "device": "wan1"}
        far = {"destination": "10.8.0.0/16", "via": "10.0.1.1", "source": "10.0.1.2"}
        node.routing([{"interface": "wan1", "addresses": ["10.0.1.2/24"]}], [default, near, far], [rule])

    arguments = {
        "links": [{"interface": "wan1", "addresses": ["10.0.1.3/24"]}],
        "routes": [
            {"destination": "192.168.7.0/24", "via": "10.9.0.9"},
            {"destination": "10.9.0.0/24", "device": "wan1", "metric": 5},
            {**default, "via": "10.0.1.9"},
        ],
        "rules": [rule, {"priority": 7602, "fwmark": 2, "table": 7601}],
    }
    assert converges(node, begin, "link_routes", **arguments, purge=True) >= 6


def test_killed_bonds_converge(node: Node) -> None:
    node.needs("bond", "vxlan")
    legs = [leg("vxlan", f"leg{n}", vni=n, mtu=1398 + n) for n in range(4)]

    def bond(name: str, mode: str, *ports: str, **options: Any) -> dict[str, Any]:
        return {"name": name, "mode": mode, "ports": list(ports), "mtu": 1398, **options}

    def begin() -> None:
        node.bonds(purge=True)
        node.tunnels(*legs)
        node.bonds(
            bond("agg0", "balance-rr", "leg0", "leg1", addresses=["10.200.0.1/30"]),
            bond("agg1", "balance-rr", "leg2"),
            bond("agg2", "balance-rr", "leg3"),
        )

    bonds = [
        bond("agg0", "active-backup", "leg0", "leg2", addresses=["10.200.0.5/30"], primary="leg2"),
        bond("agg1", "balance-rr", "leg1"),
        bond("agg3", "balance-xor", "leg3", xmit_hash_policy="layer3+4"),
    ]
    assert converges(node, begin, "bonds", bonds=bonds, purge=True) >= 8


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_told_to_end_it_undoes_what_it_has_done(node: Node, name: str) -> None:
    node.needs("vxlan")
    node.tunnels(leg("vxlan", "leg0", vni=1), leg("vxlan", "gone", vni=9))
    before = state()
    tunnels = [leg("vxlan", "leg0", vni=2), leg("vxlan", "leg1", vni=3)]
    done = node.process("tunnels", signal=f"{name} step 2", tunnels=tunnels, purge=True)
    result = json.loads(done.stdout)
    assert result["msg"] == (
        f"stopped by {name} before step 3 of 3, create vxlan leg1. What this run had done is undone"
    )
    assert state() == before
    done = node.process("tunnels", signal=f"{name} step 3", tunnels=tunnels, purge=True)
    assert json.loads(done.stdout)["changed"] is True
