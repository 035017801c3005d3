# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several sites at one concentrator, on a kernel: the same LAN twice, forwards, public subnets, and nothing else open.

Veth pairs stand for bonds and a carrier, since this must run where there are none; all else is the plan's own. The
test's own namespace is the concentrator; each site has a gateway and a host, and there is one host on the internet.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.planned import apply_texts, bring_up, inside, program
from ansible_collections.linkagg.wan.tests.netns.talkers import answering, arrived, ask, download, replying, server

VPS, VPS_IPV6 = "203.0.113.2", "2001:db8:ffff::2"
INTERNET, INTERNET_IPV6 = "203.0.113.10", "2001:db8:ffff::10"
SAME_LAN = ["192.168.1.0/24", "fd12:3456:789a:1::/64"]
HOSTS = {
    "home": ["192.168.1.10/24", "fd12:3456:789a:1::10/64"],
    "cabin": ["192.168.1.10/24", "fd12:3456:789a:1::10/64"],
    "office": ["192.168.3.10/24", "fd12:3456:789a:3::10/64", "198.51.100.10/29", "2001:db8:5::10/64"],
    "shop": ["192.168.4.10/24"],
}


def site(site_id: int, subnets: list[str], **more: Any) -> dict[str, Any]:
    link = {"name": "m1", "link_id": 1, "interface": "wan1", "address": "192.168.8.100/24", "next_hop": "192.168.8.1"}
    return {"site_id": site_id, "lan": {"interface": "lan0", "subnets": subnets}, "links": [link], **more}


INVENTORY = {
    "concentrators": {"vps": {"address": VPS, "interface": "eth0", "services": [{"port": 54, "protocol": "udp"}]}},
    "sites": {
        "home": site(
            1,
            SAME_LAN,
            reaches=["office"],
            forwards=[
                {"port": 443, "to": "192.168.1.10"},
                {"port": "5000-5002", "to": "192.168.1.10", "protocol": "both"},
                {"port": 8080, "to": "192.168.1.10", "to_port": 443, "from": ["203.0.113.10/32"]},
                {"port": 8081, "to": "192.168.1.10", "to_port": 443, "from": ["203.0.113.99/32"]},
            ],
        ),
        "cabin": site(2, SAME_LAN, forwards=[{"port": 8443, "to": "192.168.1.10", "to_port": 443}]),
        "office": site(
            3,
            ["192.168.3.0/24", "fd12:3456:789a:3::/64"],
            public_subnets=["198.51.100.8/29", "2001:db8:5::/64"],
            forwards=[{"port": 2222, "to": "192.168.3.10", "to_port": 22}],
        ),
        "shop": site(4, ["192.168.4.0/24"]),
    },
}


@dataclass
class World:
    """The namespaces by what they are: ``vps``, ``internet``, a site's ``home`` (its host) and ``home-gw``."""

    names: dict[str, str]
    plan: dict[str, Any]

    def ask(self, who: str, address: str, port: int, protocol: str = "tcp", **options: Any) -> str:
        """What is heard from there."""
        return ask(self.names[who], address, port, protocol, **options)


def router(networks: list[str]) -> list[str]:
    """The gateway's addresses on the LAN: the hosts' with 9 at the end."""
    return [network.replace("10/", "9/") for network in networks]


