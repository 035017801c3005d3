# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MPTCP endpoints and limits on the real kernel, compared with what ``ip mptcp`` says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg

ENABLED = Path("/proc/sys/net/mptcp/enabled")
LTE: dict[str, Any] = {"address": "10.0.1.2", "device": "leg0", "subflow": True}
DSL: dict[str, Any] = {"address": "10.0.2.2", "subflow": True, "backup": True, "id": 7}
SIX: dict[str, Any] = {"address": "2001:db8::2", "subflow": True, "fullmesh": True}
ANNOUNCED: dict[str, Any] = {"address": "10.0.1.2", "port": 8443, "signal": True}


@pytest.fixture
def wan(node: Node) -> Iterator[Node]:
    """A node with a leg of ours, and a modem with two addresses: one of ours, one of somebody else's."""
    node.needs("vxlan", "veth")
    if not ENABLED.exists():
        pytest.skip("NOT TESTED: this kernel has no MPTCP")
    node.tunnels(leg("vxlan"))
    ip("link add wan1 type veth peer name modem1")
    node.routing([{"interface": "wan1", "addresses": ["10.0.2.2/24", "10.0.1.2/24", "2001:db8::2/64"]}])
    ip("address add 192.0.2.9/24 dev wan1")
    yield node


def shown() -> dict[str, str]:
    """Endpoints by address and port, in ``ip``'s words."""
    found = {}
    for line in ip("mptcp endpoint show").splitlines():
        words = line.split()
        port = f" {words[words.index('port') + 1]}" if "port" in words else ""
        found[words[0] + port] = " ".join(words[1:])
    return found


def test_endpoints_are_made_as_written_and_a_second_run_does_nothing(wan: Node) -> None:
    checked = wan.mptcp(LTE, DSL, SIX, ANNOUNCED, check=True)
    assert shown() == {}
    outcome = wan.mptcp(LTE, DSL, SIX, ANNOUNCED)
    assert (outcome.steps, outcome.diff) == (checked.steps, checked.diff)
    assert outcome.steps == [
        "create MPTCP endpoint 10.0.1.2",
        "create MPTCP endpoint 10.0.2.2",
        "create MPTCP endpoint 2001:db8::2",
        "create MPTCP endpoint 10.0.1.2 port 8443",
    ]
    made = shown()
    assert "subflow" in made["10.0.1.2"] and "dev leg0" in made["10.0.1.2"]
    assert "id 7 subflow backup" in made["10.0.2.2"]
    assert "subflow fullmesh" in made["2001:db8::2"]
    assert "signal" in made["10.0.1.2 8443"]
    assert not wan.mptcp(LTE, DSL, SIX, ANNOUNCED, purge=True).changed


def test_flags_that_the_kernel_can_change_are_changed_in_place(wan: Node) -> None:
    wan.mptcp(LTE, DSL, SIX)
    before = shown()
    steps = wan.mptcp({**LTE, "backup": True}, {**DSL, "backup": False}, {**SIX, "fullmesh": False}).steps
    assert steps == [
        "change MPTCP endpoint 10.0.1.2: backup no -> yes",
        "change MPTCP endpoint 10.0.2.2: backup yes -> no",
        "change MPTCP endpoint 2001:db8::2: fullmesh yes -> no",
    ]
    assert shown() == {
        "10.0.1.2": before["10.0.1.2"].replace("subflow", "subflow backup"),
        "10.0.2.2": before["10.0.2.2"].replace(" backup", ""),
        "2001:db8::2": before["2001:db8::2"].replace(" fullmesh", ""),
    }


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"subflow": False, "signal": True}, "signal no -> yes, subflow yes -> no"),
        ({"device": None}, "device leg0 -> none"),
        ({"device": "wan1"}, "device leg0 -> wan1"),
        ({"id": 42}, "id 1 -> 42"),
    ],
)
def test_what_it_cannot_change_is_made_again_and_said_so(wan: Node, change: dict[str, Any], named: str) -> None:
    wan.mptcp(LTE)
    (step,) = wan.mptcp({**LTE, **change}).steps
    assert step.startswith(f"re-create MPTCP endpoint 10.0.1.2: {named} (")
    assert "traffic over it stops" in step
    assert not wan.mptcp({**LTE, **change}).changed
    if "id" not in change:
        assert "id 1" in shown()["10.0.1.2"]


