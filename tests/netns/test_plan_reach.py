# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How carriers reach the concentrator, on a kernel with WireGuard: each over its own link, and answered from the
address that it spoke to."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.site import Planned, planned

PUBLIC = {4: ("203.0.113.2", "203.0.113.3"), 6: ("2001:db8:ffff::2", "2001:db8:ffff::3")}
NEXT_HOP = {4: ("10.0.1.1", "10.0.2.1"), 6: ("2001:db8:1::1", "2001:db8:2::1")}
ADDRESS = {4: ("10.0.1.2/24", "10.0.2.2/24"), 6: ("2001:db8:1::2/64", "2001:db8:2::2/64")}


def inventory(version: int, routing: str) -> dict[str, Any]:
    """Two links, each to a public address of its own."""
    links = [
        {
            "name": f"m{number + 1}",
            "link_id": number + 1,
            "interface": f"wan{number + 1}",
            "address": ADDRESS[version][number],
            "next_hop": NEXT_HOP[version][number],
            "concentrator_address": PUBLIC[version][number],
        }
        for number in range(2)
    ]
    return {
        "concentrators": {"vps": {"address": PUBLIC[version][0], "addresses": [PUBLIC[version][1]]}},
        "sites": {"home": {"site_id": 1, "routing": routing, "links": links}},
    }


@pytest.fixture(params=[(4, "host_routes"), (6, "host_routes"), (4, "marks")], ids=str)
def site(node: Node, request: pytest.FixtureRequest) -> Iterator[Planned]:
    node.needs("veth", "wireguard", "gretap", "bond")
    version, routing = request.param
    with planned(node, inventory(version, routing)) as found:
        found.apply()
        yield found


def ping(carrier: str) -> None:
    done = subprocess.run(
        ["ping", "-c", "5", "-i", "0.3", "-W", "3", "-I", carrier, "10.208.0.1"], capture_output=True, text=True
    )
    assert " 0% packet loss" in done.stdout, done.stdout + done.stderr


def wake(carrier: str) -> None:
    """Until the first answer: WireGuard tries again only 5 s after a handshake that was lost while links came up."""
    command = ["ping", "-c", "1", "-w", "30", "-I", carrier, "10.208.0.1"]
    subprocess.run(command, capture_output=True, check=True, timeout=40)


def packets(device: str) -> tuple[int, int]:
    (link,) = ip(f"-j -s link show {device}")
    return link["stats64"]["rx"]["packets"], link["stats64"]["tx"]["packets"]


def endpoint(carrier: str) -> str:
    words = subprocess.run(["wg", "show", carrier, "endpoints"], capture_output=True, text=True, check=True)
    return words.stdout.split()[1].rpartition(":")[0].strip("[]")


def test_each_carrier_uses_its_own_link_and_address_both_ways(site: Planned) -> None:
    public = [link["concentrator_address"] for link in site.inventory["sites"]["home"]["links"]]
    for number in range(2):
        wake(f"wg-m{number + 1}")
    time.sleep(0.2)
    before = [packets(f"wan{number + 1}") for number in range(2)]
    for number in range(2):
        ping(f"wg-m{number + 1}")
        # It follows its peer: had the answer come from another address, this would be that one now.
        assert endpoint(f"wg-m{number + 1}") == public[number]
    for number, (received, sent) in enumerate(before):
        now = packets(f"wan{number + 1}")
        assert now[0] - received >= 5, f"answers did not come over wan{number + 1}"
        assert now[1] - sent >= 5, f"it did not leave by wan{number + 1}"


def test_a_carrier_is_not_led_astray_by_a_packet_from_another_address(site: Planned) -> None:
    """WireGuard at the concentrator forgets which address it answered from, as when that was taken away and is back."""
    carrier, public = "wg-m2", site.inventory["sites"]["home"]["links"][1]["concentrator_address"]
    wake(carrier)
    host = f"{public}/{128 if ':' in public else 32}"
    with site.at_concentrator():
        ip(f"addr del {host} dev lo")
        ip(f"addr add {host} dev lo")
        gateway = site.nodes["home"]["tunnels"][1]["addresses"][0].partition("/")[0]
        subprocess.run(["ping", "-c", "3", "-i", "0.2", "-W", "1", gateway], capture_output=True, check=False)
    assert endpoint(carrier) == public
    ping(carrier)
    assert endpoint(carrier) == public


def test_a_carrier_whose_host_route_is_gone_does_not_go_into_its_own_bond(site: Planned) -> None:
    ip("link set wan1 down")
    mark = site.nodes["home"]["tunnels"][0]["fwmark"]
    address = site.inventory["concentrators"]["vps"]["address"]
    done = subprocess.run(["ip", "route", "get", address, "mark", str(mark)], capture_output=True, text=True)
    assert "agg0" not in done.stdout
    assert done.returncode


def test_applying_it_again_changes_nothing(site: Planned) -> None:
    assert [result["changed"] for result in site.apply()] == [False, False]
