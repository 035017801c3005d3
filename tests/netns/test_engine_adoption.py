# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody else has made becomes ours if told, and theirs again if something fails."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg

ROUTE = {"destination": "10.9.0.0/16", "via": "10.0.1.1", "device": "wan1", "table": 7601}
RULE = {"priority": 7601, "fwmark": 1, "from": "10.0.0.0/8", "table": 7601}
UNREACHABLE = {"destination": "10.7.0.0/16", "via": "172.31.0.1", "device": "wan1"}


@pytest.fixture
def wan(node: Node) -> Node:
    node.needs("veth")
    ip("link add wan1 type veth peer name modem1")
    ip("link set modem1 up")
    ip("link set wan1 up")
    ip("address add 10.0.1.2/24 dev wan1")
    return node


def theirs(vni: int = 513) -> dict[str, Any]:
    ip(f"link add leg0 type vxlan id {vni} dstport 4789 local 10.0.0.1 remote 10.0.0.2 ttl 9 nolearning")
    ip("link set leg0 alias theirs up mtu 1300")
    return link()


def link() -> dict[str, Any]:
    """leg0 as ``ip`` shows it, without the number and the address that the kernel gave it."""
    shown = ip("-j -d link show leg0")[0]
    return {name: value for name, value in shown.items() if name not in ("ifindex", "address", "gso_max_size")}


def test_a_link_is_changed_in_place(node: Node) -> None:
    node.needs("vxlan")
    theirs()
    index = node.link("leg0")["ifindex"]
    with pytest.raises(EngineError, match=r"leg0: a link of that name .* \(kind vxlan, alias 'theirs'\): say adopt"):
        node.tunnels(leg("vxlan"))
    outcome = node.tunnels(leg("vxlan"), adopt=True)
    assert outcome.steps == ["adopt vxlan leg0: ttl 9 -> 64, mtu 1300 -> 1398, alias theirs -> linkagg.wan"]
    assert node.link("leg0")["ifindex"] == index
    assert not node.tunnels(leg("vxlan")).changed


@pytest.mark.parametrize("vni", [513, 514])
def test_a_link_is_given_back_as_it_was(node: Node, vni: int) -> None:
    node.needs("vxlan")
    before = theirs(vni)
    ip("link add other type vxlan id 9 dstport 4789 local 10.0.0.1 remote 10.0.0.3")
    with pytest.raises(EngineError, match=r"step 2 of 2, create vxlan leg1: keys vni, port: .*is undone"):
        node.tunnels(leg("vxlan"), leg("vxlan", "leg1", vni=9), adopt=True)
    if vni == 513:
        assert link() == before
    else:  # made again, as far as our table goes
        assert {key: link()[key] for key in ("ifalias", "mtu", "flags")} == {
            key: before[key] for key in ("ifalias", "mtu", "flags")
        }
        assert link()["linkinfo"]["info_data"]["id"] == 514


def test_a_link_that_cannot_be_changed_is_made_again_and_the_diff_says_so(node: Node) -> None:
    node.needs("vxlan")
    theirs(514)
    outcome = node.tunnels(leg("vxlan"), adopt=True)
    assert outcome.steps[0].startswith("adopt and re-create vxlan leg0: vni 514 -> 513, ")
    assert "traffic over it stops" in outcome.diff["after"]
    assert not node.tunnels(leg("vxlan")).changed


def test_a_link_of_another_kind_is_never_adopted(node: Node) -> None:
    node.needs("veth")
    ip("link add leg0 type veth peer name leg1")
    with pytest.raises(EngineError, match=r"\(kind veth, alias ''\): only .* can be adopted here"):
        node.tunnels(leg("vxlan"), adopt=True)


def routing() -> tuple[str, str, str]:
    return ip("route show table 7601"), ip("rule"), ip("route")


def test_routes_and_rules_are_adopted_without_a_gap(wan: Node) -> None:
    ip("route add 10.9.0.0/16 via 10.0.1.7 dev wan1 table 7601 proto static mtu 1400")
    ip("rule add priority 7601 from 10.0.0.0/8 fwmark 1 lookup 7601 proto static")
    ip("rule add priority 7601 from 10.0.0.0/8 fwmark 1 oif wan1 lookup 7601")
    with pytest.raises(EngineError) as caught:
        wan.routing([], [ROUTE], [RULE])
    assert [problem.rpartition(": ")[0] for problem in caught.value.problems] == [
        "route 10.9.0.0/16 via 10.0.1.1 dev wan1 table 7601: a route of that family, table, destination and metric "
        "exists and is not ours (protocol static: 10.9.0.0/16 via 10.0.1.7 dev wan1 table 7601): say adopt",
        "rule 7601: from 10.0.0.0/8 fwmark 0x1 lookup 7601: a rule of that family, priority, from, fwmark "
        "and table exists and is not ours (protocol static): say adopt",
    ]
    outcome = wan.routing([], [ROUTE], [RULE], adopt=True)
    assert outcome.steps == [
        "adopt route 10.9.0.0/16 via 10.0.1.1 dev wan1 table 7601: via 10.0.1.7 -> 10.0.1.1, mtu 1400 -> none",
        "adopt rule 7601: from 10.0.0.0/8 fwmark 0x1 lookup 7601",
    ]
    assert routing()[0] == "10.9.0.0/16 via 10.0.1.1 dev wan1 proto 76 \n"
    # Some versions of ip say that a rule is of protocol boot, others do not.
    assert [line.removesuffix(" proto boot") for line in routing()[1].splitlines() if line.startswith("7601")] == [
        "7601:\tfrom 10.0.0.0/8 fwmark 0x1 oif wan1 lookup 7601",
        "7601:\tfrom 10.0.0.0/8 fwmark 0x1 lookup 7601 proto 76",
    ]
    assert not wan.routing([], [ROUTE], [RULE]).changed


@pytest.mark.parametrize("protocol", ["static", "dhcp", "77"])
def test_routes_and_rules_are_given_back_as_they_were(wan: Node, protocol: str) -> None:
    ip(f"route add 10.9.0.0/16 via 10.0.1.7 dev wan1 table 7601 proto {protocol} mtu 1400 advmss 1000")
    ip(f"rule add priority 7601 from 10.0.0.0/8 fwmark 1 lookup 7601 proto {protocol}")
    before = routing()
    with pytest.raises(EngineError, match=r"is undone"):
        wan.routing([], [ROUTE, UNREACHABLE], [RULE], adopt=True)
    assert routing() == before
    rule = {"priority": 7602, "table": 7601}
    ip("rule add priority 7602 lookup 7601 proto 76")
    wan.routing([], [], [rule], state="absent")
    assert routing() == before


def test_ipv6_routes_are_adopted_and_given_back(wan: Node) -> None:
    ip("address add fd01::2/64 dev wan1 nodad")
    ip("-6 route add fd09::/48 via fd01::7 dev wan1 table 7601 metric 1024 proto static")
    route = {"destination": "fd09::/48", "via": "fd01::1", "device": "wan1", "table": 7601}
    before = ip("-6 route show table 7601")
    with pytest.raises(EngineError, match=r"is undone"):
        wan.routing([], [route, UNREACHABLE], adopt=True)
    assert ip("-6 route show table 7601") == before
    wan.routing([], [route], adopt=True)
    assert ip("-6 route show table 7601") == before.replace("fd01::7", "fd01::1").replace("static", "76")
