# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTU of a bond is what fits, to the byte, whatever links, carriers and legs are below it: from a client on the LAN
to a server beyond the concentrator, on a kernel that has all of them."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node
from ansible_collections.linkagg.wan.tests.netns.site import Planned, client_and_server, inside, planned

LINK_MTUS = (1500, 1492, 1440)
LEGS = ("gretap", "vxlan")
OUTER = {4: ("203.0.113.2", "10.0.{}.2/24", "10.0.{}.1"), 6: ("2001:db8:ffff::2", "fd00:{}::2/64", "fd00:{}::1")}
CLIENT = {4: "192.168.1.10", 6: "fd12:3456:789a:1::10"}
SERVER = {4: "198.51.100.10", 6: "2001:db8:beef::10"}
PREFIX = {4: 24, 6: 64}
PING_HEADERS = {4: 28, 6: 48}
LAN = {4: "192.168.1.0/24", 6: "fd12:3456:789a:1::/64"}
DOWNLOAD_BYTES = 10_000_000


def inventory(
    link_mtu: int, leg: str, outer: int, fragment: str = "refuse", versions: Sequence[int] = (4, 6)
) -> dict[str, Any]:
    """Two links of one MTU, and a LAN with these IP versions."""
    concentrator, address, next_hop = OUTER[outer]
    links = [
        {
            "name": f"m{number}",
            "link_id": number,
            "interface": f"wan{number}",
            "address": address.format(number),
            "next_hop": next_hop.format(number),
            "mtu": link_mtu,
        }
        for number in (1, 2)
    ]
    lan = {"interface": "lan0", "subnets": [LAN[version] for version in versions]}
    site = {"site_id": 1, "lan": lan, "links": links, "bonds": [{"bond_id": 0, "leg": leg, "fragment": fragment}]}
    return {
        "concentrators": {"vps": {"address": concentrator, "interface": "eth0"}},
        "sites": {"home": site},
    }


@contextmanager
def deployed(node: Node, wanted: dict[str, Any]) -> Iterator[tuple[Planned, str, str]]:
    """Both ends as planned, a client and a server."""
    lan = [f"{CLIENT[version]}/{PREFIX[version]}" for version in (4, 6)]
    internet = [f"{SERVER[version]}/{PREFIX[version]}" for version in (4, 6)]
    with planned(node, wanted) as site, client_and_server(site, lan, internet) as (client, server):
        site.apply()
        # Whichever packet is the first makes WireGuard speak; the legs are in use once the other end has answered.
        with inside(client):
            for version in (4, 6):
                if LAN[version] in wanted["sites"]["home"]["lan"]["subnets"]:
                    say(version, 56, count=1, limit_s=30)
        yield site, client, server


def say(version: int, payload: int, *, count: int = 3, limit_s: int = 10) -> str:
    """Ping the server with packets that must not be split, until it has answered so many; what was said."""
    words = ["ping", f"-{version}", "-M", "do", "-i", "0.2", "-c", str(count), "-w", str(limit_s), "-s", str(payload)]
    done = subprocess.run([*words, SERVER[version]], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def fragments() -> int:
    """Packets that this namespace has split or put together again."""
    found = 0
    snmp = Path("/proc/thread-self/net/snmp").read_text().splitlines()
    names, values = (line.split() for line in snmp if line.startswith("Ip:"))
    four = dict(zip(names, values, strict=True))
    found += sum(int(four[name]) for name in ("FragCreates", "ReasmReqds"))
    for line in Path("/proc/thread-self/net/snmp6").read_text().splitlines():
        name, value = line.split()
        found += int(value) if name in ("Ip6FragCreates", "Ip6ReasmReqds") else 0
    return found


def all_fragments(site: Planned) -> int:
    """Those of both ends."""
    with site.at_concentrator():
        far = fragments()
    return far + fragments()


def download(version: int, client: str, server: str) -> int:
    """Bytes that the client has got of the server."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with inside(server):
        listener = socket.create_server((SERVER[version], 7000), family=family)
    with inside(client):
        receiver = socket.socket(family)

    def serve() -> None:
        connection, _address = listener.accept()
        with connection:
            connection.sendall(bytes(DOWNLOAD_BYTES))

    with listener, receiver:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        receiver.settimeout(60)
        receiver.connect((SERVER[version], 7000))
        got = 0
        while some := receiver.recv(1 << 16):
            got += len(some)
        thread.join()
    return got


@pytest.mark.parametrize(("link_mtu", "leg", "outer"), list(product(LINK_MTUS, LEGS, OUTER)))
def test_the_bonds_mtu_is_what_fits_to_the_byte(node: Node, link_mtu: int, leg: str, outer: int) -> None:
    node.needs("veth", "wireguard", "bond", leg)
    with deployed(node, inventory(link_mtu, leg, outer)) as (site, client, server):
        mtu = site.nodes["home"]["bonds"][0]["mtu"]
        before = all_fragments(site)
        with inside(client):
            for version in (4, 6):
                largest = mtu - PING_HEADERS[version]
                told = say(version, largest)
                assert " 0% packet loss" in told, told
                told = say(version, largest + 1, count=2, limit_s=2)
                assert re.search(rf"mtu ?[=:] ?{mtu}\b", told), told
                assert " 0% packet loss" not in told, told
        for version in (4, 6):
            assert download(version, client, server) == DOWNLOAD_BYTES
        assert all_fragments(site) == before


@pytest.mark.parametrize(("leg", "versions"), [("gretap", (4, 6)), ("vxlan", (4,))], ids=LEGS)
def test_legs_that_may_split_carry_what_the_lan_sends_and_split_no_tcp(
    node: Node, leg: str, versions: Sequence[int]
) -> None:
    node.needs("veth", "wireguard", "bond", leg)
    with deployed(node, inventory(1500, leg, 4, "allow", versions)) as (site, client, server):
        before = all_fragments(site)
        for version in versions:
            assert download(version, client, server) == DOWNLOAD_BYTES
        assert all_fragments(site) == before
        with inside(client):
            for version in versions:
                told = say(version, 1500 - PING_HEADERS[version])
                assert " 0% packet loss" in told, told
        assert all_fragments(site) >= before + 2 * 3 * 2 * len(versions), "both ends split and join each ping"
