# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the concentrator's nftables lets through to the relay and from it to HAProxy, on a kernel.

The test's own namespace is the concentrator; a veth pair stands for carriers, another one for its way out.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
from collections.abc import Iterator
from typing import NoReturn

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.proxy_texts import (
    RELAY_ADDRESS,
    RELAY_USER_ID,
    USER_ID,
)
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.planned import program
from ansible_collections.linkagg.wan.tests.netns.policy_site import inside
from ansible_collections.linkagg.wan.tests.netns.proxy_site import INNER, PORT, inventory, load_nft

GATEWAY, ELSEWHERE, STRANGER = "10.208.0.65", "192.0.2.9", "203.0.113.9"


@pytest.fixture
def spaces(node: Node) -> Iterator[dict[str, str]]:
    """Namespaces of a gateway, at the other end of a carrier, and of a host beside the concentrator."""
    program("nft")
    spaces = {name: f"{node.name}-{name}" for name in ("gateway", "stranger")}
    try:
        for name, own, address in (
            ("gateway", "wg-linkagg", f"{INNER}/12"),
            ("stranger", "eth0", "203.0.113.2/24"),
        ):
            ip(f"netns add {spaces[name]}")
            ip(f"link add {own} type veth peer name far netns {spaces[name]}")
            ip(f"addr add {address} dev {own}")
            ip(f"link set {own} up")
            with inside(spaces[name]):
                ip("link set far up")
        with inside(spaces["gateway"]):
            ip(f"addr add {GATEWAY}/12 dev far")
            ip(f"addr add {ELSEWHERE}/32 dev far")
        ip(f"route add {ELSEWHERE} dev wg-linkagg")
        with inside(spaces["stranger"]):
            ip(f"addr add {STRANGER}/24 dev far")
            ip(f"route add {INNER} via 203.0.113.2")
        load_nft(make_plan(inventory(transport="relay"))["nodes"]["vps"]["nft"])
        yield spaces
    finally:
        for name in spaces.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def asks_as(user: int, address: str = INNER) -> bool:
    """Whether that user gets an answer there, where somebody here stands for HAProxy or the relay, or is refused."""
    with socket.create_server((address, PORT)) as server:
        child = os.fork()
        if not child:
            _ask(user, address)
        if select.select([server], [], [], 1)[0]:
            connection, _peer = server.accept()
            with connection:
                connection.sendall(connection.recv(1))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1)
    return status == 0


def _ask(user: int, address: str) -> NoReturn:
    status = 2
    try:
        os.setgroups([])
        os.setuid(user)
        with socket.socket() as asked:  # nftables goes by who opened it
            asked.settimeout(3)
            asked.connect((address, PORT))
            asked.sendall(b"?")
            status = 0 if asked.recv(1) == b"?" else 3
    except ConnectionRefusedError:
        status = 1
    finally:
        os._exit(status)


def test_of_the_concentrators_users_only_the_relay_gets_at_haproxy(spaces: dict[str, str]) -> None:
    reached = {user: asks_as(user) for user in (RELAY_USER_ID, 0, USER_ID, 65534)}
    assert reached == {RELAY_USER_ID: True, 0: False, USER_ID: False, 65534: False}


def test_of_the_gateways_users_only_haproxy_gets_at_the_relay(node: Node) -> None:
    program("nft")
    load_nft(make_plan(inventory(transport="relay"))["nodes"]["home"]["nft"])
    reached = {user: asks_as(user, RELAY_ADDRESS) for user in (USER_ID, 0, RELAY_USER_ID, 65534)}
    assert reached == {USER_ID: True, 0: False, RELAY_USER_ID: False, 65534: False}


def test_lanes_come_in_by_carriers_only_and_from_their_addresses(spaces: dict[str, str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
        relay.bind((INNER, PORT))
        relay.settimeout(1)
        for space, source in (("stranger", STRANGER), ("gateway", ELSEWHERE), ("", INNER), ("gateway", GATEWAY)):
            if space:
                with inside(spaces[space]):
                    _send(source)
            else:
                _send(source)
        data, peer = relay.recvfrom(64)
        assert (data, peer[0]) == (GATEWAY.encode(), GATEWAY)
        relay.sendto(b"!", peer)
        with pytest.raises(TimeoutError):
            relay.recvfrom(64)


def _send(source: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lane:
        lane.bind((source, 0))
        lane.sendto(source.encode(), (INNER, PORT))
