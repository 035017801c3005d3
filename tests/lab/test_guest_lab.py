# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guest tells ip, tc, nft, podman and dnsmasq to do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lab.guest import config, nodes, player, pppoe, shape, topology
from lab.guest.config import Lab, Shape
from lab.guest.shape import Faults

TRACE = {"step_s": 0.5, "down_mbit": [2.0, 0.0, 0.0, 0.02], "up_mbit": [1.0, 1.0, 1.0, 1.0]}


def lab_of(count: int, **changes: object) -> Lab:
    """Return a lab of so many links of 6/1 Mbit/s and 30 ms, with these changes to each."""
    links = [
        {
            "index": index,
            "name": f"b{index}",
            "rate_mbit": [6, 1],
            "trace": None,
            "offset_s": 0,
            "delay_ms": 30,
            "jitter_ms": 0,
            "loss_percent": 0,
            "queue_packets": 60,
            "mtu": 1500,
            "modem_address": f"10.0.{index}.1/24",
            "gateway_address": f"10.0.{index}.2",
            "dhcp": False,
            **changes,
        }
        for index in range(1, count + 1)
    ]
    return lab_with(links)


def lab_with(links: list[dict]) -> Lab:
    """Return a lab of these links."""
    profile = {"name": "two", "links": links, "traces": {"t": TRACE}}
    return config.parse({"lab_id": "t1", "rootfs": "/ro", "authorized_key": "ssh-ed25519 K\n", "profile": profile})


def lab_of_two_sites() -> Lab:
    """Return a lab with two links at its first site, and one that is just like them at its second."""
    raw = [{**vars(link), "rate_mbit": list(link.rate_mbit)} for link in lab_of(3).links]
    return lab_with([*raw[:2], {**raw[2], "site": 2, "modem_address": raw[0]["modem_address"]}])


def namespaces(lab: Lab) -> dict[str, str]:
    return {name: f"/{name}" for name in [*lab.nodes, *(link.namespace for link in lab.links)]}


def test_a_direction_is_a_way_with_the_bottleneck_in_it():
    core, modem = shape.start_lines(lab_of(1).links[0])
    assert core == [
        "qdisc replace dev link1 root handle 1: netem limit 100000 delay 30ms rate 10gbit",
        "qdisc replace dev link1 parent 1:1 handle 10: tbf rate 6000000bit burst 16514 limit 90840",
        "qdisc replace dev link1 parent 10:1 handle 20: plug limit 90840",
        "qdisc change dev link1 parent 10:1 handle 20: plug release_indefinite",
    ]
    assert modem == [
        "qdisc replace dev wan root handle 1: netem limit 100000 delay 30ms rate 10gbit",
        "qdisc replace dev wan parent 1:1 handle 10: tbf rate 1000000bit burst 4014 limit 90840",
        "qdisc replace dev wan parent 10:1 handle 20: plug limit 90840",
        "qdisc change dev wan parent 10:1 handle 20: plug release_indefinite",
    ]


def test_jitter_and_loss_are_on_the_way():
    (line, *_rest), _up = shape.start_lines(lab_of(1, jitter_ms=20, loss_percent=0.5).links[0])
    assert line.endswith("delay 30ms 20ms loss 0.5% rate 10gbit")


@pytest.mark.parametrize(
    ("fault", "down"),
    [
        ("delay:1500", Shape(6, 1530)),
        ("loss:20", Shape(6, 30, 0, 20)),
        ("blackhole", Shape(6, 30, 0, 100)),
        ("rate:0.5", Shape(0.5, 30)),
        ("rate:50", Shape(6, 30)),
        ("rate:0", Shape(0, 30)),
        ("down", Shape(6, 30)),
    ],
)
def test_a_fault_changes_what_a_link_does(fault, down):
    found, _up = shape.shapes(lab_of(1).links[0], Faults().after(fault))
    assert found.loss_percent == pytest.approx(down.loss_percent)
    assert (found.rate_mbit, found.delay_ms) == (down.rate_mbit, down.delay_ms)


def test_losses_of_profile_and_fault_come_one_after_the_other():
    down, _up = shape.shapes(lab_of(1, loss_percent=10).links[0], Faults(loss_percent=20))
    assert down.loss_percent == pytest.approx(28)


def test_a_link_without_rate_shuts_its_gate_and_opens_it_again():
    link = lab_of(1).links[0]
    assert shape.change_lines(link, Faults(rate_mbit=0))[0][-1].endswith("plug block")
    assert shape.change_lines(link, Faults())[0][-1].endswith("plug release_indefinite")


