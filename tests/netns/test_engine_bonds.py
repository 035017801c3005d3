# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds on the real kernel, over legs of whatever kind it has."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.bond import MODES
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg


@pytest.fixture
def legs(node: Node) -> list[dict[str, Any]]:
    node.needs("bond", "vxlan")
    items = [leg("vxlan", "leg0", vni=1, mtu=1398), leg("vxlan", "leg1", vni=2, mtu=1410)]
    node.tunnels(*items)
    return items


def bond(**options: Any) -> dict[str, Any]:
    return {
        "name": "agg0",
        "mode": "balance-rr",
        "mtu": 1398,
        "addresses": ["10.200.0.34/30"],
        "ports": ["leg0", "leg1"],
        **options,
    }


def ports() -> dict[str, int]:
    """Ports that are up, and their MTU."""
    return {link["ifname"]: link["mtu"] for link in ip("-j link show master agg0") if "UP" in link["flags"]}


@pytest.mark.usefixtures("legs")
def test_a_bond_is_made_as_written_and_a_second_run_does_nothing(node: Node, legs: list[dict[str, Any]]) -> None:
    assert node.bonds(bond(), check=True).steps == ["create bond agg0"]
    node.bonds(bond(xmit_hash_policy="layer3+4"))
    link = node.link("agg0")
    assert (link["mtu"], link["ifalias"], "UP" in link["flags"]) == (1398, "linkagg.wan", True)
    assert link["linkinfo"]["info_data"]["mode"] == "balance-rr"
    assert ports() == {"leg0": 1398, "leg1": 1410}
    assert not node.bonds(bond(xmit_hash_policy="layer3+4")).changed
    assert not node.tunnels(*legs).changed


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "balance-rr"])
def test_the_mode_is_changed_with_ports_in_and_routes_stay(node: Node, legs: list[dict[str, Any]], mode: str) -> None:
    node.bonds(bond())
    route = {"destination": "default", "via": "10.200.0.33", "device": "agg0", "table": 7600}
    node.routing(routes=[route])
    assert "traffic over it stops" in node.bonds(bond(mode=mode)).steps[0]
    assert ports() == {"leg0": 1398, "leg1": 1410}
    assert not node.bonds(bond(mode=mode)).changed
    assert not node.tunnels(*legs).changed
    assert not node.routing(routes=[route]).changed
    assert node.bonds(bond()).changed
    assert not node.bonds(bond()).changed


def test_ports_come_and_go_and_are_left_as_they_were(node: Node, legs: list[dict[str, Any]]) -> None:
    node.bonds(bond())
    node.bonds(bond(ports=["leg1"]))
    assert ports() == {"leg1": 1410}
    assert not node.tunnels(*legs).changed
    node.bonds(bond(ports=["leg0"]))
    assert ports() == {"leg0": 1398}
    assert not node.tunnels(*legs).changed


def test_a_leg_made_again_stays_in_its_bond(node: Node, legs: list[dict[str, Any]]) -> None:
    node.bonds(bond())
    legs[1] = {**legs[1], "vni": 9}
    assert node.tunnels(*legs).steps[0].startswith("re-create vxlan leg1")
    assert not node.bonds(bond()).changed
    assert not node.tunnels(*legs).changed


@pytest.mark.parametrize("splitting", [False, True], ids=["", "splitting"])
def test_legs_and_their_bond_get_another_mtu_and_the_old_one_back_each_in_one_run(node: Node, splitting: bool) -> None:
    kind = "gretap" if splitting else "vxlan"
    node.needs("bond", kind)
    keys = ["key"] if splitting else ["vni"]

    def run(mtu: int) -> bool:
        split = {"pmtudisc": mtu < 1500, "ignore_df": mtu == 1500} if splitting else {}
        legs = [leg(kind, f"leg{number}", mtu=mtu, **dict.fromkeys(keys, number + 1), **split) for number in (0, 1)]
        result = node.module("network", tunnels=legs, bonds=[bond(mtu=mtu)], persist=True)
        assert not result.get("failed"), result
        return result["changed"]

    for mtu in (1398, 1500, 1398, 1350):
        assert run(mtu)
        assert ports() == {"leg0": mtu, "leg1": mtu}
        assert not run(mtu)


