# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading by tables of keys."""

from __future__ import annotations

import contextlib
import gc
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.keys import Key, Table
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.kinds import integer
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import check, list_problems, make_plan
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.problems import PlanError, nearest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.tables import RATE

LINK = {"name": "lte", "link_id": 1, "interface": "wwan0"}
INVENTORY = {"concentrators": {"vps": {"address": "203.0.113.2"}}, "sites": {"home": {"site_id": 1, "links": [LINK]}}}


def test_defaults_are_filled_in() -> None:
    inventory, problems = check(INVENTORY)
    assert problems == []
    link = inventory.sites["home"].links[0]
    assert (link.address, link.mtu, link.next_hop) == ("unmanaged", 1500, None)
    (bond,) = inventory.sites["home"].bonds
    assert (bond.bond_id, bond.name, bond.mode, bond.leg) == (0, "agg0", "balance-rr", "gretap")
    assert bond.options == {"arp_interval": 1000}
    concentrator = inventory.concentrators["vps"]
    assert (concentrator.listen_port, str(concentrator.carrier_pool)) == (51820, "10.208.0.0/12")


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"mode": "balance-xor"}, {"xmit_hash_policy": "layer3+4", "arp_interval": 1000}),
        (
            {"mode": "balance-xor", "xmit_hash_policy": "layer2+3"},
            {"xmit_hash_policy": "layer2+3", "arp_interval": 1000},
        ),
        ({"mode": "broadcast", "arp_interval": 250}, {"arp_interval": 250}),
        ({"mode": "active-backup", "arp_interval": 0}, {"arp_interval": 0}),
        ({"mode": "balance-alb"}, {}),
    ],
)
def test_a_bond_has_our_defaults_where_the_kernels_do_not_do(given: dict[str, Any], options: dict[str, Any]) -> None:
    data = {**INVENTORY, "sites": {"home": {"site_id": 1, "links": [LINK], "bonds": [given]}}}
    inventory, problems = check(data)
    assert problems == []
    assert inventory.sites["home"].bonds[0].options == options


def test_numbers_that_a_template_made_text_of_are_read() -> None:
    as_text = {**LINK, "link_id": "1", "mtu": "1500", "rate": {"down_mbit": "3.5"}}
    as_numbers = {**LINK, "rate": {"down_mbit": 3.5}}
    data = [{**INVENTORY, "sites": {"home": {"site_id": "1", "links": [link]}}} for link in (as_text, as_numbers)]
    assert make_plan(data[0]) == make_plan(data[1])


def test_a_plan_of_a_wrong_inventory_raises_every_problem() -> None:
    data = {**INVENTORY, "sites": {"home": {"site_id": 0, "links": [{**LINK, "mtu": 1}]}}}
    with pytest.raises(PlanError) as caught:
        make_plan(data)
    assert [problem.key for problem in caught.value.problems] == ["key site_id", "key mtu"]
    assert str(caught.value).splitlines() == list_problems(data)


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("data", [INVENTORY, {}])
def test_planning_leaves_pythons_collector_as_it_was(enabled: bool, data: dict[str, Any]) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with contextlib.suppress(PlanError):
            make_plan(data)
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if before else gc.disable)()


def test_problems_of_nodes_come_after_those_of_the_inventory() -> None:
    data = {**INVENTORY, "sites": {"home": {"site_id": 0, "links": [LINK]}}}
    problems = list_problems(data, {"vps": [], "home": ["interface wwan0 is missing"]})
    assert len(problems) == 2
    assert problems[1] == "host home: interface wwan0 is missing"


@pytest.mark.parametrize(
    ("word", "meant"),
    [("adress", "address"), ("port", "listen_port"), ("colour", None), ("LISTEN-PORT", "listen_port")],
)
def test_the_nearest_known_key_is_named(word: str, meant: str | None) -> None:
    assert nearest(word, ["address", "interface", "listen_port"]) == meant


def test_a_table_of_keys_that_contradicts_itself_fails_at_once() -> None:
    with pytest.raises(TypeError, match="kind or a table"):
        Key("x")
    with pytest.raises(TypeError, match="kind or a table"):
        Key("x", kind=integer(0, 1), table=RATE)
    with pytest.raises(TypeError, match="never be used"):
        Key("x", kind=integer(0, 1), required=True, default=1)
    with pytest.raises(ValueError):
        Key("x", kind=integer(0, 1), default=2)
    with pytest.raises(TypeError, match="twice"):
        Table("t", keys=(Key("x", kind=integer(0, 1)), Key("x", kind=integer(0, 1))))
    with pytest.raises(TypeError, match="both has and refuses"):
        Table("t", keys=(Key("x", kind=integer(0, 1)),), refused={"x": "it is of no use"})
