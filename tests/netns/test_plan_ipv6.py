# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan says about IPv6, on a kernel: a LAN's way to the internet, and a router that goes on learning.

A veth pair stands for the bond, since this must run where there is none; all else is the plan's own.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.planned import apply_texts, bring_up, inside, program

INTERNET = "2001:db8:ffff::10"
CLIENT = "fd12:3456:789a:1::10"
INVENTORY = {
    "concentrators": {"vps": {"address": "203.0.113.2", "interface": "eth0"}},
    "sites": {
        "home": {
            "site_id": 1,
            "lan": {"interface": "lan0", "subnets": ["192.168.1.0/24", "fd12:3456:789a:1::/64"]},
            "links": [
                {"name": "m1", "link_id": 1, "interface": "wan1", "address": "10.0.1.2/24", "next_hop": "10.0.1.1"}
            ],
        }
    },
}
# Takes one connection and prints the largest segment that its sender was told to send.
LISTENER = """
import socket
with socket.create_server(("::", 7000), family=socket.AF_INET6) as server:
    server.settimeout(20)
    print("ready", flush=True)
    print(server.accept()[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), flush=True)
"""


@pytest.fixture
def others(node: Node) -> Iterator[dict[str, str]]:
    """Namespaces of the other nodes; the test itself runs on the gateway."""
    names = {other: f"{node.name}-{other}" for other in ("client", "vps", "internet")}
    try:
        for name in names.values():
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@pytest.fixture
def planned(node: Node, others: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """Gateway and concentrator as planned, between a client and a server; the names of the other namespaces."""
    nodes = make_plan(INVENTORY)["nodes"]
    gateway, concentrator = nodes["home"], nodes["vps"]
    ends = (gateway["bonds"][0], concentrator["bonds"][0])
    ip(f"link add {ends[0]['name']} type veth peer name {ends[1]['name']} netns {others['vps']}")
    ip(f"link add lan0 type veth peer name eth0 netns {others['client']}")
    ip("link add wan1 type veth peer name modem1")
    ip("link add wg-m1 type veth peer name modem1-carrier")
    for device in ("wan1", "modem1", "wg-m1", "modem1-carrier"):
        bring_up(device)
    bring_up("lan0", "fd12:3456:789a:1::1/64")
    bring_up(ends[0]["name"], *ends[0]["addresses"], mtu=ends[0]["mtu"])
    apply_texts(gateway, tmp_path)
    node.routing(gateway["links"], gateway["routes"], gateway["rules"])
    with inside(others["vps"]):
        ip(f"link add eth0 type veth peer name eth0 netns {others['internet']}")
        bring_up("eth0", "2001:db8:ffff::1/64")
        bring_up(ends[1]["name"], *ends[1]["addresses"], mtu=ends[1]["mtu"])
        apply_texts(concentrator, tmp_path)
        node.routing(concentrator["links"], concentrator["routes"], concentrator["rules"])
    with inside(others["internet"]):
        bring_up("eth0", f"{INTERNET}/64")
    with inside(others["client"]):
        bring_up("eth0", f"{CLIENT}/64")
        ip("-6 route add default via fd12:3456:789a:1::1")
    yield others


def ping(target: str) -> None:
    done = subprocess.run(["ping", "-6", "-c", "3", "-i", "0.2", "-W", "2", target], capture_output=True, text=True)
    assert " 0% packet loss" in done.stdout, done.stdout + done.stderr


def test_a_private_lan_reaches_the_internet_behind_the_concentrators_address(planned: dict[str, str]) -> None:
    program("ping")
    with inside(planned["client"]):
        ping(INTERNET)


def test_the_gateway_itself_leaves_by_the_aggregate(planned: dict[str, str]) -> None:
    program("ping")
    (route,) = ip(f"-j -6 route get {INTERNET}")
    assert (route["dev"], route["table"]) == ("agg0", "7600")
    ping(INTERNET)


def test_the_concentrator_reaches_the_lan_over_the_bond(planned: dict[str, str]) -> None:
    program("ping")
    with inside(planned["vps"]):
        ping(CLIENT)


def test_tcp_over_ipv6_is_told_what_fits_the_bond(planned: dict[str, str]) -> None:
    mtu = ip("-j link show agg0")[0]["mtu"]
    with inside(planned["internet"]):
        listener = subprocess.Popen([sys.executable, "-c", LISTENER], stdout=subprocess.PIPE, text=True)
    with listener, inside(planned["client"]):
        assert listener.stdout is not None
        assert listener.stdout.readline() == "ready\n"
        with socket.create_connection((INTERNET, 7000), timeout=20) as client:
            told = int(listener.stdout.readline())
            headers = 40 + 20
            assert told <= mtu - headers
            assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= mtu - headers


def advertise(device: str) -> None:
    """Send a router advertisement (RFC 4861, 4.2) with a lifetime of half an hour."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex(device))
        raw.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0), ("ff02::1", 0))


def learnt() -> list[str]:
    """Interfaces with a default route from a router advertisement."""
    return [route["dev"] for route in ip("-j -6 route show default proto ra")]


def ready(device: str) -> bool:
    """Whether the device has a link-local address that nobody else was found to have."""
    addresses = [address for link in ip(f"-j -6 addr show dev {device} scope link") for address in link["addr_info"]]
    return bool(addresses) and not any(address.get("tentative") for address in addresses)


def told_by(router: str) -> bool:
    """Whether the gateway has learnt of the router, which has just told again."""
    with inside(router):
        advertise("eth0")
    return learnt() == ["eth0"]


@pytest.mark.parametrize("told", [True, False])
def test_a_node_that_becomes_a_router_goes_on_learning_only_if_told_to(
    node: Node, others: dict[str, str], tmp_path: Path, told: bool
) -> None:
    router = others["internet"]
    ip(f"link add eth0 type veth peer name eth0 netns {router}")
    ip("link set eth0 up")
    with inside(router):
        ip("link set eth0 up")
        _wait_for(lambda: ready("eth0"))
    _wait_for(lambda: ready("eth0"))
    _wait_for(lambda: told_by(router))
    found = node.module("preflight", programs=[])["ra_interfaces"]
    assert found == ["eth0"]
    plan = make_plan(INVENTORY, ra_interfaces={"vps": found if told else []})
    apply_texts(plan["nodes"]["vps"], tmp_path)
    assert learnt() == (["eth0"] if told else [])
    assert node.module("preflight", programs=[])["ra_interfaces"] == (["eth0"] if told else [])


def _wait_for(happened: Callable[[], bool], seconds: float = 20) -> None:
    """Return once it has; a machine that stood still in between does not count as a failure."""
    for _try in range(int(seconds * 10)):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not happen within {seconds} s")
