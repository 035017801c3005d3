# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages with pyroute2's codec: exact bytes where it matters, nothing dropped silently."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import LINK_KINDS, ROUTE
from ansible_collections.linkagg.wan.plugins.module_utils._netlink import library, links, messages, routing
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.decoder import decode
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.learn import learnt, router_in_lease
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.wireguard import (
    chunks,
    pack_endpoint,
    peer_updates,
    unpack_endpoint,
)


def encoded(message: Any) -> bytes:
    """The message as it goes to the kernel."""
    message["header"] = {"type": 24, "flags": 0, "sequence_number": 1, "pid": 0}
    message.encode()
    return bytes(message.data)


def test_an_attribute_that_is_not_listed_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="linkmsg has no attribute IFLA_TYPO"):
        messages.build(messages.linkmsg, {}, {"IFLA_TYPO": 1})
    info = {"IFLA_INFO_KIND": "bond", "IFLA_INFO_DATA": {"IFLA_BOND_TYPO": 1}}
    with pytest.raises(ValueError, match="bond_data has no attribute IFLA_BOND_TYPO"):
        messages.build(messages.linkmsg, {}, {"IFLA_LINKINFO": info})


INDEXES = {"wan1": 7, "leg0": 8}
VALUES: dict[str, dict[str, Any]] = {
    "gretap": {"local": "10.0.0.1", "remote": "10.0.0.2", "key": 513, "ttl": 64},
    "vxlan": {"local": "fd00::1", "remote": "fd00::2", "vni": 7, "port": 4789, "ttl": 3},
    "bond": {
        "mode": "active-backup",
        "xmit_hash_policy": "layer3+4",
        "miimon": 100,
        "all_slaves_active": True,
        "primary": "leg0",
        "arp_ip_target": ("10.0.0.1", "10.0.0.9"),
        "ns_ip6_target": ("2001:db8::1",),
        "ad_actor_system": "02:00:00:00:00:01",
        "mac_address": "02:00:00:00:00:02",
        "txqueuelen": 500,
    },
}


@pytest.mark.parametrize("name", list(VALUES))
def test_every_link_attribute_survives_the_way_to_bytes_and_back(name: str) -> None:
    kind = LINK_KINDS[name]
    attrs = {"name": "x0", "alias": "linkagg.wan: x", "mtu": 1398, **VALUES[name]}
    (_type, _flags, made), (_set_type, _set_flags, marked) = links.new(kind, attrs, INDEXES.__getitem__)
    parsed: dict[str, Any] = {}
    for message in (made, marked):
        found = links._link(decode(messages.linkmsg, encoded(message)))
        read = links.parse(kind, found, {index: name for name, index in INDEXES.items()})
        parsed |= {key: value for key, value in read.items() if value not in (None, "", 0)}
    assert {key: parsed[key] for key in attrs} == attrs


def test_wireguard_endpoints_are_socket_addresses() -> None:
    assert pack_endpoint("192.0.2.1:51820") == struct.pack("=H", 2) + b"\xca\x6c" + bytes([192, 0, 2, 1]) + bytes(8)
    assert len(pack_endpoint("[2001:db8::1]:1")) == 28
    for text in ("192.0.2.1:51820", "[2001:db8::1]:1"):
        assert unpack_endpoint(pack_endpoint(text)) == text


def key(number: int) -> str:
    return base64.b64encode(number.to_bytes(32, "big")).decode()


def peer(number: int, networks: int = 1) -> dict[str, Any]:
    ips = tuple(f"10.{number % 256}.{item >> 8}.{item & 255}/32" for item in range(networks))
    return {"public_key": key(number), "allowed_ips": ips, "endpoint": None, "persistent_keepalive_s": 0}


def test_peers_that_go_are_removed_before_their_networks_are_given_away() -> None:
    updates = peer_updates([peer(1), peer(2)], [peer(1), peer(3)])
    assert [(update["WGPEER_A_PUBLIC_KEY"][-1], update["WGPEER_A_FLAGS"]) for update in updates] == [(3, 1), (2, 2)]


def test_many_peers_go_in_pieces_and_none_of_their_networks_is_lost() -> None:
    want = [peer(number) for number in range(1, 600)] + [peer(600, networks=2000)]
    pieces = list(chunks(peer_updates(want, [])))
    sizes = []
    for piece in pieces:
        message = messages.build(messages.wgmsg, {}, {"WGDEVICE_A_IFNAME": "wg0", "WGDEVICE_A_PEERS": piece})
        sizes.append(len(encoded(message)))
    assert max(sizes) < 32768
    networks = [item for piece in pieces for part in piece for item in part["WGPEER_A_ALLOWEDIPS"]]
    assert len(networks) == 599 + 2000
    big = [part for piece in pieces for part in piece if part["WGPEER_A_PUBLIC_KEY"] == base64.b64decode(key(600))]
    assert [part.get("WGPEER_A_FLAGS") for part in big] == [2, *[None] * (len(big) - 1)]


def test_a_route_that_comes_back_goes_over_the_new_link() -> None:
    attrs = parse_items("routes", [ROUTE], [{"destination": "10.0.0.0/8", "via": "10.0.0.1", "device": "x"}])[0].attrs
    _type, _flags, message = routing.route_request(attrs, lambda _name: 7, "create")
    again = decode(messages.routemsg, routing.readdressed(encoded(message), {7: 99, 99: 100}))
    assert messages.attributes(again)["RTA_OIF"] == 99
    assert messages.attributes(again)["RTA_GATEWAY"] == "10.0.0.1"


@pytest.mark.parametrize(
    ("version", "old"),
    [("0.7.1", True), ("0.7.2", False), ("0.9.7", False), ("0.10.0", False), ("1.0", False), ("", False)],
)
def test_the_minimum_version_of_pyroute2(version: str, old: bool) -> None:
    assert library.too_old(version) is old


@pytest.mark.parametrize(
    ("text", "router"),
    [
        ("ADDRESS=10.0.1.5\nROUTER=10.0.1.1\n", "10.0.1.1"),
        ("ROUTER=10.0.1.1 10.0.1.2\n", "10.0.1.1"),
        ("ROUTER=\nADDRESS=10.0.1.5", None),
        ("ROUTER=nonsense 10.0.1.9", "10.0.1.9"),
        ("", None),
    ],
)
def test_the_router_in_a_lease(text: str, router: str | None) -> None:
    assert router_in_lease(text) == router


def test_learning_waits_until_every_modem_has_answered() -> None:
    now = [0.0]

    def clock() -> float:
        return now[0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    def find(device: str, _family: str) -> str | None:
        return "10.0.0.1" if device == "quick" or now[0] >= 3 else None

    routes = [{"destination": "default", "via": "learn", "device": name} for name in ("quick", "slow")]
    want: list[Obj] = parse_items("routes", [ROUTE], [{**item, "table": 1 + n} for n, item in enumerate(routes)])
    found = learnt(want, 20, False, find, ["quick", "slow"], clock, pause)
    assert [obj.attrs["via"] for obj in found] == ["10.0.0.1", "10.0.0.1"]
    assert now[0] == 3.0