@pytest.fixture
def world(node: Node, tmp_path: Path) -> Iterator[World]:
    """Everything up as planned."""
    plan = make_plan(INVENTORY)
    names = {other: f"{node.name}-{other}" for site in HOSTS for other in (site, f"{site}-gw")}
    names["internet"] = f"{node.name}-internet"
    try:
        for name in names.values():
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        ip(f"link add eth0 type veth peer name eth0 netns {names['internet']}")
        bring_up("eth0", f"{VPS}/24", f"{VPS_IPV6}/64")
        with inside(names["internet"]):
            bring_up("eth0", f"{INTERNET}/24", f"{INTERNET_IPV6}/64")
            ip(f"route add default via {VPS}")
            ip(f"route add default via {VPS_IPV6}")
        ip(f"route add default via {INTERNET}")
        ip(f"route add default via {INTERNET_IPV6}")
        concentrator = plan["nodes"]["vps"]
        far = {bond["alias"].split()[-1]: bond for bond in concentrator["bonds"]}
        for host in HOSTS:
            _site_up(node, names, host, plan["nodes"][host], far[host], tmp_path)
        apply_texts(concentrator, tmp_path)
        node.routing(concentrator["links"], concentrator["routes"], concentrator["rules"])
        yield World({**names, "vps": node.name}, plan)
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _site_up(
    node: Node, names: dict[str, str], host: str, gateway: dict[str, Any], far: dict[str, Any], directory: Path
) -> None:
    near = gateway["bonds"][0]
    ip(f"link add {far['name']} type veth peer name {near['name']} netns {names[f'{host}-gw']}")
    bring_up(far["name"], *far["addresses"], mtu=far["mtu"])
    with inside(names[f"{host}-gw"]):
        ip(f"link add lan0 type veth peer name eth0 netns {names[host]}")
        ip("link add wan1 type veth peer name modem1")
        ip("link add wg-m1 type veth peer name modem1-carrier")
        for device in ("wan1", "modem1", "wg-m1", "modem1-carrier"):
            bring_up(device)
        bring_up("lan0", *router(HOSTS[host]))
        bring_up(near["name"], *near["addresses"], mtu=near["mtu"])
        apply_texts(gateway, directory)
        node.routing(gateway["links"], gateway["routes"], gateway["rules"])
    with inside(names[host]):
        bring_up("eth0", *HOSTS[host])
        for version, address in ((4, "."), (6, ":")):
            for via in [via for via in router(HOSTS[host]) if address in via][:1]:
                ip(f"-{version} route add default via {via.split('/')[0]}")


def heard(answer: str) -> tuple[str, str]:
    """Name of the server, and the address that it saw."""
    name, _space, rest = answer.partition(" ")
    return name, rest.split(" ")[0]


@pytest.mark.parametrize("server_at", [INTERNET, INTERNET_IPV6])
def test_two_sites_with_the_same_lan_download_at_once_from_the_same_address_and_port(
    world: World, server_at: str
) -> None:
    own = "fd12:3456:789a:1::10" if ":" in server_at else "192.168.1.10"
    with server(world.names["internet"], "internet", "tcp:8000"):
        running = [
            download(world.names[host], server_at, 8000, size, (own, 40000))
            for host, size in (("home", 3_000_000), ("cabin", 2_000_000))
        ]
        assert [arrived(talk) for talk, _size in reversed(running)] == [2_000_000, 3_000_000]


@pytest.mark.parametrize("server_at", [(VPS, INTERNET), (VPS_IPV6, INTERNET_IPV6)])
def test_a_shared_lan_is_hidden_and_its_udp_and_pings_come_back_too(world: World, server_at: tuple[str, str]) -> None:
    hidden, address = server_at
    with server(world.names["internet"], "internet", "udp:53"):
        for host in ("home", "cabin"):
            assert heard(world.ask(host, address, 53, "udp")) == ("internet", hidden)
            assert replying(world.names[host], address) == {address}


def test_a_forward_leads_to_its_site_and_keeps_who_really_calls(world: World) -> None:
    ports = ("tcp:443", "udp:5001", "tcp:5002", "tcp:22")
    with server(world.names["home"], "home", *ports), server(world.names["cabin"], "cabin", *ports):
        assert heard(world.ask("internet", VPS, 443)) == ("home", INTERNET)
        assert heard(world.ask("internet", VPS, 8443)) == ("cabin", INTERNET)
        assert heard(world.ask("internet", VPS, 5001, "udp")) == ("home", INTERNET)
        assert heard(world.ask("internet", VPS, 5002)) == ("home", INTERNET)
        assert heard(world.ask("internet", VPS, 8080)) == ("home", INTERNET)
        assert world.ask("internet", VPS, 8081) == "ConnectionRefusedError"
        assert world.ask("internet", VPS, 22) == "ConnectionRefusedError"
    with server(world.names["office"], "office", "tcp:22"):
        assert heard(world.ask("internet", VPS, 2222)) == ("office", INTERNET)


def test_forwards_of_two_sites_to_the_same_address_are_two_connections(world: World) -> None:
    with server(world.names["home"], "home", "tcp:443"), server(world.names["cabin"], "cabin", "tcp:443"):
        answers = [world.ask("internet", VPS, port, source=(INTERNET, 50000)) for port in (443, 8443)]
    assert [heard(answer) for answer in answers] == [("home", INTERNET), ("cabin", INTERNET)]


