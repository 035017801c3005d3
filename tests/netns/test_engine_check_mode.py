# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--check``, then run: the modules say the same, word for word, whatever it is that changes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import LEGS, Node, ip, leg

SAID = ("changed", "before", "after", "diff", "steps")


def says_the_same(node: Node, module: str, *verbs: str, **arguments: Any) -> None:
    """In check mode and in the run after it; what it says begins with these verbs, and then is done."""
    checked = node.module(module, check=True, **arguments)
    done = node.module(module, **arguments)
    assert {key: done.get(key, done) for key in SAID} == {key: checked.get(key, checked) for key in SAID}
    assert [step.partition(" ")[0] for step in done["steps"]] == list(verbs)
    assert done["diff"]["before"] != done["diff"]["after"]
    assert node.module(module, check=True, **arguments)["changed"] is False


@pytest.mark.parametrize("kind", LEGS)
def test_tunnels(node: Node, kind: str) -> None:
    node.needs(kind, "vxlan")
    number = "vni" if kind == "vxlan" else "key"
    legs = [leg(kind, f"leg{n}", **{number: n}) for n in range(3)]
    says_the_same(node, "tunnels", "create", "create", "create", tunnels=legs)
    changed = [{**legs[0], "mtu": 1300, "ttl": 9}, legs[1]]
    says_the_same(node, "tunnels", "change", tunnels=changed)
    says_the_same(node, "tunnels", "remove", tunnels=changed, purge=True)
    says_the_same(node, "tunnels", "re-create", tunnels=[leg("gretap" if kind == "vxlan" else "vxlan")]) if (
        _has(node, "gretap")
    ) else says_the_same(node, "tunnels", "re-create", tunnels=[{**changed[0], "vni": 77}])
    says_the_same(node, "tunnels", "remove", tunnels=[legs[0]], state="absent")
    ip(f"link add theirs type {kind} local 10.0.0.7 remote 10.0.0.8", "id 88 dstport 4789" if kind == "vxlan" else "")
    theirs = leg(kind, "theirs", local="10.0.0.7", remote="10.0.0.9", **{number: 88})
    says_the_same(node, "tunnels", "adopt", tunnels=[theirs], adopt=True)


def _has(node: Node, kind: str) -> bool:
    try:
        node.needs(kind)
    except pytest.skip.Exception:
        return False
    return True


def test_carriers(node: Node) -> None:
    node.needs("wireguard")
    path = node.key("own")[0]
    peers = [{"public_key": node.key(f"peer{n}")[1], "allowed_ips": [f"10.208.0.{n}/32"]} for n in range(2)]
    wg = {"kind": "wireguard", "name": "wg0", "private_key_file": path, "addresses": ["10.208.1.1/24"], "mtu": 1440}
    says_the_same(node, "tunnels", "create", tunnels=[{**wg, "peers": peers[:1], "listen_port": 5}])
    says_the_same(node, "tunnels", "change", tunnels=[{**wg, "peers": peers, "fwmark": 7, "mtu": 1400}])
    node.key("own")
    says_the_same(node, "tunnels", "change", tunnels=[{**wg, "peers": peers, "fwmark": 7}])
    says_the_same(node, "tunnels", "remove", tunnels=[], purge=True)
    ip("link add wg0 type wireguard")
    says_the_same(node, "tunnels", "adopt", tunnels=[{**wg, "peers": peers}], adopt=True)


def test_bonds(node: Node) -> None:
    node.needs("bond", "vxlan")
    node.tunnels(*(leg("vxlan", f"leg{n}", vni=n) for n in range(3)))
    bond = {"name": "agg0", "mode": "balance-rr", "mtu": 1398, "addresses": ["10.200.0.1/30"], "ports": ["leg0"]}
    says_the_same(node, "bonds", "create", bonds=[bond])
    says_the_same(node, "bonds", "change", bonds=[{**bond, "ports": ["leg1", "leg2"], "mtu": 1300}])
    says_the_same(node, "bonds", "change", bonds=[{**bond, "mode": "802.3ad", "miimon": 0}])
    says_the_same(node, "bonds", "remove", bonds=[], purge=True)
    ip("link add agg0 type bond mode active-backup")
    says_the_same(node, "bonds", "adopt", bonds=[bond], adopt=True)


def test_link_routes(node: Node) -> None:
    node.needs("veth")
    ip("link add wan1 type veth peer name modem1")
    ip("link set modem1 up")
    link = {"interface": "wan1", "addresses": ["10.0.1.2/24"]}
    route = {"destination": "default", "via": "10.0.1.1", "device": "wan1", "table": 7601}
    six = {"destination": "::/0", "type": "blackhole", "table": 7601}
    rule = {"priority": 7601, "table": 7601}
    wanted: dict[str, Any] = {"links": [link], "routes": [route, six], "rules": [rule]}
    says_the_same(node, "link_routes", "change", "create", "create", "create", **wanted)
    wanted |= {"links": [{**link, "addresses": ["10.0.1.3/24"]}], "routes": [{**route, "via": "10.0.1.9"}]}
    says_the_same(node, "link_routes", "change", "change", **wanted)
    says_the_same(node, "link_routes", "remove", **wanted, purge=True)
    says_the_same(node, "link_routes", "remove", "remove", "change", **wanted, state="absent")
    ip("address add 10.0.1.3/24 dev wan1")
    ip("route add default via 10.0.1.8 dev wan1 table 7601")
    ip("rule add priority 7601 lookup 7601")
    says_the_same(node, "link_routes", "adopt", "adopt", **wanted, adopt=True)
