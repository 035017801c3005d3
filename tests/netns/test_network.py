# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of a node in one go: made together, undone together, and nothing else looked at."""

from __future__ import annotations

from typing import Any

from ansible_collections.linkagg.wan.tests.netns.node import Node, ip

LEG = {"kind": "vxlan", "name": "leg0", "vni": 513, "local": "10.0.0.1", "remote": "10.0.0.2", "mtu": 1390}
WANTED: dict[str, Any] = {
    "tunnels": [{**LEG, "addresses": ["10.200.0.34/30"]}],
    "routes": [{"destination": "default", "via": "10.200.0.33", "device": "leg0", "table": 7600}],
    "rules": [{"priority": 7900, "from": "192.168.1.0/24", "table": 7600}],
}


def rules() -> list[str]:
    return [line for line in ip("rule").splitlines() if "7600" in line]


def test_all_of_it_is_made_in_one_go_and_then_there_is_nothing_to_do(node: Node) -> None:
    node.needs("vxlan")
    checked = node.module("network", check=True, **WANTED)
    assert not ip("-j link show type vxlan")
    result = node.module("network", **WANTED)
    assert (result["steps"], result["diff"]) == (checked["steps"], checked["diff"])
    assert "default via 10.200.0.33 dev leg0" in ip("route show table 7600")
    assert len(rules()) == 1
    assert node.module("network", **WANTED)["changed"] is False


def test_a_part_that_fails_takes_the_others_along(node: Node) -> None:
    node.needs("vxlan")
    nowhere = {"destination": "10.9.0.0/16", "via": "192.0.2.1", "device": "leg0", "table": 7600}
    result = node.module("network", **{**WANTED, "routes": [nowhere]})
    assert result["failed"] and "is undone" in result["msg"]
    assert not ip("-j link show type vxlan") and not rules()


def test_lists_that_are_not_given_are_nobodys_to_purge(node: Node) -> None:
    node.needs("vxlan")
    node.module("network", **WANTED)
    assert node.module("network", tunnels=WANTED["tunnels"], purge=True)["changed"] is False
    result = node.module("network", routes=WANTED["routes"], purge=True)
    assert result["steps"] == ["remove rule 7900: from 192.168.1.0/24 lookup 7600"]
    node.module("network", tunnels=[], routes=[], purge=True)
    assert not ip("-j link show type vxlan") and not ip("route show table 7600")


def test_what_was_made_together_is_saved_as_if_by_its_modules(node: Node) -> None:
    node.needs("vxlan")
    node.module("network", **WANTED, persist=True)
    saved = {path.name for path in node.state.iterdir() if not path.name.startswith(".")}
    assert saved == {"tunnels.json", "link_routes.json"}
    assert node.module("tunnels", tunnels=WANTED["tunnels"], persist=True)["changed"] is False
    later = node.module("link_routes", routes=WANTED["routes"], rules=WANTED["rules"], persist=True)
    assert later["changed"] is False


LATE: dict[str, Any] = {
    "links": [{"interface": "tun0", "addresses": ["10.208.0.65/32"]}],
    "routes": [
        {"destination": "10.208.0.1/32", "device": "tun0", "table": 7601},
        {"destination": "default", "type": "blackhole", "table": 7601, "metric": 65535},
    ],
    "rules": WANTED["rules"],
    "late_interfaces": ["tun0"],
}


def test_what_needs_an_interface_that_comes_late_is_left_out_until_it_is_there_and_saved_at_once(node: Node) -> None:
    checked = node.module("network", check=True, **LATE)
    assert any("tun0" in step for step in checked["steps"]), checked
    result = node.module("network", **LATE, persist=True)
    assert "tun0" not in str(result["steps"])
    assert ip("route show table 7601").split()[:2] == ["blackhole", "default"]
    assert len(rules()) == 1
    assert "tun0" in (node.state / "link_routes.json").read_text()
    assert node.module("network", **LATE)["changed"] is False
    ip("tuntap add dev tun0 mode tun")
    assert "10.208.0.1 dev tun0" in (node.module("network", **LATE), ip("route show table 7601"))[1]
    assert node.module("network", **LATE)["changed"] is False


def test_an_interface_that_is_there_and_nobody_here_brings_up_counts_when_it_is_up(node: Node) -> None:
    node.needs("veth")
    wanted = {name: LATE[name] for name in ("routes", "late_interfaces")}
    ip("link add tun0 type veth peer name far0")
    assert "tun0" not in str(node.module("network", **wanted)["steps"])
    ip("link set tun0 up")
    assert "10.208.0.1 dev tun0" in (node.module("network", **wanted), ip("route show table 7601"))[1]


def test_any_other_interface_must_be_there(node: Node) -> None:
    result = node.module("network", **{**LATE, "late_interfaces": ["tun1"]})
    assert "interface tun0 does not exist on this node" in result["msg"]


def test_shapers_come_with_the_interfaces_that_they_are_for_and_go_with_the_list(node: Node) -> None:
    node.needs("vxlan")
    shaper = {"kind": "tbf", "interface": "leg0", "rate": "1mbit", "burst": "10kb", "latency": "50ms"}
    result = node.module("network", **WANTED, shapers=[shaper], purge=True)
    assert any("tbf" in step for step in result["steps"]), result
    assert node.module("network", **WANTED, shapers=[shaper], purge=True)["changed"] is False
    result = node.module("network", **WANTED, shapers=[], purge=True)
    assert len(result["steps"]) == 1 and "tbf" in result["steps"][0]
