# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with the MPTCP proxy: the gateway (the test's own namespace) and the concentrator as planned, with HAProxy on
both, a client in the LAN, the internet, a third host beside the concentrator and another site's LAN.

veth pairs stand for carriers and bonds, since this must run where there is no WireGuard; all else is the plan's own.
"""

from __future__ import annotations

import re
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.planned import program
from ansible_collections.linkagg.wan.tests.netns.policy_site import inside
from ansible_collections.linkagg.wan.tests.netns.relay_site import RUN

INNER, PORT = "10.208.0.1", 7600
SERVER, SERVER_IPV6, UNPROXIED = "198.51.100.20", "2001:db8:5::20", "198.51.100.7"
OTHER_SITE = "192.168.2.10"
CLIENT = "192.168.1.10"
NAMESPACES = ("client", "vps", "internet", "stranger", "other")


def inventory(**proxy: Any) -> dict[str, Any]:
    """A site with two links and the proxy, and another site that has none."""
    links = [
        {"name": f"lte{number}", "link_id": number, "interface": f"wan{number}", "address": f"10.0.{number}.2/24"}
        | {"next_hop": f"10.0.{number}.1"}
        for number in (1, 2)
    ]
    home = {
        "site_id": 1,
        "lan": {"interface": "lan0", "subnets": ["192.168.1.0/24", "fd12:3456:789a:1::/64"]},
        "links": links,
        "proxy": proxy,
    }
    office = {
        "site_id": 2,
        "lan": {"subnets": ["192.168.2.0/24"]},
        "links": [{"name": "dsl", "link_id": 1, "interface": "eth1"}],
    }
    return {
        "concentrators": {"vps": {"address": "203.0.113.2", "interface": "eth0"}},
        "sites": {"home": home, "office": office},
    }


def _congestion_controls(inner: str, *, gateway: int) -> dict[str, str]:
    """``inner``: which end the concentrator is for ss(8), src or dst; ``gateway``: the column of the other one."""
    command = ["ss", "-HOtin", "state", "established", inner, f"{INNER}:{PORT}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split() for line in lines]
    return {row[gateway].rpartition(":")[0].partition("%")[0]: row[4] for row in rows}


@contextmanager
def proxy_site(node: Node, directory: Path) -> Iterator[ProxySite]:
    """One with namespaces for all but the gateway, which is the test's own; to be built."""
    for name in ("nft", "sysctl", "ss", "haproxy", "mptcpize"):
        program(name)
    if not Path("/proc/sys/net/mptcp/enabled").exists():
        pytest.skip("NOT TESTED: this kernel has no MPTCP; the lab's has")
    spaces = {other: f"{node.name}-{other}" for other in NAMESPACES}
    site = ProxySite(node, directory, spaces)
    try:
        for name in spaces.values():
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        yield site
    finally:
        site.end()
        for name in spaces.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@dataclass
