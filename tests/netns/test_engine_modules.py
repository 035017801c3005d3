# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules as Ansible runs them: a process, arguments in, JSON out."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg


def program(name: str) -> None:
    """Skip the test, loudly, without that program."""
    if not shutil.which(name):
        pytest.skip(f"NOT TESTED: the program {name} is not installed")


def test_tunnels_shows_in_check_mode_what_the_run_does(node: Node) -> None:
    node.needs("vxlan")
    item = leg("vxlan")
    checked = node.module("tunnels", check=True, tunnels=[item])
    assert [link["ifname"] for link in ip("-j link")].count("leg0") == 0
    done = node.module("tunnels", tunnels=[item])
    assert {key: done[key] for key in ("changed", "before", "after", "diff", "steps")} == {
        key: checked[key] for key in ("changed", "before", "after", "diff", "steps")
    }
    assert done["after"][0] == {
        "kind": "vxlan",
        "name": "leg0",
        "local": "10.0.0.1",
        "remote": "10.0.0.2",
        "vni": 513,
        "port": 4789,
        "ttl": 64,
        "mtu": 1398,
        "up": True,
        "alias": "linkagg.wan",
    }
    assert node.module("tunnels", tunnels=[item])["changed"] is False


def test_all_problems_are_in_one_failure(node: Node) -> None:
    result = node.module("tunnels", tunnels=[leg("vxlan", vni=-1), leg("gretap", "leg1", local="fd00::1")])
    assert result["failed"] is True
    assert [problem.split(":")[0] for problem in result["problems"]] == ["tunnels[0] (leg0)", "tunnels[1] (leg1)"]
    assert result["msg"] == "\n".join(result["problems"])


def test_bonds_without_their_ports_fail_before_anything_is_touched(node: Node) -> None:
    result = node.module("bonds", bonds=[{"name": "agg0", "ports": ["leg0", "leg1"]}])
    assert result["problems"] == [
        "interface leg0 does not exist on this node; needed by bond agg0",
        "interface leg1 does not exist on this node; needed by bond agg0",
    ]


def test_link_routes_fails_for_the_next_hop_that_nobody_says(node: Node) -> None:
    node.needs("veth")
    ip("link add wan1 type veth peer name modem1")
    routes = [{"destination": "default", "via": "learn", "device": "wan1", "table": 7601}]
    result = node.module("link_routes", links=[{"interface": "wan1"}], routes=routes, learn_timeout_s=0)
    assert "link wan1: no next hop (ipv4) learnt" in result["msg"]
    checked = node.module("link_routes", check=True, links=[{"interface": "wan1"}], routes=routes)
    assert checked["steps"] == ["change link wan1: up no -> yes", "create route default via learn dev wan1 table 7601"]


TABLE = """
table inet linkagg {
    chain forward { type filter hook forward priority mangle
        oifname "agg0" tcp flags syn tcp option maxseg size set rt mtu
        ip saddr {10.0.0.0/8,192.168.1.0/24} counter accept
    }
}
"""


def test_an_nftables_table_is_made_left_alone_replaced_and_removed(node: Node) -> None:
    program("nft")
    subprocess.run(["nft", "add table inet theirs"], check=True)
    checked = node.module("nft_table", check=True, content=TABLE)
    assert node.module("nft_table", state="absent")["changed"] is False
    made = node.module("nft_table", content=TABLE)
    assert made["steps"] == ["create table inet linkagg"]
    assert (made["diff"], made["after"]) == (checked["diff"], checked["after"])
    assert node.module("nft_table", content=TABLE.replace("\n", "\n\n"))["changed"] is False
    assert node.module("nft_table", content=TABLE.replace("agg0", "agg1"))["steps"] == ["replace table inet linkagg"]
    assert node.module("nft_table", state="absent")["steps"] == ["remove table inet linkagg"]
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    assert tables == "table inet theirs\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("table inet linkagg { chain x { frobnicate } }", "syntax error"),
        ("table inet linkagg { }\ntable inet other { }", "makes table inet other, but only table inet linkagg"),
        ("table inet other { }", "makes table inet other, but only table inet linkagg"),
        ("define nothing = 1", "makes no table inet linkagg"),
    ],
)
def test_a_mistake_in_a_table_is_found_before_anything_is_touched(node: Node, content: str, message: str) -> None:
    program("nft")
    result = node.module("nft_table", content=content)
    assert message in result["msg"]
    assert subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout == ""