def test_a_fault_leaves_the_rate_of_a_played_link_to_the_player():
    core, modem = shape.change_lines(lab_of(1, trace="t", rate_mbit=None).links[0], Faults(loss_percent=3))
    assert [line.split()[6:8] for line in core + modem] == [["1:", "netem"], ["1:", "netem"]]


@pytest.mark.parametrize("mbit", [0.1, 0.5, 2, 6, 50, 500])
def test_rate_and_bucket_of_a_played_step_make_its_bytes(mbit):
    line, _gate = shape.trace_lines("x", Shape(mbit, 10), 0.5)
    rate, bucket = (int(number) for number in re.search(r"rate (\d+)bit burst (\d+)", line).groups())
    assert rate * 0.5 + bucket * 8 == pytest.approx(mbit * 1e6 * 0.5, rel=1e-4)
    assert bucket >= 1514, "a full packet must fit into the bucket, or it is dropped"


def test_the_player_sets_each_step_and_leaves_a_shut_gate_alone():
    lab = lab_of(1, trace="t", rate_mbit=None)
    tc = SimpleNamespace(write=(lines := []).extend)
    way = player.Way(lab.links[0], True, "link1", tc)
    said = []
    for step in range(5):
        player._set(lab, way, step * 0.5, Faults())
        said.append([" ".join(line.split()[8:]) for line in lines])
        lines.clear()
    flow = ["tbf rate 1895776bit burst 6514 limit 90840", "plug release_indefinite"]
    assert said == [
        flow,
        ["tbf rate 8bit burst 1514 limit 90840", "plug block"],
        [],
        ["tbf rate 8bit burst 1564 limit 90840", "plug release_indefinite"],
        flow,
    ]


def test_the_player_heeds_a_rate_fault():
    lab = lab_of(1, trace="t", rate_mbit=None)
    tc = SimpleNamespace(write=(lines := []).extend)
    player._set(lab, player.Way(lab.links[0], True, "link1", tc), 0, Faults(rate_mbit=1))
    assert "rate 935776bit burst 4014" in lines[0]


def test_the_gateways_interfaces_are_there_but_neither_up_nor_addressed():
    lab = lab_of(2)
    gateway = next(setup for setup in topology.setups(lab) if setup.where == "gateway")
    assert not any("wwan" in line for line in gateway.ip)
    assert sum("wwan" in line for line in topology.pair_lines(lab, namespaces(lab))) == 2


def test_a_link_joins_gateway_modem_and_core():
    lab = lab_of(1, mtu=1492)
    assert topology.pair_lines(lab, namespaces(lab))[-2:] == [
        "link add wwan1 netns /gateway address 02:4c:41:00:01:01 mtu 1500 gso_max_segs 1"
        " type veth peer name lan netns /modem1 address 02:4c:41:00:02:01 mtu 1500 gso_max_segs 1",
        "link add link1 netns /modems address 02:4c:41:00:04:01 mtu 1492 gso_max_segs 1"
        " type veth peer name wan netns /modem1 address 02:4c:41:00:03:01 mtu 1492 gso_max_segs 1",
    ]


def test_a_modem_is_a_router_with_nat():
    lab = lab_of(2)
    modem = topology.setups(lab)[-1]
    assert modem.where == "modem2"
    assert modem.sysctl["net/ipv4/ip_forward"] == "1"
    assert modem.ip == [
        "link set lo up",
        "addr add 10.0.2.1/24 dev lan",
        "link set lan up",
        "addr add 100.64.2.2/30 dev wan",
        "link set wan up",
        "neigh replace 100.64.2.1 lladdr 02:4c:41:00:04:02 dev wan nud permanent",
        "route add default via 100.64.2.1",
    ]
    assert 'oifname "wan" masquerade' in modem.nft


def test_a_modem_without_nat_has_its_subnet_known_to_the_core():
    lab = lab_of(2)
    lab = replace(lab, links=(lab.links[0], replace(lab.links[1], nat=False)))
    core, modem = topology.setups(lab)[-3], topology.setups(lab)[-1]
    assert "route add 10.0.2.0/24 via 100.64.2.2" in core.ip
    assert "route add 10.0.1.0/24 via 100.64.1.2" not in core.ip
    assert modem.nft == ""


