# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's network on this kernel: the guest's own batches, in namespaces instead of containers.

Two modems with one and the same subnet, as fresh HiLink sticks have it. What needs netem or plug is
tested where the kernel has them.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from lab.guest import config, effects, shape, topology
from lab.guest import lab as guest_lab
from lab.guest.config import Lab
from lab.guest.shape import Faults

PREFIX = f"lt{os.getpid()}"


def missing() -> str:
    """What this machine lacks for these tests, or nothing."""
    programs = [name for name in ("ip", "tc", "nft", "ping") if not shutil.which(name)]
    if programs:
        return f"programs not installed: {', '.join(programs)}"
    probe = ["unshare", "-n", "sh", "-c"]
    made = subprocess.run([*probe, "ip link add va0 type veth peer name vb0"], capture_output=True, check=False)
    if made.returncode:
        return f"no network namespaces with veth here: {made.stderr.decode().strip()}"
    return ""


def qdiscs_missing() -> str:
    """Which parts of the kernel's traffic control are not there."""
    lines = {"netem": "netem delay 1ms", "tbf": "tbf rate 1mbit burst 5000 limit 9000", "plug": "plug limit 9000"}
    script = "ip link add va0 type veth peer name vb0; tc qdisc add dev va0 root "
    return ", ".join(
        name
        for name, words in lines.items()
        if subprocess.run(["unshare", "-n", "sh", "-c", script + words], capture_output=True, check=False).returncode
    )


MISSING = missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"NOT TESTED: modems in namespaces: {MISSING}")
NO_QDISCS = qdiscs_missing() if not MISSING else "everything"


@dataclass(frozen=True)
class Network:
    """A lab without containers: its namespaces by node and modem."""

    lab: Lab
    names: dict[str, str]

    @property
    def paths(self) -> dict[str, str]:
        return {where: f"/run/netns/{name}" for where, name in self.names.items()}

    def run(self, where: str, *command: str, check: bool = True) -> str:
        done = subprocess.run(
            ["ip", "netns", "exec", self.names[where], *command], capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{command} in {where}: {done.stderr}{done.stdout}"
        return done.stdout

    def attach(self, index: int) -> None:
        """Do on the gateway what a role does for a link: address, interface up, a table by interface."""
        link = self.lab.links[index - 1]
        for words in (
            f"addr add {link.gateway_address}/24 dev {link.interface} noprefixroute",
            f"link set {link.interface} up",
            f"route add default via {link.modem_address.split('/')[0]} dev {link.interface} onlink table {100 + index}",
        ):
            self.run("gateway", "ip", *words.split())
        rules = self.run("gateway", "ip", "rule")
        if f"oif {link.interface}" not in rules:
            self.run("gateway", "ip", *f"rule add oif {link.interface} table {100 + index}".split())

    def answers(self, index: int, address: str = "198.51.100.10") -> bool:
        ping = ["ping", "-c", "2", "-i", "0.2", "-W", "1", "-I", f"wwan{index}", address]
        return "0 received" not in self.run("gateway", *ping, check=False)

    def seen_from(self, index: int) -> str:
        """Return the address from which the internet sees a connection over a link."""
        with effects.inside(self.paths["internet"]):
            server = socket.create_server(("198.51.100.11", 0))
        with effects.inside(self.paths["gateway"]):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, f"wwan{index}".encode())
        with server, client:
            server.settimeout(5)
            client.settimeout(5)
            client.connect(server.getsockname())
            connection, (address, _port) = server.accept()
            connection.close()
        return address


def two_sticks() -> Lab:
    links = [
        {
            "index": index,
            "name": f"stick{index}",
            "rate_mbit": [6, 1],
            "trace": None,
            "offset_s": 0,
            "delay_ms": 10,
            "jitter_ms": 0,
            "loss_percent": 0,
            "queue_packets": 60,
            "mtu": 1500 - 100 * index,
            "modem_address": "192.168.8.1/24",
            "gateway_address": "192.168.8.100",
            "dhcp": True,
        }
        for index in (1, 2)
    ]
    frame = {"lab_id": "lt", "rootfs": "/", "authorized_key": "k", "profile": {"name": "sticks", "links": links}}
    return config.parse(frame)