def test_keys_are_made_once_and_only_the_public_part_comes_back(node: Node) -> None:
    program("wg")
    directory = node.keys / "keys"
    arguments = {"interfaces": ["wg-lte1", "wg-lte2"], "directory": str(directory)}
    checked = node.module("wireguard_keys", check=True, **arguments)
    assert (checked["changed"], checked["public_keys"], directory.exists()) == (True, {}, False)
    made = node.module("wireguard_keys", **arguments)
    assert made["steps"] == checked["steps"]
    assert sorted(made["public_keys"]) == ["wg-lte1", "wg-lte2"]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "wg-lte1.key").stat().st_mode) == 0o600
    assert (directory / "wg-lte1.key").read_text().strip() not in str(made)
    assert sorted(path.name for path in directory.iterdir()) == ["wg-lte1.key", "wg-lte2.key"]
    again = node.module("wireguard_keys", **arguments)
    assert (again["changed"], again["public_keys"]) == (False, made["public_keys"])


def test_a_broken_key_is_said_and_not_replaced(node: Node) -> None:
    program("wg")
    (node.keys / "wg0.key").write_text("nonsense\n")
    result = node.module("wireguard_keys", interfaces=["wg0"], directory=str(node.keys))
    assert "wg0.key holds no WireGuard private key" in result["msg"]
    assert (node.keys / "wg0.key").read_text() == "nonsense\n"


def test_preflight_says_all_that_is_missing_and_changes_nothing(node: Node) -> None:
    before = ip("-j link")
    links = [{"name": "lte1", "interface": "wwan77"}, {"name": "lte2", "interface": "wwan78"}]
    result = node.module("preflight", links=links, kinds=["vxlan"], programs=["nosuchprogram"])
    assert result["changed"] is False
    assert [problem.split(":")[0] for problem in result["problems"]][:2] == ["link lte1", "link lte2"]
    if shutil.which("apt-get"):
        assert result["missing_packages"] == ["nosuchprogram"]
    else:
        assert result["problems"][2] == "the program nosuchprogram is missing: install the package nosuchprogram"
    assert ip("-j link") == before


def test_preflight_tells_addresses_and_who_learns_by_router_advertisements(node: Node) -> None:
    ip("link add wan1 type veth peer name wan2")
    for name, accept_ra in (("wan1", 1), ("wan2", 0)):
        ip(f"addr add 10.0.{accept_ra}.2/24 dev {name}")
        ip(f"link set {name} up")
        Path(f"/proc/sys/net/ipv6/conf/{name}/accept_ra").write_text(str(accept_ra))
        ip(f"-6 route add default via fe80::1 dev {name} proto ra metric 10{accept_ra}")
    result = node.module("preflight", programs=[])
    assert result["addresses"] == {"wan1": ["10.0.1.2/24"], "wan2": ["10.0.0.2/24"]}
    assert result["ra_interfaces"] == ["wan1"]


def test_preflight_names_the_kernel_part_that_is_missing(node: Node) -> None:
    present = []
    for kind in ("wireguard", "gretap", "bond"):
        try:
            node.needs(kind)
            present.append(kind)
        except pytest.skip.Exception:
            continue
    result = node.module("preflight", kinds=["wireguard", "gretap", "bond"], programs=[])
    missing = [kind for kind in ("wireguard", "gretap", "bond") if kind not in present]
    assert len(result["problems"]) == len(missing)
    for kind, problem in zip(missing, result["problems"], strict=True):
        assert f"cannot make {kind} interfaces" in problem