def test_limits_are_set_alone_or_together_and_go_back_when_absent(wan: Node) -> None:
    assert wan.mptcp(limits={"subflows": 8}).steps == ["change MPTCP limits of the node: subflows 2 -> 8"]
    assert wan.mptcp(limits={"add_addr_accepted": 4}).changed
    assert ip("mptcp limits").split() == ["add_addr_accepted", "4", "subflows", "8"]
    assert not wan.mptcp(limits={"subflows": 8, "add_addr_accepted": 4}).changed
    assert not wan.mptcp(purge=True).changed
    assert wan.mptcp(limits={"subflows": 8}, state="absent").changed
    assert ip("mptcp limits").split() == ["add_addr_accepted", "0", "subflows", "2"]


def test_a_limit_that_the_kernel_does_not_take_is_refused_with_its_words(wan: Node) -> None:
    with pytest.raises(EngineError, match=r"change MPTCP limits of the node: subflows 2 -> 200: .*limit greater than"):
        wan.mptcp(LTE, limits={"subflows": 200})
    assert shown() == {}


def test_purge_removes_ours_and_leaves_those_of_others(wan: Node) -> None:
    ip("mptcp endpoint add 192.0.2.9 dev wan1 subflow")
    ip("mptcp endpoint add 198.51.100.1 signal")
    others = shown()
    wan.mptcp(LTE, DSL, SIX)
    assert len(wan.mptcp(purge=True).steps) == 3
    assert shown() == others
    assert not wan.mptcp(purge=True).changed
    with pytest.raises(EngineError, match="not ours"):
        wan.mptcp({"address": "192.0.2.9", "device": "wan1", "backup": True}, state="absent")
    assert shown() == others


def test_absent_removes_the_listed_ones(wan: Node) -> None:
    wan.mptcp(LTE, DSL)
    assert wan.mptcp(LTE, SIX, state="absent").steps == ["remove MPTCP endpoint 10.0.1.2"]
    assert list(shown()) == ["10.0.2.2"]


def test_an_endpoint_of_somebody_else_is_an_error_unless_it_is_just_as_wanted(wan: Node) -> None:
    ip("mptcp endpoint add 192.0.2.9 subflow")
    theirs = {"address": "192.0.2.9", "subflow": True}
    assert not wan.mptcp(theirs).changed
    with pytest.raises(EngineError, match=r"MPTCP endpoint 192\.0\.2\.9: .* is not ours"):
        wan.mptcp({**theirs, "backup": True})
    assert "backup" not in shown()["192.0.2.9"]


def test_an_endpoint_of_somebody_else_is_adopted_if_that_is_asked_for(wan: Node) -> None:
    ip("mptcp endpoint add 192.0.2.9 subflow")
    theirs = {"address": "192.0.2.9", "subflow": True, "backup": True}
    with pytest.raises(EngineError, match="say adopt: true to make it ours"):
        wan.mptcp(theirs)
    assert wan.mptcp(theirs, adopt=True).changed
    assert "backup" in shown()["192.0.2.9"]
    assert not wan.mptcp(theirs, adopt=True).changed


def test_an_id_that_was_left_to_the_kernel_is_in_nobodys_way_unnoticed(wan: Node) -> None:
    wan.mptcp(LTE)
    before = shown()
    with pytest.raises(EngineError, match=r"10\.0\.2\.2: id 1 belongs to MPTCP endpoint 10\.0\.1\.2: choose another"):
        wan.mptcp(LTE, {**DSL, "id": 1})
    assert shown() == before