def test_a_site_cannot_answer_for_the_forward_of_another_one_with_the_same_lan(world: World) -> None:
    def forged(site: str) -> str:
        with inside(world.names["internet"]):
            caller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with inside(world.names[site]):
            answerer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with caller, answerer:
            caller.settimeout(2)
            caller.bind((INTERNET, 5555))
            answerer.bind(("192.168.1.10", 5001))
            caller.sendto(b"who", (VPS, 5001))
            time.sleep(0.3)
            answerer.sendto(site.encode(), (INTERNET, 5555))
            try:
                return caller.recv(100).decode()
            except TimeoutError:
                return "nothing"

    assert forged("cabin") == "nothing"
    assert forged("home") == "home"


def test_an_answer_to_a_forward_leaves_by_the_bond_also_where_policies_send_all_of_the_lan_by_a_link(
    node: Node, world: World, tmp_path: Path
) -> None:
    policy = {"name": "all", "match": {"sources": ["192.168.4.0/24"]}, "via": "m1", "otherwise": "drop"}
    forward = {"port": 9000, "to": "192.168.4.10"}
    shop = site(4, ["192.168.4.0/24"], policies=[policy], forwards=[forward])
    nodes = make_plan({**INVENTORY, "sites": {**INVENTORY["sites"], "shop": shop}})["nodes"]
    assert replying(world.names["shop"], INTERNET) == {INTERNET}
    apply_texts(nodes["vps"], tmp_path)
    with inside(world.names["shop-gw"]):
        apply_texts(nodes["shop"], tmp_path)
        node.routing(nodes["shop"]["links"], nodes["shop"]["routes"], nodes["shop"]["rules"])
    with server(world.names["shop"], "shop", "tcp:9000"):
        assert heard(world.ask("internet", VPS, 9000)) == ("shop", INTERNET)
    assert replying(world.names["shop"], INTERNET) == set()


def test_a_forward_is_open_to_sites_as_to_everyone(world: World) -> None:
    with server(world.names["home"], "home", "tcp:443"), server(world.names["cabin"], "cabin", "tcp:443"):
        for host in ("home", "cabin", "office", "shop"):
            assert heard(world.ask(host, VPS, 443))[0] == "home"
            assert heard(world.ask(host, VPS, 8443))[0] == "cabin"


@pytest.mark.parametrize("address", ["198.51.100.10", "2001:db8:5::10"])
def test_a_public_subnet_works_without_nat_in_both_directions(world: World, address: str) -> None:
    outside = INTERNET_IPV6 if ":" in address else INTERNET
    with server(world.names["office"], "office", "tcp:80"), server(world.names["internet"], "internet", "tcp:80"):
        assert heard(world.ask("internet", address, 80)) == ("office", outside)
        assert heard(world.ask("office", outside, 80, source=(address, 0))) == ("internet", address)


def test_a_public_subnet_is_open_to_sites_as_to_everyone(world: World) -> None:
    with server(world.names["office"], "office", "tcp:80"):
        for host in ("home", "cabin", "shop", "internet"):
            assert heard(world.ask(host, "198.51.100.10", 80))[0] == "office"
        assert heard(world.ask("home", "2001:db8:5::10", 80))[0] == "office"


def test_a_public_subnet_on_the_servers_own_wire_is_answered_for(world: World, tmp_path: Path) -> None:
    office = {**INVENTORY["sites"]["office"], "public_subnets": ["198.51.100.8/29"]}
    sites = {**INVENTORY["sites"], "office": office}
    concentrators = {"vps": {**INVENTORY["concentrators"]["vps"], "proxy_arp": True}}
    with inside(world.names["internet"]):
        ip("route add 198.51.100.8/29 dev eth0")
    assert replying(world.names["internet"], "198.51.100.10") == set()
    apply_texts(make_plan({"concentrators": concentrators, "sites": sites})["nodes"]["vps"], tmp_path)
    with inside(world.names["internet"]):
        ip("neigh flush all")
    assert replying(world.names["internet"], "198.51.100.10", options=["-c", "4"]) == {"198.51.100.10"}


def test_no_site_reaches_another_but_the_one_that_may(world: World) -> None:
    lans = ("192.168.1.10", "192.168.3.10", "192.168.4.10", "fd12:3456:789a:1::10", "fd12:3456:789a:3::10")
    reached = {host: replying(world.names[host], *lans) for host in HOSTS}
    own = {host: {network.split("/")[0] for network in networks} & set(lans) for host, networks in HOSTS.items()}
    assert reached == {**own, "home": own["home"] | own["office"]}
    with server(world.names["office"], "office", "tcp:80", "udp:80"):
        assert heard(world.ask("home", "192.168.3.10", 80)) == ("office", "192.168.1.10")
        assert heard(world.ask("home", "fd12:3456:789a:3::10", 80)) == ("office", "fd12:3456:789a:1::10")
        for host in ("shop", "cabin"):
            assert answering(world.names[host], [("192.168.3.10", 80, "tcp"), ("192.168.3.10", 80, "udp")]) == []