def test_every_shaped_device_is_read_by_one_processor():
    lab = lab_of(3)
    shaped = {(setup.where, line.split()[3]) for setup in topology.setups(lab) for line in setup.tc}
    # What net0 sends arrives at the internet's eth0 and the other way round; links likewise.
    peers = {("modems", "net0"): ("internet", "eth0"), ("internet", "eth0"): ("modems", "net0")}
    for link in lab.links:
        peers["modems", f"link{link.index}"] = (link.namespace, "wan")
        peers[link.namespace, "wan"] = ("modems", f"link{link.index}")
    pinned = {(setup.where, device) for setup in topology.setups(lab) for device in setup.pinned}
    assert {peers[end] for end in shaped} <= pinned


def test_the_management_network_leads_to_every_node_and_nowhere_else():
    lab = lab_of_two_sites()
    lines = topology.mgmt_lines(lab, namespaces(lab))
    assert lines[1] == "addr add 198.18.255.1/24 dev t1-mgmt"
    assert len([line for line in lines if "master t1-mgmt" in line]) == len(lab.nodes)
    core = next(setup for setup in topology.setups(lab) if setup.where == "modems")
    assert 'iifname "mgmt0" drop; oifname "mgmt0" drop' in core.nft


def test_names_of_interfaces_fit_the_kernels_15_characters():
    lab = lab_of(32)
    names = re.findall(r"(?:add|name) ([^ ]+) ", "\n".join(topology.pair_lines(lab, namespaces(lab))))
    names += [lab.bridge.replace("t1", "abcdefgh"), "abcdefgh-m15"]
    assert max(map(len, names)) <= 15


def test_a_modem_hands_out_one_address_to_whoever_is_plugged_in():
    words = topology.dnsmasq(
        lab_of(1, dhcp=True, modem_address="192.168.8.1/24", gateway_address="192.168.8.100").links[0]
    )
    assert "--dhcp-range=192.168.8.100,192.168.8.100,255.255.255.0,1h" in words
    assert "--dhcp-option=option:router,192.168.8.1" in words


def test_a_modem_of_a_dialled_link_is_a_bridge_to_an_access_concentrator():
    lab = lab_of(2, pppoe=True, gateway_address="10.0.1.100")
    modem = next(setup for setup in topology.setups(lab) if setup.where == "modem1")
    bridge = modem.ip.index(f"link add dsl address {topology.mac(7, 1)} type bridge")
    assert modem.ip.index("link set lan master dsl") > bridge
    assert "addr add 10.0.1.1/24 dev lan" not in modem.ip
    words = " ".join(pppoe.server(lab.links[0]))
    assert " -I dsl " in words
    assert " -L 10.0.1.1 -R 10.0.1.100 " in words


def test_the_access_concentrators_secret_is_written_as_pppd_reads_it():
    lab = lab_of(1, pppoe=True)
    assert nodes.files(lab)["pppoe-secrets"] == '"lab@isp.example" * "it\'s \\"a\\" #1 \\\\pass word" *\n'
    assert "pppoe-secrets" not in nodes.files(lab_of(1))


@pytest.mark.parametrize("node", config.NODES)
def test_a_node_is_a_container_of_this_lab_only(node):
    command = nodes.run_command(lab_of(1), node)
    assert command[command.index("--name") + 1] == f"t1-{node}"
    assert command[command.index("--root") + 1].startswith("/run/linkagg-lab-t1/")
    assert command[command.index("--rootfs") + 1] == "/ro:O"
    assert ("--systemd=always" in command) == (node in ("gateway", "concentrator", "gateway2"))


def test_nodes_are_told_apart_by_their_machine_ids():
    ids = {nodes.machine_id(lab_of(1), node) for node in config.NODES}
    assert len(ids) == len(config.NODES)
    assert all(re.fullmatch("[0-9a-f]{32}", machine_id) for machine_id in ids)


def test_every_file_that_a_node_starts_with_is_written():
    files = nodes.files(lab_of(3))
    for node in config.NODES:
        assert nodes.run_command(lab_of(3), node)[-1].removeprefix(f"{nodes.INSIDE}/") in files
    assert files["authorized_keys"] == "ssh-ed25519 K\n"
    assert files["namespaces"] == "netns add modem1\nnetns add modem2\nnetns add modem3\n"
    assert not [name for name, text in files.items() if "{" in text]


def test_removal_names_only_this_labs_nodes():
    command = nodes.remove_command("t1")
    assert command[-len(config.NODES) :] == [f"t1-{node}" for node in config.NODES]


