# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reading modules, run as Ansible runs them: what they return, the reconciling modules take and find true."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg
from ansible_collections.linkagg.wan.tests.netns.samples_shapers import BASE, SAMPLES
from ansible_collections.linkagg.wan.tests.netns.test_engine_mptcp import ANNOUNCED, DSL, LTE, SIX
from ansible_collections.linkagg.wan.tests.netns.test_engine_routes import LINK, ROUTES, RULES
from ansible_collections.linkagg.wan.tests.netns.test_engine_shapers import needs, tc, where_it_is


def fed_back(node: Node, name: str, **more: Any) -> dict[str, Any]:
    """What the reading module returns, after the reconciling one has taken it, with purge, and found nothing to do."""
    found = node.module(f"{name}_info")
    assert found.pop("changed") is False
    given = {key: value for key, value in found.items() if key != "invocation"}
    assert any(given.values())
    result = node.module(name, purge=True, **given, **more)
    assert result["changed"] is False, result.get("steps", result)
    return given


def test_tunnels(node: Node) -> None:
    node.needs("vxlan")
    ip("link add theirs type vxlan id 7 local 10.0.0.1 remote 10.0.0.9 dstport 4790")
    node.tunnels(leg("vxlan"))
    (tunnel,) = fed_back(node, "tunnels")["tunnels"]
    assert tunnel.items() >= {**leg("vxlan"), "port": 4789, "up": True, "alias": "linkagg.wan"}.items()
    others = node.module("tunnels_info", all=True)["others"]["tunnels"]
    assert [(item["name"], item["vni"], item["port"]) for item in others] == [("theirs", 7, 4790)]


def test_tunnels_that_this_kernel_may_lack(node: Node) -> None:
    node.needs("wireguard", "gretap")
    private, _public = node.key("wg0")
    _other, peer = node.key("wg1")
    node.key("preshared")
    preshared = node.keys / "preshared.key"
    preshared.chmod(0o600)
    peers: list[dict[str, Any]] = [
        {"public_key": peer, "endpoint": "192.0.2.1:51820", "allowed_ips": ["0.0.0.0/0"]},
        {"public_key": node.key("wg2")[1], "allowed_ips": ["10.0.0.0/8"], "preshared_key_file": str(preshared)},
    ]
    carrier = {"kind": "wireguard", "name": "wg0", "private_key_file": private, "fwmark": 7, "peers": peers}
    node.tunnels({**carrier, "addresses": ["10.208.0.65/32"], "listen_port": 51820}, leg("gretap"))
    found = node.module("tunnels_info")
    assert [item["name"] for item in found["tunnels"]] == ["leg0", "wg0"]
    gretap, wireguard = found["tunnels"]
    assert [one["public_key"] for one in wireguard["peers"]] == [one["public_key"] for one in peers]
    for path in (node.keys / "wg0.key", preshared):
        assert path.read_text().strip() not in str(found)
    assert "secret" not in str(found)
    told = [{**one, **_files(one, peers)} for one in wireguard["peers"]]
    again = [gretap, {**wireguard, "private_key_file": private, "peers": told}]
    assert node.module("tunnels", tunnels=again, purge=True)["changed"] is False


def _files(peer: dict[str, Any], given: list[dict[str, Any]]) -> dict[str, Any]:
    """What of a peer the kernel does not know."""
    (one,) = (one for one in given if one["public_key"] == peer["public_key"])
    return {name: value for name, value in one.items() if name == "preshared_key_file"}


@pytest.mark.parametrize("mode", ["balance-rr", "active-backup", "balance-xor", "802.3ad"])
def test_bonds(node: Node, mode: str) -> None:
    node.needs("bond", "vxlan")
    node.tunnels(leg("vxlan"))
    node.bonds({"name": "agg0", "mode": mode, "ports": ["leg0"], "addresses": ["10.200.0.1/30"], "mtu": 1398})
    ip("link add theirs type bond")
    (bond,) = fed_back(node, "bonds")["bonds"]
    assert (bond["name"], bond["mode"], bond["ports"]) == ("agg0", mode, ["leg0"])
    assert [item["name"] for item in node.module("bonds_info", all=True)["others"]["bonds"]] == ["theirs"]


def test_link_routes(node: Node) -> None:
    node.needs("veth")
    ip("link add wan1 type veth peer name modem1")
    ip("link set modem1 up")
    ip("address add 10.9.0.1/24 dev modem1")
    node.routing([LINK], ROUTES, RULES)
    ip("rule add priority 100 lookup 7601")
    ip("route add 198.51.100.0/24 dev wan1")
    found = fed_back(node, "link_routes", learn_timeout_s=0)
    assert [len(found[name]) for name in ("links", "routes", "rules")] == [1, len(ROUTES), len(RULES)]
    assert found["links"] == [{"interface": "wan1", "up": True, "addresses": ["10.0.1.2/24"]}]
    others = node.module("link_routes_info", all=True)["others"]
    assert {item["interface"] for item in others["links"]} == {"lo", "modem1"}
    assert "198.51.100.0/24" in [item["destination"] for item in others["routes"]]
    assert {"priority": 100, "table": 7601, "family": "ipv4"} in others["rules"]


def test_mptcp_endpoints(node: Node) -> None:
    node.needs("vxlan", "veth")
    node.tunnels(leg("vxlan"))
    ip("link add wan1 type veth peer name modem1")
    node.routing([{"interface": "wan1", "addresses": ["10.0.2.2/24", "10.0.1.2/24", "2001:db8::2/64"]}])
    node.mptcp(LTE, DSL, SIX, ANNOUNCED, limits={"subflows": 7})
    ip("mptcp endpoint add 198.51.100.1 signal")
    found = fed_back(node, "mptcp_endpoints")
    assert len(found["endpoints"]) == 4
    assert found["limits"] == {"subflows": 7, "add_addr_accepted": 0}
    others = node.module("mptcp_endpoints_info", all=True)["others"]
    assert [item["address"] for item in others["endpoints"]] == ["198.51.100.1"]


@pytest.mark.parametrize("kind", list(SAMPLES))
def test_shapers(node: Node, kind: str) -> None:
    node.needs("veth")
    needs(kind)
    ip("link add wan1 type veth peer name modem1")
    given = {
        name: value for name, value in SAMPLES[kind].items() if name not in ("interface", "latency", "autorate_ingress")
    }
    values: dict[str, Any] = {**BASE[kind], "latency": None} if kind == "tbf" else dict(BASE[kind])
    for row, sample in given.items():
        values |= {**sample.given, row: sample.values[0]}
    values |= {"peakrate": "8mbit"} if kind == "tbf" else {}
    said = {key: value for key, value in values.items() if value is not None}
    item = {"kind": kind, "interface": "wan1", **said}
    node.shapers(*where_it_is(item), item)
    tc("qdisc add dev modem1 root handle 1: tbf rate 1mbit burst 10kb latency 1s")
    found = next(item for item in fed_back(node, "shapers")["shapers"] if item["kind"] == kind)
    assert set(given) <= set(found)
    assert node.module("shapers_info", all=True)["others"]["shapers"] == [
        {"kind": "tbf", "interface": "modem1", "parent": "root", "rate": "1mbit", "burst": 10240, "limit": 135240}
    ]


def test_check_mode_reads_as_ever(node: Node) -> None:
    for name in ("tunnels", "bonds", "link_routes", "mptcp_endpoints", "shapers"):
        checked = node.module(f"{name}_info", check=True)
        assert checked == {**node.module(f"{name}_info"), "invocation": checked["invocation"]}