def test_a_site_sends_nothing_in_the_name_of_another(world: World) -> None:
    """The answers would go to the other site; so what counts is what arrives."""
    count = "table ip test { chain input { type filter hook input priority 0; udp dport { 9, 10 } counter; }; }"
    with inside(world.names["internet"]):
        subprocess.run([program("nft"), "-f", "-"], input=count, text=True, check=True)
    with inside(world.names["shop"]):
        ip("addr add 192.168.3.77/32 dev lo")
    assert world.ask("shop", INTERNET, 9, "udp", source=("192.168.3.77", 5555)) == "TimeoutError"
    assert world.ask("shop", INTERNET, 10, "udp", source=("192.168.4.10", 5555)) == "ConnectionRefusedError"
    with inside(world.names["internet"]):
        listed = subprocess.run(
            [program("nft"), "list", "table", "ip", "test"], capture_output=True, text=True, check=True
        )
    assert "counter packets 1 " in listed.stdout


def test_a_site_finds_nothing_open_at_the_concentrator_but_what_is_public(world: World) -> None:
    ip("addr add 172.17.0.1/24 dev lo")
    ip("addr add 10.208.0.1/12 dev lo")
    bonds = {bond["name"]: bond["addresses"] for bond in world.plan["nodes"]["vps"]["bonds"]}
    ends = {name: [address.split("/")[0] for address in addresses] for name, addresses in bonds.items()}
    inner = [*(address for addresses in ends.values() for address in addresses), "172.17.0.1", "10.208.0.1"]
    ports = [(address, port, protocol) for address in inner for port, protocol in ((22, "tcp"), (53, "udp"))]
    with server(world.names["vps"], "vps", "tcp:22", "udp:53", "tcp:54", "udp:54"):
        for address in ends["agg4-0"]:
            if "." in address:
                assert heard(world.ask("shop", address, 54, "udp"))[0] == "vps"
                assert answering(world.names["shop"], [(address, 54, "tcp")]) == []
        assert answering(world.names["shop"], [(ends["agg3-0"][0], 54, "udp")]) == []
        for host, name in (("home", "agg1-0"), ("shop", "agg4-0")):
            assert (
                answering(world.names[host], [target for target in ports if host == "home" or ":" not in target[0]])
                == []
            )
            assert replying(world.names[host], *inner) == {
                end for end in ends[name] if host == "home" or ":" not in end
            }
        for host in ("shop", "home", "cabin"):
            assert heard(world.ask(host, VPS, 22))[0] == "vps"
        assert heard(world.ask("home", VPS_IPV6, 22))[0] == "vps"


def test_the_internet_gets_into_no_lan_by_itself(world: World) -> None:
    lans = {network.split("/")[0] for networks in HOSTS.values() for network in networks}
    assert replying(world.names["internet"], *lans) == {"198.51.100.10", "2001:db8:5::10"}


def test_the_concentrator_reaches_a_lan_and_a_shared_one_by_its_mark(world: World) -> None:
    vps, shared = world.names["vps"], "192.168.1.10"
    assert replying(vps, "192.168.3.10") == {"192.168.3.10"}
    assert replying(vps, shared) == set()
    with inside(world.names["cabin"]):
        ip("link set eth0 down")
    assert replying(vps, shared, options=["-m", str(0x7601)]) == {shared}
    assert replying(vps, shared, options=["-m", str(0x7602)]) == set()


def test_what_the_concentrator_says_of_a_packet_reaches_a_site_with_a_shared_lan(world: World) -> None:
    """A hop of its path, as traceroute asks for it: the second router answers that the packet has gone too far."""
    with inside(world.names["cabin"]):
        command = [program("ping"), "-n", "-c", "1", "-W", "2", "-t", "2", INTERNET]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    (end,) = (bond["addresses"][0] for bond in world.plan["nodes"]["vps"]["bonds"] if bond["name"] == "agg2-0")
    assert f"From {end.split('/')[0]} icmp_seq=1 Time to live exceeded" in done.stdout