@pytest.fixture
def network() -> Iterator[Network]:
    lab = two_sticks()
    places = [*lab.nodes, *(link.namespace for link in lab.links), "labhost"]
    network = Network(lab, {place: f"{PREFIX}-{place}" for place in places})
    try:
        for name in network.names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
        with effects.inside(network.paths["labhost"]):
            effects.batch("ip", topology.mgmt_lines(lab, network.paths))
        with effects.inside(network.paths["modems"]):
            effects.batch("ip", topology.pair_lines(lab, network.paths))
        for setup in topology.setups(lab):
            shaped = setup if not NO_QDISCS else replace(setup, tc=[])
            effects.apply(shaped, network.paths[setup.where])
        for link in lab.links:
            network.attach(link.index)
        yield network
    finally:
        for name in network.names.values():
            subprocess.run(["ip", "netns", "del", name], check=False)


def fault(network: Network, index: int, before: Faults, after: Faults) -> None:
    guest_lab._change(network.lab.links[index - 1], before, after, network.paths)


def test_modems_with_one_subnet_lead_out_each_by_its_own_way(network):
    assert network.seen_from(1) == "100.64.1.2"
    assert network.seen_from(2) == "100.64.2.2"


def test_the_lab_host_reaches_every_node_and_no_node_another_network_over_it(network):
    for node in network.lab.nodes:
        network.run("labhost", "ping", "-c", "1", "-W", "2", network.lab.address(node))
    network.run("internet", "ip", "route", "add", "198.18.254.0/24", "via", "198.51.100.1")
    network.run("modems", "ip", "route", "add", "198.18.254.0/24", "dev", "mgmt0")
    network.run("labhost", "ip", "addr", "add", "198.18.254.9/24", "dev", network.lab.bridge)
    network.run("labhost", "ip", "route", "add", "198.51.100.0/24", "via", network.lab.address("modems"))
    ping = ["ping", "-c", "1", "-W", "1", "198.18.254.9"]
    assert "0 received" in network.run("internet", *ping, check=False)
    network.run("modems", "nft", "flush", "ruleset")
    network.run("internet", *ping)


def test_the_client_goes_out_through_the_gateway(network):
    assert "default via 192.168.1.1 dev lan0" in network.run("client", "ip", "route")
    network.run("client", "ping", "-c", "1", "-W", "2", "192.168.1.1")


def test_a_packet_too_big_for_the_way_is_told_so_by_the_modem(network):
    ping = ["ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1372", "-I"]
    network.run("gateway", *ping, "wwan1", "198.51.100.10")
    said = network.run("gateway", *ping, "wwan2", "198.51.100.10", check=False)
    assert "mtu = 1300" in said


def test_modems_send_packets_of_real_size(network):
    for where, devices in {"gateway": ["wwan1", "wwan2"], "modem1": ["lan", "wan"], "modems": ["link1"]}.items():
        for device in devices:
            assert "gso_max_segs 1 " in network.run(where, "ip", "-d", "link", "show", device)


def test_each_modem_is_served_by_one_processor(network):
    for index in (1, 2):
        masks = network.run(f"modem{index}", "sh", "-c", "cat /sys/class/net/[lw]an/queues/rx-0/rps_cpus").split()
        assert len(set(masks)) == 1
        assert sum(bin(int(word, 16)).count("1") for word in masks[0].split(",")) == 1


