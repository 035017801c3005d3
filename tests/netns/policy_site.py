# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site for tests of policies: the gateway (the test's own namespace) as planned, a client in its LAN, the internet.

veth pairs stand for modems and for bonds, since this must run where there are none; all else is the plan's own. A
server sees by which way a client came: by the address of the link, or by the LAN's, which only bonds leave as it is.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, enter, ip

CLIENT, CLIENT_IPV6 = "192.168.1.10", "fd12:3456:789a:1::10"
TV = "192.168.1.50"
BANK, SHOP, SHOP_IPV6 = "198.51.100.7", "198.51.100.20", "2001:db8:5::20"
PORTS = (25, 443, 5060, 7000, 8443)
LINKS = {"lte1": 1, "lte2": 2, "dsl": 3}
SERVER = Path(__file__).parent / "answering.py"


def inventory(policies: Sequence[dict[str, Any]], **site: Any) -> dict[str, Any]:
    """A site with three links, and with a concentrator unless told otherwise."""
    links = [
        {
            "name": name,
            "link_id": number,
            "interface": f"wan{number}",
            "address": f"10.0.{number}.2/24",
            "next_hop": f"10.0.{number}.1",
        }
        for name, number in LINKS.items()
    ]
    home = {
        "site_id": 1,
        "lan": {"interface": "lan0", "subnets": ["192.168.1.0/24", "fd12:3456:789a:1::/64"]},
        "links": links,
        "policies": list(policies),
        **site,
    }
    without = home.get("concentrator") == "none"
    return {
        "concentrators": {} if without else {"vps": {"address": "203.0.113.2"}},
        "sites": {"home": home},
    }


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Within another namespace."""
    with Path("/proc/thread-self/ns/net").open() as home:
        enter(f"/run/netns/{name}")
        try:
            yield
        finally:
            enter(f"/proc/self/fd/{home.fileno()}")


@dataclass
class PolicySite:
    """The site, ready; everything runs on the gateway unless said otherwise."""

    node: Node
    directory: Path
    client: str
    internet: str
    ways: dict[str, str] = field(default_factory=dict)

    def build(self, data: dict[str, Any]) -> None:
        """Make interfaces and servers, then bring the gateway to the plan."""
        desired = make_plan(data)["nodes"]["home"]
        ip(f"link add lan0 type veth peer name eth0 netns {self.client}")
        _bring_up("lan0", "192.168.1.1/24", "fd12:3456:789a:1::1/64")
        for name, number in LINKS.items():
            ip(f"link add wan{number} type veth peer name modem{number} netns {self.internet}")
            self.ways[f"10.0.{number}.2"] = name
        carriers = sorted({route["device"] for route in desired["routes"] if str(route["device"]).startswith("wg-")})
        for number, carrier in enumerate(carriers):
            ip(f"link add {carrier} type veth peer name carrier{number}")
            _bring_up(carrier)
        for number, bond in enumerate(desired["bonds"]):
            ip(f"link add {bond['name']} type veth peer name far{number} netns {self.internet}")
            _bring_up(bond["name"], *bond["addresses"])
            self.ways |= {address.partition("/")[0]: bond["name"] for address in bond["addresses"]}
        with inside(self.client):
            _bring_up("eth0", f"{CLIENT}/24", f"{TV}/24", f"{CLIENT_IPV6}/64")
            ip("route add default via 192.168.1.1")
            ip("-6 route add default via fd12:3456:789a:1::1")
        with inside(self.internet):
            for address in (BANK, SHOP, SHOP_IPV6):
                ip(f"addr add {address} dev lo")
            for number in LINKS.values():
                _bring_up(f"modem{number}", f"10.0.{number}.1/24")
            for number, bond in enumerate(desired["bonds"]):
                self._far_end(number, desired["routes"], bond)
        self.apply(data)

    def _far_end(self, number: int, routes: Sequence[dict[str, Any]], bond: dict[str, Any]) -> None:
        """The concentrator's end of a bond, which hides the LAN behind an address for each bond, to tell them apart."""
        hops = {route["via"] for route in routes if route["device"] == bond["name"] and route["via"]}
        _bring_up(f"far{number}", *(f"{hop}/{126 if ':' in hop else 30}" for hop in hops))
        rules = f"table inet far{number} {{ chain input {{ type nat hook input priority 100; "
        near = [address.partition("/")[0] for address in bond["addresses"]]
        rules += (
            "".join(f'iifname "far{number}" snat {"ip6" if ":" in to else "ip"} to {to}; ' for to in near) + "}; }\n"
        )
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
        if number == 0:
            ip(f"route add 192.168.1.0/24 via {near[0]}")
            ip(f"-6 route add fd12:3456:789a:1::/64 via {near[1]}")

    def apply(self, data: dict[str, Any]) -> bool:
        """Bring the gateway to the plan, as role node does; whether that changed anything."""
        desired = make_plan(data)["nodes"]["home"]
        path = self.directory / "90-linkagg.conf"
        path.write_text(desired["sysctl"])
        subprocess.run(["sysctl", "-p", str(path)], check=True, capture_output=True)
        table = self.node.module("nft_table", content=desired["nft"], names=desired["names"])
        assert "failed" not in table, table
        outcome = self.node.routing(desired["links"], desired["routes"], desired["rules"], purge=True)
        return bool(table["changed"] or outcome.result()["changed"])

    @contextmanager
    def servers(self) -> Iterator[None]:
        """The internet's servers, on all PORTS."""
        with inside(self.internet):
            command = [sys.executable, str(SERVER), *map(str, PORTS)]
            server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            server.terminate()
            server.wait()

    def connect(self, server: str, port: int, source: str = "", timeout_s: float = 5) -> socket.socket:
        """A TCP connection of the client."""
        with inside(self.client):
            own = (source, 0) if source else None
            return socket.create_connection((server, port), timeout=timeout_s, source_address=own)

    def way_of(self, connection: socket.socket) -> str:
        """By which way the connection reaches the server now."""
        connection.sendall(b"?\n")
        answer = connection.recv(64).decode().strip()
        return self.ways.get(answer, answer)

    def way(self, server: str, port: int, source: str = "") -> str:
        """By which way a new TCP connection of the client goes."""
        with self.connect(server, port, source) as connection:
            return self.way_of(connection)

    def datagram(self, server: str, port: int, traffic_class: int = 0, *, here: bool = False) -> tuple[str, int]:
        """By which way a UDP packet of the client, or of the gateway itself, goes, and which DSCP it arrives with."""
        if here:
            return self._datagram(server, port, traffic_class)
        with inside(self.client):
            return self._datagram(server, port, traffic_class)

    def _datagram(self, server: str, port: int, traffic_class: int) -> tuple[str, int]:
        ipv6 = ":" in server
        with socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as sender:
            option = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if ipv6 else (socket.IPPROTO_IP, socket.IP_TOS)
            sender.setsockopt(*option, traffic_class << 2)
            sender.settimeout(5)
            sender.sendto(b"?", (server, port))
            address, got = sender.recv(64).decode().split()
            return self.ways.get(address, address), int(got)


def _bring_up(device: str, *addresses: str) -> None:
    ip(f"link set {device} up")
    for address in addresses:
        ip(f"addr add {address} dev {device}{' nodad' if ':' in address else ''}")


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> None:
    """Return once it has."""
    for _try in range(int(seconds * 10)):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not happen within {seconds} s")