def test_ipv6_is_on_both_sides_of_the_aggregate_and_in_no_modem():
    lab = lab_of(2)
    with_ipv6 = {setup.where for setup in topology.setups(lab) for line in setup.ip if "::" in line}
    assert with_ipv6 == {"client", "gateway", "concentrator", "internet", "modems"}
    core = next(setup for setup in topology.setups(lab) if setup.where == "modems")
    order = list(core.sysctl)
    for device in ("con0", "net0"):
        assert order.index("net/ipv6/conf/all/disable_ipv6") < order.index(f"net/ipv6/conf/{device}/disable_ipv6")
    assert not any("::" in line and "link1" in line for line in core.ip)


def test_the_internet_serves_a_file_at_its_own_addresses_only():
    *_shell, script = topology.web_servers()
    assert "truncate -s 64000000 /srv/lab/big.bin" in script
    assert "install /opt/linkagg-lab/who /srv/lab/cgi-bin " in script
    assert "for a in 198.51.100.10 198.51.100.11 198.51.100.12; do busybox httpd -p $a:80 -h /srv/lab " in script


def test_who_says_its_host_and_the_callers_address():
    done = subprocess.run(
        ["sh", "-c", nodes.files(lab_of(1))["who"]],
        env={**os.environ, "REMOTE_ADDR": "192.0.2.1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == f"{socket.gethostname()} 192.0.2.1"
    assert done.stdout.startswith("Content-Type: text/plain\n\n")


def test_a_second_site_is_there_only_when_it_has_links():
    assert lab_of(3).nodes == ("gateway", "concentrator", "client", "internet", "modems")
    assert set(lab_of_two_sites().nodes) - set(lab_of(3).nodes) == {"gateway2", "client2"}
    assert not [setup for setup in topology.setups(lab_of(3)) if setup.where in ("gateway2", "client2")]
    assert not [
        line for line in topology.pair_lines(lab_of(3), namespaces(lab_of(3))) if "2 address 02:4c:41:00:06" in line
    ]


def test_two_sites_are_built_alike_and_each_modem_is_plugged_into_its_own():
    lab = lab_of_two_sites()
    lines = topology.pair_lines(lab, namespaces(lab))
    assert [re.search(r"netns (\S+)", line)[1] for line in lines if "wwan" in line] == [
        "/gateway",
        "/gateway",
        "/gateway2",
    ]
    assert [re.findall(r"netns (\S+)", line) for line in lines if " lan0 " in line] == [
        ["/gateway", "/client"],
        ["/gateway2", "/client2"],
    ]
    setups = {setup.where: setup for setup in topology.setups(lab)}
    for first, second in (("gateway", "gateway2"), ("client", "client2")):
        theirs = [line for line in setups[second].ip if "mgmt0" not in line]
        assert theirs == [line for line in setups[first].ip if "mgmt0" not in line]


def test_no_two_interfaces_have_the_same_hardware_address():
    lab = lab_of_two_sites()
    lines = [*topology.mgmt_lines(lab, namespaces(lab)), *topology.pair_lines(lab, namespaces(lab))]
    found = re.findall(r"address (02:\S+)", "\n".join(lines))
    assert len(found) == len(set(found))


def test_a_subnet_is_routed_to_the_concentrator_for_a_site_to_have():
    core = next(setup for setup in topology.setups(lab_of(1)) if setup.where == "modems")
    assert "route add 203.0.113.64/29 via 203.0.113.2" in core.ip


def test_the_tc_that_takes_the_steps_is_another_one_now_and_then(monkeypatch, tmp_path):
    """One that lives for an hour grows until the kernel ends it, and links stay as they are."""
    said = tmp_path / "said"
    program = tmp_path / "tc"
    program.write_text(f'#!/bin/sh\nwhile read line; do echo "$$ $line" >> {said}; done\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(player.effects, "inside", lambda namespace: nullcontext())
    monkeypatch.setattr(player, "STEPS_OF_A_TC", 2)
    tc = player.Tc("x")
    for step in range(5):
        tc.write([f"step {step}"])
        tc.end_step()
    tc.process.stdin.close()
    assert tc.process.wait(timeout=10) == 0
    lines = [line.split() for line in said.read_text().splitlines()]
    assert [int(line[2]) for line in lines] == [0, 1, 2, 3, 4], "none may be lost, nor come late"
    assert [len({line[0] for line in lines[:count]}) for count in (2, 4, 5)] == [1, 2, 3]
