# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenVPN with the plan's own configuration between two namespaces: it comes up, carries its MTU, takes as much of a
packet as the budget says, and finds its peer again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import why_no_namespaces

pytestmark = pytest.mark.skipif(bool(why_no_namespaces()), reason=f"NOT TESTED: OpenVPN: {why_no_namespaces()}")

# The concentrator's and the gateway's address on the wire, which has an MTU of its own.
FAR, NEAR, LINK_MTU = "203.0.113.2", "203.0.113.1", 1480
FAR_IPV6, NEAR_IPV6 = "2001:db8:ffff::2", "2001:db8:ffff::1"

# Lengths of UDP packets that come out, and whether any of them is a fragment (IPv6: those have another next header).
SNIFF = """
import json, socket, struct, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
wire.bind(("wire", 0))
wire.settimeout(0.1)
print("ready", flush=True)
end, seen = time.time() + 2.5, []
while time.time() < end:
    try:
        data, address = wire.recvfrom(65535)
    except OSError:
        continue
    if address[2] != socket.PACKET_OUTGOING:
        continue
    if data[0] >> 4 == 4 and data[9] == socket.IPPROTO_UDP:
        seen.append((len(data), bool(struct.unpack(">H", data[6:8])[0] & 0x3FFF)))
    elif data[0] >> 4 == 6 and data[6] in (socket.IPPROTO_UDP, socket.IPPROTO_FRAGMENT):
        seen.append((len(data), data[6] == socket.IPPROTO_FRAGMENT))
print(json.dumps(seen))
"""


@dataclass
class Pair:
    """Two namespaces with a wire between them, and both ends of a carrier over it."""

    directory: Path
    names: dict[str, str]
    plan: dict[str, Any] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def call(self, where: str, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            ["ip", "netns", "exec", self.names[where], *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stderr}{done.stdout}"
        return done.stdout if done.returncode == 0 else ""

    def make_keys(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for host, node in self.plan["nodes"].items():
            for name in node["certificates"]:
                files = [str(self.directory / f"{name}.{kind}") for kind in ("key", "crt")]
                new = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
                words = [*new, "-keyout", files[0], "-out", files[1], "-days", "9", "-subj", f"/CN={name}"]
                subprocess.run(["openssl", *words], check=True, capture_output=True)
                shown = ["openssl", "x509", "-in", files[1], "-noout", "-fingerprint", "-sha256"]
                output = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
                found.setdefault(host, {})[name] = output.strip().partition("=")[2]
        return found

    def start(self, where: str) -> None:
        """As the unit does, with this directory in place of /etc/linkagg."""
        (daemon,) = self.plan["nodes"][where]["daemons"]
        for words in daemon["prepare"]:
            self.call(where, *words)
        config = self.directory / f"{where}.conf"
        config.write_text(daemon["files"][0]["content"].replace("/etc/linkagg/keys", str(self.directory)))
        command = ["ip", "netns", "exec", self.names[where], daemon["command"][0], "--config", str(config)]
        log = (self.directory / f"{where}.log").open("ab")
        self.running[where] = subprocess.Popen(command, stdout=log, stderr=log)

    def stop(self, where: str, *, kill: bool = False) -> None:
        process = self.running.pop(where)
        process.kill() if kill else process.terminate()
        process.wait()

    def log(self, where: str) -> str:
        return (self.directory / f"{where}.log").read_text()

    def device(self, where: str) -> str:
        return self.plan["nodes"][where]["late_interfaces"][0]

    def answers(self, size: int, within_s: float = 0) -> bool:
        """Whether a ping with a whole length of ``size`` and DF comes back."""
        end = time.monotonic() + within_s
        while True:
            words = ["ping", "-c", "1", "-W", "1", "-M", "do", "-s", str(size - 28), "10.9.0.2"]
            if self.call("home", *words, check=False):
                return True
            if time.monotonic() > end:
                return False
            time.sleep(0.2)

    def up(self) -> None:
        """Both ends, with addresses on them."""
        for where, address in (("vps", "10.9.0.2/24"), ("home", "10.9.0.1/24")):
            self.start(where)
            end = time.monotonic() + 5
            while not self.call(where, "ip", "link", "show", self.device(where), check=False):
                assert time.monotonic() < end, self.log(where)
                time.sleep(0.1)
            self.call(where, "ip", "address", "add", address, "dev", self.device(where))
            self.call(where, "ip", "link", "set", self.device(where), "up")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    for program in ("openvpn", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"NOT TESTED: the program {program} is not installed")
    if not os.path.exists("/dev/net/tun"):
        pytest.skip("NOT TESTED: this machine has no /dev/net/tun; nodes of the lab have")
    names = {where: f"linkagg-{uuid.uuid4().hex[:8]}" for where in ("home", "vps")}
    made = Pair(tmp_path, names)
    for name in names.values():
        subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        ends = ["name", "wire", "netns", names["home"], "type", "veth", "peer", "name", "wire", "netns", names["vps"]]
        subprocess.run(["ip", "link", "add", *ends], check=True)
        for where, address, ipv6 in (("home", NEAR, NEAR_IPV6), ("vps", FAR, FAR_IPV6)):
            made.call(where, "ip", "address", "add", f"{address}/24", "dev", "wire")
            made.call(where, "ip", "address", "add", f"{ipv6}/64", "dev", "wire", "nodad")
            made.call(where, "ip", "link", "set", "wire", "up", "mtu", str(LINK_MTU))
            made.call(where, "ip", "link", "set", "lo", "up")
        yield made
    finally:
        for where in list(made.running):
            made.stop(where)
        for name in names.values():
            subprocess.run(["ip", "netns", "delete", name], check=False)


def planned(pair: Pair, far: str = FAR, **options: str) -> dict[str, Any]:
    link = {"name": "a", "link_id": 1, "interface": "eth1", "mtu": LINK_MTU, "openvpn": options}
    site = {"site_id": 1, "carrier": "openvpn", "links": [link]}
    data = {"concentrators": {"vps": {"address": far}}, "sites": {"home": site}}
    pair.plan = make_plan(data)
    pair.plan = make_plan(data, pair.make_keys())
    return pair.plan


def inner_mtu(pair: Pair) -> int:
    """Of what OpenVPN carries: the bond's with a tap, else the device's."""
    (daemon,) = pair.plan["nodes"]["home"]["daemons"]
    text = daemon["files"][0]["content"]
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("tun-mtu ")))