def test_removing_the_bond_leaves_the_legs_up(node: Node, legs: list[dict[str, Any]]) -> None:
    node.bonds(bond())
    assert node.bonds(purge=True).steps == ["remove bond agg0"]
    assert not node.tunnels(*legs).changed


@pytest.mark.usefixtures("legs")
def test_a_port_of_somebody_elses_bond_is_refused(node: Node) -> None:
    ip("link add theirs type bond")
    ip("link set leg1 down")
    ip("link set leg1 master theirs")
    with pytest.raises(EngineError, match="port leg1 belongs to theirs, which is not ours"):
        node.bonds(bond())
    with pytest.raises(EngineError, match="theirs: a link of that name exists and is not ours"):
        node.bonds(bond(name="theirs"))


@pytest.mark.usefixtures("legs")
def test_when_a_bond_fails_the_other_is_as_it_was(node: Node) -> None:
    node.bonds(bond())
    ip("route add 198.51.100.0/24 via 10.200.0.33")
    with pytest.raises(EngineError, match=r"step 2 of 2, create bond agg1: .*is undone"):
        node.bonds(
            bond(mode="active-backup", ports=["leg0"]),
            bond(name="agg1", ports=["leg1"], addresses=["ff02::1/64"]),
        )
    assert not node.bonds(bond()).changed
    assert ip("-j route show 198.51.100.0/24")[0]["dev"] == "agg0"


@pytest.mark.usefixtures("legs")
def test_how_ports_are_watched_is_changed_from_carrier_to_arp_and_back(node: Node) -> None:
    arp = {"arp_interval": 200, "arp_ip_target": ["10.200.0.33"], "arp_validate": "all"}
    node.bonds(bond(mode="active-backup", miimon=100, updelay=200))
    assert "miimon 100 -> 0" in node.bonds(bond(mode="active-backup", **arp)).steps[0]
    assert not node.bonds(bond(mode="active-backup", **arp)).changed
    assert "arp_interval 200 -> 0" in node.bonds(bond(mode="active-backup", miimon=50)).steps[0]
    node.bonds(bond(mode="active-backup", **arp))
    assert "mode active-backup -> 802.3ad, miimon 0 -> 100 (" in node.bonds(bond(mode="802.3ad")).steps[0]
    assert not node.bonds(bond(mode="802.3ad")).changed


def test_a_port_keeps_its_queue_when_its_leg_is_made_again(node: Node, legs: list[dict[str, Any]]) -> None:
    want = bond(port_options=[{"port": "leg0", "queue_id": 1}, {"port": "leg1", "queue_id": 2}])
    node.bonds(want)
    legs[1] = {**legs[1], "vni": 9}
    node.tunnels(*legs)
    assert not node.bonds(want).changed
    assert not node.bonds(bond()).changed
    node.bonds(bond(mode="active-backup"))
    assert not node.bonds({**want, "mode": "active-backup"}).changed


@pytest.mark.usefixtures("legs")
def test_what_a_failed_run_did_to_options_and_ports_is_undone(node: Node) -> None:
    want = bond(
        mode="active-backup",
        primary="leg1",
        arp_interval=200,
        arp_ip_target=["10.200.0.33"],
        fail_over_mac="active",
        port_options=[{"port": "leg0", "queue_id": 1, "prio": 5}],
    )
    node.bonds(want)
    with pytest.raises(EngineError, match="is undone"):
        node.bonds(bond(mode="802.3ad", lacp_rate="fast"), bond(name="agg1", ports=[], addresses=["ff02::1/64"]))
    assert not node.bonds(want).changed