class ProxySite:
    """The site, ready; everything runs on the gateway unless said otherwise. ``spaces``: names of namespaces."""

    node: Node
    directory: Path
    spaces: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    relays: dict[str, list[str]] = field(default_factory=dict)

    def build(self, **proxy: Any) -> None:
        """Make interfaces, bring both ends to the plan, start HAProxy on both."""
        nodes = make_plan(inventory(**proxy))["nodes"]
        self._cables()
        with self.inside("client"):
            _up("eth0", f"{CLIENT}/24", "fd12:3456:789a:1::10/64")
            _defaults("192.168.1.1", "fd12:3456:789a:1::1")
        with self.inside("internet"):
            _up("eth0", "203.0.113.1/24", "2001:db8:113::1/64")
            for address in (SERVER, UNPROXIED, SERVER_IPV6):
                ip(f"addr add {address} dev lo")
            subprocess.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
            ip("route add unreachable 192.0.2.0/24")
        with self.inside("stranger"):
            _up("eth0", "203.0.113.9/24")
            ip(f"route add {INNER} via 203.0.113.2")
        with self.inside("other"):
            _up("eth0", f"{OTHER_SITE}/24")
            _defaults("192.168.2.1")
        with self.inside("vps"):
            self._far_end(nodes["vps"])
        self._near_end(nodes["home"])
        for name in ("vps", "home"):
            self.start(name, nodes[name])
            if proxy.get("transport") == "relay":
                self.relays[name] = _daemon(nodes[name], "relay")["command"][2:]
                self.start_relay(name)

    def inside(self, name: str) -> Any:
        """Within one of the other namespaces."""
        return inside(self.spaces[name])

    def _cables(self) -> None:
        """The concentrator's way out is a bridge, so that the third host is as near to it as its provider's router."""
        spaces = self.spaces
        ip(f"link add lan0 type veth peer name eth0 netns {spaces['client']}")
        ip(f"link add agg0 type veth peer name agg1-0 netns {spaces['vps']}")
        for number in (1, 2):
            ip(f"link add wan{number} type veth peer name modem{number}")
            ip(f"link add wg-lte{number} type veth peer name far{number} netns {spaces['vps']}")
        with self.inside("vps"):
            ip("link add wg-linkagg type bridge")
            ip("link add eth0 type bridge")
            ip(f"link add agg2-0 type veth peer name eth0 netns {spaces['other']}")
            for near, space in (("net", "internet"), ("third", "stranger")):
                ip(f"link add {near} type veth peer name eth0 netns {spaces[space]}")
                ip(f"link set {near} up master eth0")

    def _far_end(self, desired: dict[str, Any]) -> None:
        for number in (1, 2):
            ip(f"link set far{number} up master wg-linkagg")
        _up("wg-linkagg", f"{INNER}/12")
        _up("eth0", "203.0.113.2/24", "2001:db8:113::2/64")
        (home,) = [bond for bond in desired["bonds"] if bond["name"] == "agg1-0"]
        _up("agg1-0", *home["addresses"])
        _up("agg2-0", "192.168.2.1/24")
        _defaults("203.0.113.1", "2001:db8:113::1")
        for route in desired["routes"]:
            if route["device"] == "agg1-0":
                ip(f"route add {route['destination']} via {route['via']}")
            if route.get("congctl"):
                ip(f"route add {route['destination']} dev {route['device']} congctl {route['congctl']}")
        load_nft(desired["nft"])
        self._sysctl(desired)
        self.node.mptcp(limits=desired["mptcp"]["limits"])

    def _near_end(self, desired: dict[str, Any]) -> None:
        _up("lan0", "192.168.1.1/24", "fd12:3456:789a:1::1/64")
        for number in (1, 2):
            ip(f"link set wan{number} up")
            ip(f"link set modem{number} up")
            _up(f"wg-lte{number}", f"10.208.0.{64 + number}/32")
        _up("agg0", *desired["bonds"][0]["addresses"])
        self._sysctl(desired)
        # both carriers end at one bridge here: neither may answer for the other
        subprocess.run(["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1"], check=True)
        load_nft(desired["nft"])
        self.node.routing(desired["links"], desired["routes"], desired["rules"])
        self.node.mptcp(*desired["mptcp"]["endpoints"], limits=desired["mptcp"]["limits"])

    def _sysctl(self, desired: dict[str, Any]) -> None:
        path = self.directory / "90-linkagg.conf"
        path.write_text(desired["sysctl"])
        subprocess.run(["sysctl", "-p", str(path)], check=True, capture_output=True)

    def start(self, name: str, desired: dict[str, Any] | None = None) -> None:
        """Start HAProxy at an end as planned, but for where its files are and how many connections it has room for."""
        path = self.directory / f"{name}.cfg"
        if desired is not None:
            daemon = _daemon(desired, "proxy")
            self.command = daemon["command"]
            text = daemon["files"][0]["content"].replace("/run/linkagg-proxy.sock", str(self.socket(name)))
            path.write_text(re.sub(r"maxconn \d+", "maxconn 3000", text))
        command = [*self.command[:-1], str(path)]
        with self.inside("vps") if name == "vps" else _here():
            log = (self.directory / f"{name}.log").open("ab")
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(lambda: self.socket(name).exists() and bool(self.stats(name)))

    def stop(self, name: str) -> None:
        """Stop it, as a crash would."""
        process = self.running.pop(name)
        process.kill()
        process.wait()
        self.socket(name).unlink()

    def start_relay(self, name: str) -> None:
        """Start the relay at an end as planned."""
        with self.inside("vps") if name == "vps" else _here():
            log = (self.directory / f"{name}-relay.log").open("ab")
            command = [*RUN, *self.relays[name]]
            self.running[f"{name}-relay"] = subprocess.Popen(command, stdout=log, stderr=log)

    def stop_relay(self, name: str) -> None:
        """Stop it, as a crash would."""
        process = self.running.pop(f"{name}-relay")
        process.kill()
        process.wait()

    def socket(self, name: str) -> Path:
        """Where it tells what it does."""
        return self.directory / f"{name}.sock"

    def stats(self, name: str) -> str:
        """What it tells."""
        with socket.socket(socket.AF_UNIX) as asked:
            try:
                asked.connect(str(self.socket(name)))
            except OSError:
                return ""
            asked.sendall(b"show stat\n")
            return b"".join(iter(lambda: asked.recv(65536), b"")).decode()

    def far_is_up(self, server: str = "concentrator") -> bool:
        """Whether the gateway's HAProxy takes the concentrator's, or the way to it by the relay, for alive."""
        (line,) = [line for line in self.stats("home").splitlines() if line.startswith(f"concentrator,{server},")]
        return ",UP," in line

    def connect(self, host: str, port: int, timeout_s: float = 10) -> socket.socket:
        """A TCP connection of the client."""
        with self.inside("client"):
            return socket.create_connection((host, port), timeout=timeout_s)

    def proxied(self, host: str) -> bool:
        """Whether the concentrator itself has a connection to this host."""
        with self.inside("vps"):
            done = subprocess.run(
                ["ss", "-Htn", "dst", f"[{host}]" if ":" in host else host], capture_output=True, text=True, check=True
            )
        return bool(done.stdout.strip())

    def subflows(self) -> set[str]:
        """Addresses of the gateway from which established subflows come in at the concentrator."""
        return set(self.congestion_controls())

    def congestion_controls(self) -> dict[str, str]:
        """What the concentrator's end of each of them has, by the gateway's address."""
        with self.inside("vps"):
            return _congestion_controls("src", gateway=3)

    def own_congestion_controls(self) -> dict[str, str]:
        """What the gateway's end of each of them has."""
        return _congestion_controls("dst", gateway=2)

    @contextmanager
    def serving(self, space: str, port: int, answer: Callable[[socket.socket], None]) -> Iterator[list[str]]:
        """A server on all addresses of a namespace; what it yields are the addresses of those who came."""
        came: list[str] = []
        with self.inside(space):
            server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)

        def serve() -> None:
            while True:
                try:
                    connection, peer = server.accept()
                except OSError:
                    return
                came.append(peer[0].removeprefix("::ffff:"))
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield came
        finally:
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()

    def ask_proxy(self, host: str, port: int, space: str = "") -> bytes:
        """What a PROXY protocol header (version 1) gets that asks the concentrator's end to connect to a host."""
        family = "TCP6" if ":" in host else "TCP4"
        source = "fd12:3456:789a:1::10" if ":" in host else CLIENT
        with self.inside(space) if space else _here():
            asked = socket.create_connection((INNER, PORT), timeout=3)
        with asked:
            asked.sendall(f"PROXY {family} {source} {host} 40000 {port}\r\n?\n".encode())
            try:
                return asked.recv(64)
            except ConnectionResetError:
                return b""

    def end(self) -> None:
        """Stop everything."""
        for process in self.running.values():
            process.kill()
            process.wait()


def _daemon(desired: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [daemon for daemon in desired["daemons"] if daemon["name"] == name]
    return found


@contextmanager
def _here() -> Iterator[None]:
    yield


def _up(device: str, *addresses: str) -> None:
    ip(f"link set {device} up")
    for address in addresses:
        ip(f"addr add {address} dev {device}{' nodad' if ':' in address else ''}")


def _defaults(*hops: str) -> None:
    for hop in hops:
        ip(f"route add default via {hop}")


def load_nft(nft: str) -> None:
    """Have nftables do what is written there."""
    subprocess.run(["nft", "-f", "-"], input=nft, text=True, check=True)


def wait_for(happened: Callable[[], bool], seconds: float = 20) -> None:
    """Return once it has."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError(f"it did not happen within {seconds} s")


def pump(connection: socket.socket, data: bytes = b"", *, half: bool = False) -> bytes:
    """Send, close the own direction if told so, and read to the end."""
    if data:
        connection.sendall(data)
    if half:
        connection.shutdown(socket.SHUT_WR)
    return b"".join(iter(lambda: connection.recv(1 << 20), b""))


def hang_up(connections: Sequence[socket.socket]) -> None:
    """Close all of them."""
    for connection in connections:
        connection.close()
