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
    """Two concentrators, a few sites with a few links each, some with bonds of their own."""
    dice = random.Random(seed)
    sites = {}
    for index, site_id in enumerate(dice.sample(range(1, 16384), 6)):
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
        bonds = [{"bond_id": 0}, {"bond_id": 5, "mode": "broadcast", "links": [links[0]["name"]]}]
        sites[f"site{site_id}"] = {
            "site_id": site_id,
            "concentrator": f"vps{index % 2}",
            "lan": {"subnets": [f"192.168.{index}.0/24"]},
            "links": links,
            **({"bonds": bonds} if index % 3 == 0 else {}),
        }
    return {"concentrators": {"vps0": {"address": "203.0.113.2"}, "vps1": {"address": "203.0.113.3"}}, "sites": sites}


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
    less = copy.deepcopy(inventory)
    gone = less["sites"][host]["links"].pop()
    before, after = (make_plan(data)["nodes"][host] for data in (inventory, less))
    for key in ("tunnels", "routes", "rules", "links"):
        known = [{**item, "mtu": None} for item in before[key]]
        assert all({**item, "mtu": None} in known for item in after[key])
        assert len(after[key]) < len(before[key])
    assert gone["interface"] not in str(after["nft"])
    assert len(site["links"]) - 1 == len(after["links"])
