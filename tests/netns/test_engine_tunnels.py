# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels on the real kernel: made, left alone, changed, made again, removed, undone."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.tests.netns.node import LEGS, Node, ip, leg

CHANGES = {
    "vxlan": [("remote", "10.0.0.9"), ("local", "10.0.0.8"), ("ttl", 33), ("mtu", 1380), ("alias", "linkagg.wan: x")],
    "gretap": [
        ("remote", "10.0.0.9"),
        ("local", "10.0.0.8"),
        ("ttl", 33),
        ("mtu", 1380),
        ("alias", "linkagg.wan: x"),
        ("key", 7),
        ("up", False),
    ],
}


@pytest.fixture(params=list(LEGS))
def kind(request: pytest.FixtureRequest, node: Node) -> str:
    node.needs(request.param)
    return request.param


def test_a_leg_is_made_as_written_and_a_second_run_does_nothing(node: Node, kind: str) -> None:
    assert node.tunnels(leg(kind), check=True).steps == [f"create {kind} leg0"]
    assert [link["ifname"] for link in ip("-j link")].count("leg0") == 0
    node.tunnels(leg(kind))
    link = node.link("leg0")
    assert (link["mtu"], link["ifalias"], "UP" in link["flags"]) == (1398, "linkagg.wan", True)
    data = link["linkinfo"]["info_data"]
    assert (data["local"], data["remote"], data["ttl"]) == ("10.0.0.1", "10.0.0.2", 64)
    assert data.get("id", data.get("ikey")) in (513, "0.0.2.1")
    assert not node.tunnels(leg(kind)).changed


@pytest.mark.parametrize(
    ("kind", "name", "value"), [(kind, name, value) for kind, some in CHANGES.items() for name, value in some]
)
def test_each_attribute_is_changed_in_place(node: Node, kind: str, name: str, value: Any) -> None:
    node.needs(kind)
    node.tunnels(leg(kind))
    index = node.link("leg0")["ifindex"]
    outcome = node.tunnels(leg(kind, **{name: value}))
    assert outcome.steps[0].startswith(f"change {kind} leg0: {name} ")
    assert node.link("leg0")["ifindex"] == index
    assert not node.tunnels(leg(kind, **{name: value})).changed


def test_a_leg_with_ipv6_outside(node: Node) -> None:
    node.needs("vxlan")
    want = leg("vxlan", local="fd00::1", remote="fd00::2")
    node.tunnels(want)
    assert node.link("leg0")["linkinfo"]["info_data"]["remote6"] == "fd00::2"
    assert not node.tunnels(want).changed


def test_what_cannot_be_changed_in_place_is_made_again_with_its_routes(node: Node) -> None:
    node.needs("vxlan")
    node.tunnels(leg("vxlan"))
    ip("address add 192.0.2.1/24 dev leg0")
    ip("route add 198.51.100.0/24 dev leg0 table 7601")
    outcome = node.tunnels(leg("vxlan", vni=514, port=4790))
    assert "port, vni" in outcome.steps[0] or "vni, port" in outcome.steps[0]
    assert "traffic over it stops" in outcome.steps[0]
    assert ip("-j route show table 7601")[0]["dst"] == "198.51.100.0/24"
    assert not node.tunnels(leg("vxlan", vni=514, port=4790)).changed


def test_routes_with_several_next_hops_come_back_when_their_links_are_made_again(node: Node) -> None:
    node.needs("vxlan")
    both = [leg("vxlan", f"leg{n}", vni=514 + n) for n in range(2)]
    node.tunnels(*[leg("vxlan", f"leg{n}", vni=600 + n) for n in range(2)])
    ip("address add 192.0.2.1/24 dev leg0")
    ip("link set leg0 up")
    hops = " ".join(f"nexthop via 192.0.2.{9 + n} dev leg{n} weight {1 + n} onlink" for n in range(2))
    ip(f"route add 198.51.100.0/24 table 7601 {hops}")
    node.tunnels(*both)
    (route,) = ip("-j route show table 7601")
    assert [(hop["dev"], hop["gateway"], hop["weight"]) for hop in route["nexthops"]] == [
        ("leg0", "192.0.2.9", 1),
        ("leg1", "192.0.2.10", 2),
    ]


def test_removing_touches_nothing_that_is_not_ours(node: Node) -> None:
    node.needs("vxlan")
    ip("link add theirs type vxlan id 99 dstport 4789 local 10.0.0.1 remote 10.0.0.3")
    node.tunnels(leg("vxlan"), leg("vxlan", "leg1", vni=514))
    assert node.tunnels(leg("vxlan", "leg1", vni=514), purge=True).steps == ["remove vxlan leg0"]
    assert node.tunnels(purge=True, state="absent").steps == ["remove vxlan leg1"]
    assert [link["ifname"] for link in ip("-j link show type vxlan")] == ["theirs"]
    with pytest.raises(EngineError, match="theirs: a link of that name exists and is not ours"):
        node.tunnels(leg("vxlan", "theirs"))


def test_when_a_step_fails_what_was_done_is_undone(node: Node, kind: str) -> None:
    node.tunnels(leg(kind, "gone"), leg(kind, "leg0", **_number(kind, 5)))
    ip("link add theirs type", THEIRS[kind])
    before = ip("-j link")
    with pytest.raises(EngineError) as caught:
        node.tunnels(
            leg(kind, "leg0", mtu=1300, **_number(kind, 5)),
            leg(kind, "leg1", **_number(kind, 6)),
            leg(kind, "leg2", **_number(kind, 7)),
            purge=True,
        )
    assert f"step 4 of 4, create {kind} leg2: " in str(caught.value)
    assert "(EEXIST)" in str(caught.value)
    assert "is undone" in str(caught.value)
    assert sorted((link["ifname"], link["mtu"], link.get("ifalias")) for link in ip("-j link")) == sorted(
        (link["ifname"], link["mtu"], link.get("ifalias")) for link in before
    )


