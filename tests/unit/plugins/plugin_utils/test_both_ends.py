# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gateway and its concentrator must agree on, read from the finished plan."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.numbers import class_number

GOLDEN = Path(__file__).parent / "golden" / "plans"
PLANS = sorted(GOLDEN.glob("*.plan.yml"))


def by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in items}


@pytest.fixture(params=PLANS, ids=lambda path: path.name)
def ends(request: pytest.FixtureRequest) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(gateway, concentrator) for each site of a recorded plan."""
    plan = yaml.safe_load(request.param.read_text(encoding="utf-8"))
    sites = {host: site["concentrator"] for host, site in plan["sites"].items() if site["concentrator"]}
    return [(plan["nodes"][host], plan["nodes"][concentrator]) for host, concentrator in sites.items()]


LEGS = ("gretap", "ip6gretap", "vxlan")


def legs_of(node: dict[str, Any]) -> dict[tuple[str, int], dict[str, Any]]:
    """By kind and number, which must be enough to tell them apart."""
    legs = [item for item in node["tunnels"] if item["kind"] in LEGS]
    found = {(leg["kind"], leg.get("key", leg.get("vni"))): leg for leg in legs}
    assert len(found) == len(legs)
    return found


def openvpn_of(node: dict[str, Any]) -> dict[int, tuple[str, dict[str, str]]]:
    """Interface and configuration of each OpenVPN process, by its UDP port at the concentrator."""
    found = {}
    for daemon in node["daemons"]:
        if daemon["name"].startswith("openvpn-"):
            lines = daemon["files"][0]["content"].splitlines()
            said = {line.split()[0]: line.partition(" ")[2] for line in lines}
            port = int(said["lport"] if "lport" in said else said["remote"].split()[1])
            assert port not in found
            found[port] = (daemon["interface"], said)
    return found


def bonds_of(node: dict[str, Any]) -> dict[frozenset[tuple[str, int]], dict[str, Any]]:
    """By the numbers of their legs; of a tap device, which is one itself, by its port."""
    numbers = {leg["name"]: number for number, leg in legs_of(node).items()}
    numbers |= {interface: ("tap", port) for port, (interface, _said) in openvpn_of(node).items()}
    return {frozenset(numbers[port] for port in bond["ports"]): bond for bond in node["bonds"]}


def test_each_leg_has_its_other_end(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, concentrator in ends:
        far = legs_of(concentrator)
        for number, leg in legs_of(gateway).items():
            other = far[number]
            assert (leg["local"], leg["remote"], leg["mtu"]) == (other["remote"], other["local"], other["mtu"])
            assert leg.get("port") == other.get("port")


def test_each_carriers_address_is_let_in_by_its_peer(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, concentrator in ends:
        far = concentrator["tunnels"][0]
        for carrier in gateway["tunnels"]:
            if carrier["kind"] == "wireguard":
                assert carrier["addresses"] in [peer["allowed_ips"] for peer in far["peers"]]
                (peer,) = carrier["peers"]
                assert peer["endpoint"].endswith(f":{far['listen_port']}")
                assert peer["allowed_ips"] == [far["addresses"][0].split("/")[0] + "/32"]


def test_the_two_processes_of_an_openvpn_carrier_agree(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, concentrator in ends:
        far = openvpn_of(concentrator)
        for port, (_interface, said) in openvpn_of(gateway).items():
            other = far[port][1]
            for key in ("dev-type", "proto", "data-ciphers", "auth", "tun-mtu", "mssfix"):
                assert said[key] == other[key]
            assert ("tls-client" in said, "tls-server" in other) == (True, True)


def test_bonds_agree_in_all_but_what_names_an_end(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    of_an_end = {"name", "mac_address", "addresses", "ports", "alias", "primary", "arp_ip_target", "ns_ip6_target"}
    of_an_end.add("port_options")
    for gateway, concentrator in ends:
        far, legs = bonds_of(concentrator), by_name(gateway["tunnels"])
        for numbers, bond in bonds_of(gateway).items():
            other = far[numbers]
            assert {key: bond[key] for key in set(bond) - of_an_end} == {
                key: other[key] for key in set(other) - of_an_end
            }
            options = [[{**option, "port": ""} for option in end.get("port_options", ())] for end in (bond, other)]
            assert options[0] == options[1]
            assert bond["mac_address"] is None or bond["mac_address"] != other["mac_address"]
            assert {legs[port]["mtu"] for port in bond["ports"] if port in legs} <= {bond["mtu"]}


def test_the_ends_of_a_bond_are_in_one_subnet_of_each_ip_version(
    ends: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    for gateway, concentrator in ends:
        far = bonds_of(concentrator)
        for numbers, bond in bonds_of(gateway).items():
            pairs = zip(bond["addresses"], far[numbers]["addresses"], strict=True)
            for one, other in ((ip_interface(near), ip_interface(away)) for near, away in pairs):
                assert one.network == other.network
                assert one.ip != other.ip


def test_the_primary_of_both_ends_is_the_same_leg(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, concentrator in ends:
        near, away = by_name(gateway["tunnels"]), by_name(concentrator["tunnels"])
        far = bonds_of(concentrator)
        for numbers, bond in bonds_of(gateway).items():
            if "primary" in bond:
                one, other = near[bond["primary"]], away[far[numbers]["primary"]]
                assert (one["local"], one["mtu"]) == (other["remote"], other["mtu"])


def test_no_end_of_a_bond_watches_itself(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for node in (node for pair in ends for node in pair):
        for bond in node["bonds"]:
            own = {str(ip_interface(address).ip) for address in bond["addresses"]}
            for targets in (bond[key] for key in ("arp_ip_target", "ns_ip6_target") if key in bond):
                assert targets
                assert not own & set(targets)


def test_a_gateways_aggregate_leads_to_the_concentrators_end_of_a_bond(
    ends: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    for gateway, concentrator in ends:
        bond = gateway["bonds"][0]
        routes = [route for route in gateway["routes"] if route["device"] == bond["name"]]
        far = {ip_interface(address).ip for other in concentrator["bonds"] for address in other["addresses"]}
        assert {ip_address(route["via"]).version for route in routes} == {
            ip_interface(address).version for address in bond["addresses"]
        }
        assert {ip_address(route["via"]) for route in routes} <= far


def test_a_lan_is_routed_to_its_gateways_end_of_the_aggregate(
    ends: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    near = {ip_interface(address).ip for gateway, _far in ends for address in gateway["bonds"][0]["addresses"]}
    bonds = [bond for gateway, _far in ends for bond in gateway["bonds"][1:]]
    others = {ip_interface(address).ip for bond in bonds for address in bond["addresses"]}
    for _gateway, concentrator in ends:
        for route in (route for route in concentrator["routes"] if route["via"]):
            assert ip_address(route["via"]) in (others if route["table"] >= class_number(0, 0) else near)
            assert ip_network(route["destination"]).version == ip_address(route["via"]).version


def test_every_table_that_a_rule_names_has_a_route(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, _concentrator in ends:
        tables = {(_family(route), route["table"]) for route in gateway["routes"]} | {("ipv4", 254), ("ipv6", 254)}
        assert {(rule["family"], rule["table"]) for rule in gateway["rules"]} <= tables
        marks = {rule["fwmark"] for rule in gateway["rules"] if rule["fwmark"] and not rule.get("fwmask")}
        asked = {item["fwmark"] for item in gateway["tunnels"] if item["kind"] == "wireguard"}
        assert asked <= marks or asked == {0}, "with a host route for each link there are no marks"


def _family(route: dict[str, Any]) -> str:
    return "ipv6" if ":" in route["destination"] else "ipv4"