def test_ids_can_be_swapped(wan: Node) -> None:
    wan.mptcp({**LTE, "id": 1}, {**DSL, "id": 2})
    wan.mptcp({**LTE, "id": 2}, {**DSL, "id": 1})
    assert "id 2 " in shown()["10.0.1.2"]
    assert "id 1 " in shown()["10.0.2.2"]
    assert not wan.mptcp({**LTE, "id": 2}, {**DSL, "id": 1}).changed


def test_an_id_that_another_endpoint_has_is_refused_before_anything_is_touched(wan: Node) -> None:
    ip("mptcp endpoint add 192.0.2.9 id 7 subflow")
    with pytest.raises(EngineError, match=r"10\.0\.2\.2: id 7 belongs to MPTCP endpoint 192\.0\.2\.9: choose another"):
        wan.mptcp(LTE, DSL)
    assert list(shown()) == ["192.0.2.9"]


def test_when_an_endpoint_cannot_be_made_the_others_are_as_before(wan: Node) -> None:
    wan.mptcp(DSL)
    before = shown()
    many = [{"address": f"10.0.3.{number}", "subflow": True} for number in range(1, 256)]
    with pytest.raises(EngineError, match="What this run had done is undone"):
        wan.mptcp({**DSL, "subflow": False}, *many)
    assert shown() == before


def test_the_kernel_does_not_choose_an_id_that_another_endpoint_wants(wan: Node) -> None:
    endpoints = [LTE, {**DSL, "id": 1}]
    result = wan.module("mptcp_endpoints", endpoints=endpoints)
    assert result.get("steps") == ["create MPTCP endpoint 10.0.1.2", "create MPTCP endpoint 10.0.2.2"], result
    assert "id 2 " in shown()["10.0.1.2"]
    assert "id 1 " in shown()["10.0.2.2"]
    assert not wan.module("mptcp_endpoints", endpoints=endpoints)["changed"]


def test_an_endpoint_whose_device_has_gone_is_made_again(wan: Node) -> None:
    ip("address add 192.0.2.8/24 dev modem1")
    wan.mptcp({"address": "192.0.2.8", "device": "wan1", "subflow": True})
    ip("link del wan1")
    ip("link add wan1 type veth peer name modem1")
    ip("address add 192.0.2.8/24 dev modem1")
    (step,) = wan.mptcp({"address": "192.0.2.8", "device": "wan1", "subflow": True}).steps
    assert step.startswith("re-create MPTCP endpoint 192.0.2.8: device index ")
    assert "dev wan1" in shown()["192.0.2.8"]


def test_endpoints_are_wanted_where_mptcp_is_off(wan: Node) -> None:
    ENABLED.write_text("0")
    with pytest.raises(EngineError) as caught:
        wan.mptcp(LTE, DSL, limits={"subflows": 1})
    assert caught.value.problems == ["MPTCP is switched off on this node: set the sysctl net.mptcp.enabled to 1"]
    assert not wan.mptcp(LTE, DSL, state="absent", purge=True).changed


def test_the_module_says_every_mistake_at_once(wan: Node) -> None:
    result = wan.module(
        "mptcp_endpoints",
        endpoints=[{"address": "10.0.1.300"}, {**ANNOUNCED, "subflow": True, "fullmesh": True}, {**LTE, "id": 256}],
        limits={"subflows": -1},
    )
    assert [problem.split(": ")[:2] for problem in result["problems"]] == [
        ["endpoints[0] (10.0.1.300 0)", "address"],
        ["endpoints[1] (10.0.1.2 8443)", "port"],
        ["endpoints[1] (10.0.1.2 8443)", "fullmesh"],
        ["endpoints[2] (10.0.1.2 0)", "id"],
        ["limits", "subflows"],
    ]