@pytest.mark.parametrize(
    ("device", "cipher", "far"),
    [
        ("tun", "AES-256-GCM", FAR),
        ("tun", "none", FAR),
        ("tap", "AES-256-GCM", FAR),
        ("tap", "none", FAR),
        ("tap", "none", FAR_IPV6),
    ],
)
def test_a_packet_of_the_mtu_fills_the_link_exactly_and_is_not_fragmented(
    pair: Pair, device: str, cipher: str, far: str
) -> None:
    planned(pair, far, device=device, cipher=cipher)
    pair.up()
    mtu = inner_mtu(pair)
    assert pair.answers(100, within_s=15), pair.log("home")
    assert pair.answers(mtu)
    assert not pair.answers(mtu + 1)
    sniffer = subprocess.Popen(
        ["ip", "netns", "exec", pair.names["home"], sys.executable, "-c", SNIFF], stdout=subprocess.PIPE, text=True
    )
    assert sniffer.stdout is not None
    assert sniffer.stdout.readline() == "ready\n"
    assert pair.answers(mtu)
    seen = json.loads(sniffer.stdout.read())
    sniffer.wait()
    assert max(length for length, _fragment in seen) == LINK_MTU
    assert not any(fragment for _length, fragment in seen)


def test_the_device_outlives_its_daemon_with_all_that_is_on_it(pair: Pair) -> None:
    planned(pair)
    pair.up()
    assert pair.answers(100, within_s=15), pair.log("home")
    before = pair.call("home", "ip", "-o", "address", "show", pair.device("home"))
    pair.stop("home")
    assert pair.call("home", "ip", "-o", "address", "show", pair.device("home")) == before
    pair.start("home")
    assert pair.answers(100, within_s=15), pair.log("home")


@pytest.mark.parametrize("where", ["vps", "home"])
def test_an_end_that_is_killed_is_found_again(pair: Pair, where: str) -> None:
    planned(pair)
    pair.up()
    assert pair.answers(100, within_s=15), pair.log("home")
    pair.stop(where, kill=True)
    pair.start(where)
    assert pair.answers(100, within_s=25), pair.log("home") + pair.log("vps")


def test_whoever_has_another_key_is_not_let_in(pair: Pair) -> None:
    planned(pair)
    good = pair.plan
    planned(pair)  # new keys for both, and the old fingerprint at the concentrator
    pair.plan["nodes"]["vps"]["daemons"] = good["nodes"]["vps"]["daemons"]
    pair.up()
    assert not pair.answers(100, within_s=6)
    assert "Initialization Sequence Completed" not in pair.log("vps")


def test_a_concentrator_whose_site_is_away_waits_quietly(pair: Pair) -> None:
    planned(pair)
    pair.start("vps")
    time.sleep(13)
    assert "restarting" not in pair.log("vps")
