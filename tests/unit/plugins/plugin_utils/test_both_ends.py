# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gateway and its concentrator must agree on, read from the finished plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

GOLDEN = Path(__file__).parent / "golden" / "plans"
PLANS = sorted(GOLDEN.glob("*.plan.yml"))


def by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in items}


@pytest.fixture(params=PLANS, ids=lambda path: path.name)
def ends(request: pytest.FixtureRequest) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(gateway, concentrator) for each site of a recorded plan."""
    plan = yaml.safe_load(request.param.read_text(encoding="utf-8"))
    return [(plan["nodes"][host], plan["nodes"][site["concentrator"]]) for host, site in plan["sites"].items()]


def test_each_leg_has_its_other_end(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, concentrator in ends:
        far = {leg["key"]: leg for leg in concentrator["tunnels"] if leg["kind"] == "gretap"}
        for leg in gateway["tunnels"]:
            if leg["kind"] == "gretap":
                other = far[leg["key"]]
                assert (leg["local"], leg["remote"], leg["mtu"]) == (other["remote"], other["local"], other["mtu"])


def test_each_carriers_address_is_let_in_by_its_peer(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, concentrator in ends:
        far = concentrator["tunnels"][0]
        for carrier in gateway["tunnels"]:
            if carrier["kind"] == "wireguard":
                assert carrier["addresses"] in [peer["allowed_ips"] for peer in far["peers"]]
                (peer,) = carrier["peers"]
                assert peer["endpoint"].endswith(f":{far['listen_port']}")
                assert peer["allowed_ips"] == [far["addresses"][0].split("/")[0] + "/32"]


def test_bonds_agree_in_mode_subnet_and_mtu(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, concentrator in ends:
        for bond in gateway["bonds"]:
            legs = by_name(gateway["tunnels"])
            keys = {legs[port]["key"] for port in bond["ports"]}
            far_legs = by_name(concentrator["tunnels"])
            (other,) = (
                bond for bond in concentrator["bonds"] if {far_legs[port]["key"] for port in bond["ports"]} == keys
            )
            for key in ("mode", "xmit_hash_policy", "mtu"):
                assert bond[key] == other[key]
            assert {legs[port]["mtu"] for port in bond["ports"]} == {bond["mtu"]}


def test_a_gateways_aggregate_leads_to_the_concentrators_end_of_a_bond(
    ends: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    for gateway, concentrator in ends:
        (route,) = (route for route in gateway["routes"] if route["table"] == 7600)
        assert route["device"] == gateway["bonds"][0]["name"]
        assert f"{route['via']}/30" in [bond["addresses"][0] for bond in concentrator["bonds"]]


def test_every_table_that_a_rule_names_has_a_route(ends: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    for gateway, _concentrator in ends:
        tables = {route["table"] for route in gateway["routes"]} | {254}
        assert {rule["table"] for rule in gateway["rules"]} <= tables
        marks = {rule["fwmark"] for rule in gateway["rules"] if rule["fwmark"]}
        assert marks == {item["fwmark"] for item in gateway["tunnels"] if item["kind"] == "wireguard"}