THEIRS = {
    "vxlan": "vxlan id 7 dstport 4789 local 10.0.0.1 remote 10.0.0.2",
    "gretap": "gretap local 10.0.0.1 remote 10.0.0.2 key 7",
}


def _number(kind: str, value: int) -> dict[str, int]:
    return {"key": value} if kind == "gretap" else {"vni": value}


def carrier(node: Node, **options: Any) -> dict[str, Any]:
    path, _public = (str(node.keys / "own.key"), "") if (node.keys / "own.key").exists() else node.key("own")
    return {
        "kind": "wireguard",
        "name": "wg-lte1",
        "mtu": 1440,
        "addresses": ["10.208.0.65/32"],
        "private_key_file": path,
        **options,
    }


def peer(public: str | None, *networks: str, **options: Any) -> dict[str, Any]:
    return {"public_key": public, "allowed_ips": list(networks), **options}


def dump(name: str) -> list[list[str]]:
    """Peers as ``wg show dump`` lists them."""
    text = subprocess.run(["wg", "show", name, "dump"], capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in text.splitlines()]


def test_a_carrier_is_made_as_written_and_a_second_run_does_nothing(node: Node) -> None:
    node.needs("wireguard")
    _path, public = node.key("peer")
    networks = ["10.208.0.1/32", "fd00::/64"]
    other = peer(public, *networks, endpoint="192.0.2.2:51820", persistent_keepalive_s=15)
    want = carrier(node, fwmark=30209, listen_port=0, peers=[other])
    outcome = node.tunnels(want)
    interface, there = dump("wg-lte1")
    assert interface[0] == (node.keys / "own.key").read_text().strip()
    assert interface[3] == "0x7601"
    assert there[0] == public
    assert there[2:4] == ["192.0.2.2:51820", "10.208.0.1/32,fd00::/64"]
    assert there[-1] == "15"
    assert interface[0] not in str(outcome)
    assert not node.tunnels(want).changed


def test_peers_come_change_and_go(node: Node) -> None:
    node.needs("wireguard")
    keys = [node.key(f"peer{number}")[1] for number in range(4)]
    node.tunnels(carrier(node, peers=[peer(keys[0], "10.0.0.0/24"), peer(keys[1], "10.0.1.0/24")]))
    want = carrier(
        node,
        peers=[
            peer(keys[2], "10.0.0.0/24"),
            peer(keys[1], "10.0.1.0/24", "10.0.2.0/24", endpoint="[2001:db8::1]:51820"),
            peer(None, "10.9.0.0/24"),
        ],
    )
    node.tunnels(want)
    there = {row[0]: row[2:4] for row in dump("wg-lte1")[1:]}
    assert there == {
        keys[2]: ["(none)", "10.0.0.0/24"],
        keys[1]: ["[2001:db8::1]:51820", "10.0.1.0/24,10.0.2.0/24"],
    }
    assert not node.tunnels(want).changed


def test_a_peer_without_a_key_stays_whoever_it_is_and_a_learnt_endpoint_is_no_change(node: Node) -> None:
    node.needs("wireguard")
    public = node.key("peer")[1]
    node.tunnels(carrier(node, peers=[peer(public, "10.0.0.0/24")]))
    subprocess.run(["wg", "set", "wg-lte1", "peer", public, "endpoint", "192.0.2.7:1"], check=True)
    assert not node.tunnels(carrier(node, peers=[peer(public, "10.0.0.0/24")])).changed
    assert not node.tunnels(carrier(node, peers=[peer(None, "10.0.0.0/24")])).changed
    assert node.tunnels(carrier(node)).steps == ["change wireguard wg-lte1: peers -10.0.0.0/24"]


def test_a_new_private_key_is_loaded_and_never_shown(node: Node) -> None:
    node.needs("wireguard")
    node.tunnels(carrier(node))
    node.key("own")
    outcome = node.tunnels(carrier(node))
    assert outcome.steps == ["change wireguard wg-lte1: private_key (another one)"]
    assert dump("wg-lte1")[0][0] == (node.keys / "own.key").read_text().strip()
    assert not node.tunnels(carrier(node)).changed


def test_a_thousand_peers_fit(node: Node) -> None:
    node.needs("wireguard")
    import base64

    keys = [base64.b64encode(number.to_bytes(32, "big")).decode() for number in range(1, 1001)]
    peers = [peer(key, f"10.{number >> 8}.{number & 255}.0/24") for number, key in enumerate(keys)]
    peers.append(peer(node.key("many")[1], *(f"172.16.{number >> 8}.{number & 255}/32" for number in range(1500))))
    node.tunnels(carrier(node, peers=peers))
    assert len(dump("wg-lte1")) == 1002
    assert not node.tunnels(carrier(node, peers=peers)).changed
    assert node.tunnels(carrier(node, peers=peers[:-1])).changed


def test_a_missing_key_file_is_an_error_only_in_a_real_run(node: Node) -> None:
    item = carrier(node, private_key_file=str(node.keys / "none.key"))
    assert node.tunnels(item, check=True).steps == ["create wireguard wg-lte1"]
    with pytest.raises(EngineError, match=r"no private key in .*none.key; linkagg.wan.wireguard_keys makes it"):
        node.tunnels(item)