def test_an_unplugged_modem_vanishes_and_comes_back_as_it_was(network):
    address = re.search(r"link/ether (\S+)", network.run("gateway", "ip", "link", "show", "wwan1")).group(1)
    fault(network, 1, Faults(), Faults(unplug=True))
    assert "wwan1" not in network.run("gateway", "ip", "link")
    fault(network, 1, Faults(unplug=True), Faults())
    assert address in network.run("gateway", "ip", "link", "show", "wwan1")
    network.attach(1)
    assert network.seen_from(1) == "100.64.1.2"


def test_a_modem_that_is_down_has_no_carrier_until_it_is_up(network):
    fault(network, 2, Faults(), Faults(down=True))
    assert "NO-CARRIER" in network.run("gateway", "ip", "link", "show", "wwan2")
    fault(network, 2, Faults(down=True), Faults())
    time.sleep(0.1)
    assert "LOWER_UP" in network.run("gateway", "ip", "link", "show", "wwan2")
    assert network.seen_from(2) == "100.64.2.2"


@pytest.mark.parametrize("node", ["gateway", "concentrator"])
def test_a_node_that_was_off_is_plugged_in_again_as_it_was(network, node):
    before = network.run(node, "ip", "-br", "link")
    subprocess.run(["ip", "netns", "del", network.names[node]], check=True)
    subprocess.run(["ip", "netns", "add", network.names[node]], check=True)
    with effects.inside(network.paths["labhost"]):
        guest_lab._unplug(network.lab, node, {}, network.paths)
        guest_lab._replug(network.lab, node, {}, network.paths)
    names = [re.split("[@ ]", line)[0] for line in network.run(node, "ip", "-br", "link").splitlines()]
    assert sorted(names) == sorted(re.split("[@ ]", line)[0] for line in before.splitlines())
    network.run("labhost", "ping", "-c", "1", "-W", "2", network.lab.address(node))
    if node == "concentrator":
        network.run("concentrator", "ping", "-c", "1", "-W", "2", "198.51.100.10")
        return
    network.run("client", "ping", "-c", "1", "-W", "2", "192.168.1.1")
    network.attach(1)
    assert network.seen_from(1) == "100.64.1.2"


def test_a_gateway_that_was_off_finds_its_links_as_broken_as_before(network):
    fault(network, 1, Faults(), Faults(unplug=True))
    fault(network, 2, Faults(), Faults(down=True))
    subprocess.run(["ip", "netns", "del", network.names["gateway"]], check=True)
    subprocess.run(["ip", "netns", "add", network.names["gateway"]], check=True)
    faults = {1: Faults(unplug=True), 2: Faults(down=True)}
    with effects.inside(network.paths["labhost"]):
        guest_lab._unplug(network.lab, "gateway", faults, network.paths)
        guest_lab._replug(network.lab, "gateway", faults, network.paths)
    assert "wwan1" not in network.run("gateway", "ip", "link")
    network.run("gateway", "ip", "link", "set", "wwan2", "up")
    assert "NO-CARRIER" in network.run("gateway", "ip", "link", "show", "wwan2")


@pytest.mark.skipif(bool(NO_QDISCS), reason=f"NOT TESTED: faults on the way: this kernel has no {NO_QDISCS}")
def test_a_black_hole_swallows_the_way_and_not_the_modem(network):
    fault(network, 1, Faults(), Faults(blackhole=True))
    assert not network.answers(1)
    assert network.answers(1, "192.168.8.1")
    assert network.answers(2)
    fault(network, 1, Faults(blackhole=True), Faults())
    assert network.answers(1)


@pytest.mark.skipif(bool(NO_QDISCS), reason=f"NOT TESTED: a link that stalls: this kernel has no {NO_QDISCS}")
def test_a_link_without_rate_holds_packets_until_it_has_one(network):
    fault(network, 1, Faults(), Faults(rate_mbit=0))
    assert not network.answers(1)
    fault(network, 1, Faults(rate_mbit=0), Faults())
    assert network.answers(1)
    assert shape.core_device(network.lab.links[0]) in network.run("modems", "tc", "qdisc", "show")
