# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No site or link changes anything of another, in whatever order they are written."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan

SEEDS = range(8)


def random_inventory(seed: int) -> dict[str, Any]:
    """Three concentrators, a few sites with a few links each, some with IPv6, some with bonds of their own."""
    dice = random.Random(seed)
    sites = {}
    for index, site_id in enumerate(dice.sample(range(1, 16384), 7)):
        links = [
            {
                "name": f"link{link_id}",
                "link_id": link_id,
                "interface": f"wan{link_id}",
                "mtu": dice.choice([1500, 1492, 1430]),
                **dice.choice([{}, {"address": "dhcp"}, _static(link_id)]),
            }
            for link_id in dice.sample(range(1, 63), dice.randint(2, 5))
        ]
        sites[f"site{site_id}"] = {
            "site_id": site_id,
            "concentrator": f"vps{index % 3}",
            "lan": {"subnets": [f"192.168.{index}.0/24", *([f"fd00:0:0:{index}::/64"] if index % 2 else [])]},
            "links": links,
            **({"bonds": _bonds(dice, links[0]["name"])} if index % 3 == 0 else {}),
            **dice.choice([{}, {"table_base": 1000, "mark_base": 1, "priority_base": 20000}]),
        }
    concentrators = {f"vps{number}": {"address": f"203.0.113.{2 + number}"} for number in range(3)}
    concentrators["vps1"]["bond_pool_ipv6"] = "fd01:2:3:4::/64"
    return {"concentrators": concentrators, "sites": sites}


def _bonds(dice: random.Random, link: str) -> list[dict[str, Any]]:
    return [
        {"bond_id": 0, "leg": dice.choice(["gretap", "vxlan"])},
        {"bond_id": 5, "mode": "active-backup", "primary": link, "arp_interval": 500},
        {"bond_id": 7, "mode": "broadcast", "links": [link]},
    ]


def _static(link_id: int) -> dict[str, str]:
    return {"address": f"10.0.{link_id}.2/24", "next_hop": f"10.0.{link_id}.1"}


def shuffled(inventory: dict[str, Any], seed: int) -> dict[str, Any]:
    dice = random.Random(seed + 1000)

    def mixed(mapping: dict[str, Any]) -> dict[str, Any]:
        return dict(dice.sample(list(mapping.items()), len(mapping)))

    sites = {
        host: mixed({**site, "links": dice.sample(site["links"], len(site["links"]))})
        for host, site in inventory["sites"].items()
    }
    return {"sites": mixed(sites), "concentrators": mixed(inventory["concentrators"])}


def without_link(site: dict[str, Any], name: str) -> dict[str, Any]:
    """The site less a link and less all that names it."""
    bonds = [
        {key: value for key, value in bond.items() if key != "primary"}
        for bond in site.get("bonds", [])
        if name not in bond.get("links", ())
    ]
    links = [link for link in site["links"] if link["name"] != name]
    return {**site, "links": links, **({"bonds": bonds} if bonds else {})}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_data_in_another_order_gives_the_same_plan(seed: int) -> None:
    inventory = random_inventory(seed)
    plan, other = make_plan(inventory), make_plan(shuffled(inventory, seed))
    assert plan == other
    assert list(plan["nodes"]) == list(other["nodes"])


@pytest.mark.parametrize("seed", SEEDS)
def test_planning_leaves_the_inventory_as_it_is(seed: int) -> None:
    inventory = random_inventory(seed)
    before = copy.deepcopy(inventory)
    assert make_plan(inventory) == make_plan(inventory)
    assert inventory == before


@pytest.mark.parametrize("seed", SEEDS)
def test_without_one_site_the_others_stay_as_they_are(seed: int) -> None:
    inventory = random_inventory(seed)
    gone = random.Random(seed).choice(list(inventory["sites"]))
    less = copy.deepcopy(inventory)
    concentrator = less["sites"].pop(gone)["concentrator"]
    plan, other = make_plan(inventory), make_plan(less)
    assert set(plan["nodes"]) - set(other["nodes"]) == {gone}
    for host in less["sites"]:
        assert other["nodes"][host] == plan["nodes"][host]
    for key in ("tunnels", "bonds", "routes"):
        before, after = plan["nodes"][concentrator][key], other["nodes"][concentrator][key]
        for item in after[1:] if key == "tunnels" else after:
            assert item in before
    carrier, carrier_less = plan["nodes"][concentrator]["tunnels"][0], other["nodes"][concentrator]["tunnels"][0]
    assert {**carrier, "peers": []} == {**carrier_less, "peers": []}
    assert all(peer in carrier["peers"] for peer in carrier_less["peers"])


@pytest.mark.parametrize("seed", SEEDS)
def test_without_one_link_the_others_keep_their_numbers(seed: int) -> None:
    inventory = random_inventory(seed)
    host, site = next(iter(inventory["sites"].items()))
    gone = site["links"][0]
    less = {**inventory, "sites": {**inventory["sites"], host: without_link(site, gone["name"])}}
    before, after = make_plan(inventory), make_plan(less)
    for node in (host, site["concentrator"]):
        for key in ("tunnels", "routes", "rules", "links"):
            known = [{**item, "mtu": None, "peers": None} for item in before["nodes"][node][key]]
            assert all({**item, "mtu": None, "peers": None} in known for item in after["nodes"][node][key])
    assert f'"{gone["interface"]}"' not in after["nodes"][host]["nft"]
    assert len(site["links"]) - 1 == len(after["nodes"][host]["links"])


@pytest.mark.parametrize("seed", SEEDS)
def test_without_one_concentrator_the_sites_of_the_others_stay_as_they_are(seed: int) -> None:
    inventory = random_inventory(seed)
    less = {
        "concentrators": {host: data for host, data in inventory["concentrators"].items() if host != "vps1"},
        "sites": {host: site for host, site in inventory["sites"].items() if site["concentrator"] != "vps1"},
    }
    before, after = make_plan(inventory), make_plan(less)
    assert "vps1" not in after["nodes"]
    for host, node in after["nodes"].items():
        assert before["nodes"][host] == node


@pytest.mark.parametrize("seed", SEEDS)
def test_ipv6_for_one_site_changes_nothing_of_another(seed: int) -> None:
    inventory = random_inventory(seed)
    host, site = next((host, site) for host, site in inventory["sites"].items() if len(site["lan"]["subnets"]) == 1)
    more = copy.deepcopy(inventory)
    more["sites"][host]["lan"]["subnets"].append("fd00:0:0:ffff::/64")
    before, after = make_plan(inventory)["nodes"], make_plan(more)["nodes"]
    for other in inventory["sites"]:
        if other != host:
            assert before[other] == after[other]
    assert before[host]["tunnels"] == after[host]["tunnels"]
    for item in before[host]["routes"] + before[host]["rules"]:
        assert item in after[host]["routes"] + after[host]["rules"]
    concentrator = site["concentrator"]
    assert before[concentrator]["tunnels"] == after[concentrator]["tunnels"]
    assert all(route in after[concentrator]["routes"] for route in before[concentrator]["routes"])
