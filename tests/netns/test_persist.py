# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules save what they have done: the same in check mode, merged as the kernel's state, failing with what is done."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg

TABLE = """\
table inet linkagg {
	chain forward {
		type filter hook forward priority mangle; policy accept;
	}
}
"""


def saved(node: Node, part: str) -> list[dict[str, Any]]:
    return json.loads((node.state / f"{part}.json").read_text())["items"]


def told(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in ("changed", "diff", "steps")}


def test_check_mode_tells_what_would_be_saved_and_saves_nothing(node: Node) -> None:
    node.needs("vxlan")
    checked = node.module("tunnels", check=True, persist=True, tunnels=[leg("vxlan")])
    assert not node.state.exists()
    done = node.module("tunnels", persist=True, tunnels=[leg("vxlan")])
    assert told(checked) == told(done)
    assert done["steps"] == ["create vxlan leg0", f"save 1 object in {node.state}/tunnels.json"]
    assert saved(node, "tunnels")[0]["name"] == "leg0"
    assert node.module("tunnels", persist=True, tunnels=[leg("vxlan")])["changed"] is False


def test_a_file_that_was_lost_is_saved_again(node: Node) -> None:
    node.needs("vxlan")
    node.module("tunnels", persist=True, tunnels=[leg("vxlan")])
    whole = (node.state / "tunnels.json").read_bytes()
    for damage in (lambda path: path.unlink(), lambda path: path.write_bytes(whole[:-9])):
        damage(node.state / "tunnels.json")
        checked = node.module("tunnels", check=True, persist=True, tunnels=[leg("vxlan")])
        done = node.module("tunnels", persist=True, tunnels=[leg("vxlan")])
        assert told(checked) == told(done)
        assert (done["changed"], len(done["steps"])) == (True, 1)
        assert done["diff"]["after"] == f"# {done['steps'][0]}\n"
        assert (node.state / "tunnels.json").read_bytes() == whole


def test_what_is_removed_is_forgotten_and_the_rest_is_not(node: Node) -> None:
    node.needs("vxlan")
    node.module("tunnels", persist=True, tunnels=[leg("vxlan", "leg0"), leg("vxlan", "leg1", vni=514)])
    node.module("tunnels", persist=True, tunnels=[leg("vxlan", "leg0")], state="absent")
    assert [item["name"] for item in saved(node, "tunnels")] == ["leg1"]
    node.module("tunnels", persist=True, tunnels=[], state="absent", purge=True)
    assert list(node.state.iterdir()) == []


def test_without_persist_nothing_is_saved(node: Node) -> None:
    node.needs("vxlan")
    node.module("tunnels", tunnels=[leg("vxlan")], persist=False)
    assert not node.state.exists()


def test_a_full_disk_fails_the_run_with_what_is_done(node: Node) -> None:
    node.needs("vxlan")
    node.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(node.state)], check=True)
    try:
        legs = [leg("vxlan", f"leg{number}", vni=number) for number in range(40)]
        result = node.module("tunnels", persist=True, tunnels=legs)
        assert "tunnels.json could not be written: No space left on device. The node is as wanted" in result["msg"]
        assert (result["failed"], result["changed"], len(result["steps"])) == (True, True, 40)
        assert list(node.state.iterdir()) == []
    finally:
        subprocess.run(["umount", str(node.state)], check=True)
    assert len([link for link in ip("-j link") if link["ifname"].startswith("leg")]) == 40
    mended = node.module("tunnels", persist=True, tunnels=legs)
    assert mended["steps"] == [f"save 40 objects in {node.state}/tunnels.json"]


def test_a_wish_that_fails_is_not_saved(node: Node) -> None:
    route = {"destination": "10.9.0.0/16", "via": "10.77.0.1", "device": "lo"}
    result = node.module("link_routes", persist=True, routes=[route])
    assert "create route 10.9.0.0/16" in result["msg"]
    assert not node.state.exists()


def test_next_hops_that_were_learnt_are_learnt_again_after_a_restart(node: Node) -> None:
    node.needs("veth")
    ip("link add wan1 type veth peer name modem1")
    ip("addr add 10.0.1.2/24 dev wan1")
    ip("link set wan1 up")
    ip("route add default via 10.0.1.1 dev wan1 metric 100")
    route = {"destination": "default", "via": "learn", "device": "wan1", "table": 7601}
    node.module("link_routes", persist=True, links=[{"interface": "wan1"}], routes=[route])
    assert [item["via"] for item in saved(node, "link_routes") if item["kind"] == "route"] == ["learn"]


def test_tables_are_saved_by_name(node: Node) -> None:
    node.module("nft_table", persist=True, content=TABLE)
    node.module("nft_table", persist=True, name="other", content="table inet other { }")
    assert [item["name"] for item in saved(node, "nft_table")] == ["linkagg", "other"]
    assert node.module("nft_table", persist=True, content=TABLE)["changed"] is False
    gone = node.module("nft_table", persist=True, state="absent")
    assert gone["steps"] == ["remove table inet linkagg", f"save 1 object in {node.state}/nft_table.json"]
    assert [item["name"] for item in saved(node, "nft_table")] == ["other"]
