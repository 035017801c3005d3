# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapers and weights follow what links carry, and come back; nobody fights over them."""

from __future__ import annotations

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import SHAPERS
from ansible_collections.linkagg.wan.plugins.module_utils._rates.items import Shaper
from ansible_collections.linkagg.wan.plugins.module_utils._rates.parameters import MOVE_S
from ansible_collections.linkagg.wan.plugins.module_utils._rates.told import Told
from ansible_collections.linkagg.wan.tests.unit.plugins.module_utils._rates.world import MBIT, World, item


def two(schedule: str = "packet") -> World:
    world = World([item("lte1", 1), item("lte2", 2)], schedule)
    world.run(5)
    assert (world.shaped, world.dealt, world.says) == ({}, [], [])
    return world


def loaded(schedule: str = "packet") -> World:
    world = two(schedule)
    for modem in world.modems.values():
        modem.offered = 20 * MBIT
    world.run(5)
    return world


def waits(world: World, until: object, limit_s: float) -> float:
    started = world.now
    while not until():  # type: ignore[operator]
        world.run(0.1)
        assert world.now - started <= limit_s, (world.shaped, world.buckets(), world.told)
    return world.now - started


@pytest.mark.parametrize("schedule", ["packet", "flow"])
def test_a_link_that_gets_slower_gets_less_within_seconds_and_gets_it_back(schedule: str) -> None:
    world = loaded(schedule)
    world.modems["lte1"].capacity = 1 * MBIT
    waits(world, lambda: world.rate("lte1") < 1.2 * MBIT, 2)
    waits(world, lambda: 30 < world.buckets()["lte1"] < 75, 5 + 2 * MOVE_S[schedule])
    assert world.rate("lte2") > 3.5 * MBIT
    world.modems["lte1"].capacity = 5 * MBIT
    waits(world, lambda: world.rate("lte1") > 4 * MBIT and world.buckets()["lte1"] > 110, 10 + MOVE_S[schedule])


def test_weights_are_moved_no_more_often_than_worth_it() -> None:
    world = loaded()
    before = len(world.dealt)
    world.run(60)
    assert len(world.dealt) - before <= 6, "both links are steady"


@pytest.mark.parametrize("offered", [0.0, 20 * MBIT], ids=["idle", "loaded"])
@pytest.mark.parametrize("what", ["dead", "late"])
def test_a_stalled_link_is_out_within_two_seconds_or_so_and_comes_back(what: str, offered: float) -> None:
    world = two()
    world.modems["lte1"].offered = offered
    world.run(5)
    if what == "dead":
        world.modems["lte1"].dead = True
    else:
        world.modems["lte1"].way_s += 1.5
    assert waits(world, lambda: world.buckets()["lte1"] == 0, 2.5) <= (2.5 if not offered else 1.6)
    assert [one["state"] for one in world.links if one["link"] == "lte1"] == ["stalled"], "said in the same moment"
    assert world.says == ["link lte1: more than a second late: nothing is sent over it by weight until it is in time"]
    world.run(75)
    assert world.buckets() == {"lte1": 0, "lte2": 256}, "however long it takes"
    world.modems["lte1"] = type(world.modems["lte1"])(tells=True)
    waits(world, lambda: world.buckets()["lte1"] > 60, 8)
    assert world.says[1:] == ["link lte1: in time again"]


def test_one_lost_probe_is_no_stall() -> None:
    world = two()
    world.modems["lte1"].dead = True
    world.run(0.9)
    world.modems["lte1"].dead = False
    world.run(10)
    assert (world.says, world.dealt) == ([], [])


def test_links_that_all_stall_are_used_as_they_are() -> None:
    world = two()
    for modem in world.modems.values():
        modem.dead = True
    world.run(10)
    assert world.buckets() == {"lte1": 128, "lte2": 128}


def test_without_an_agent_at_the_other_end_the_way_there_and_back_has_to_do() -> None:
    world = two()
    world.modems["lte1"].tells = False
    world.modems["lte1"].offered = 20 * MBIT
    world.run(10)
    world.modems["lte1"].capacity = 1 * MBIT
    waits(world, lambda: world.rate("lte1") < 1.3 * MBIT, 6)


def test_an_idle_link_is_asked_once_a_second_and_a_busy_one_five_times() -> None:
    world = two()
    before = world.probes
    world.run(20)
    assert world.probes - before == pytest.approx(40, abs=2)
    world.modems["lte1"].offered = 5 * MBIT
    world.run(2)
    before = world.probes
    world.run(20)
    assert world.probes - before == pytest.approx(120, abs=4)


def test_while_a_run_has_the_lock_nothing_is_touched_and_then_it_is() -> None:
    world = loaded()
    world.busy = True
    before = dict(world.shaped)
    world.modems["lte1"].capacity = 1 * MBIT
    world.run(3)
    assert world.shaped == before
    world.busy = False
    waits(world, lambda: world.rate("lte1") < 1.2 * MBIT, 1)


def test_what_is_other_than_saved_is_told_and_is_put_back_at_the_end() -> None:
    world = loaded()
    world.modems["lte1"].capacity = 1 * MBIT
    world.run(5)
    told = world.told
    assert told is not None
    shapers, different = told.shaped(world.state.shapers)
    assert {obj.attrs["interface"]: obj.attrs["rate"] for obj in shapers}["wg-lte1"] == world.shaped["wg-lte1"]
    assert "wg-lte1" in {obj.attrs["interface"] for obj in different}
    assert told.dealt(world.state.weights) == [world.dealt[-1]]
    assert [one["link"] for one in world.links] == ["lte1", "lte2"]
    world.following.release()
    assert world.shaped == {"wg-lte1": "5mbit", "wg-lte2": "5mbit"}
    assert world.buckets() == {"lte1": 128, "lte2": 128}
    assert world.told is None
    assert world.following.told == Told()


def test_what_a_person_has_changed_stays() -> None:
    world = loaded()
    world.change(lte1=0.0)
    world.modems["lte1"].capacity = 1 * MBIT
    world.run(10)
    assert world.buckets() == {"lte1": 0, "lte2": 256}


def test_a_link_that_is_followed_no_more_goes_back_to_what_is_planned() -> None:
    world = loaded()
    world.modems["lte1"].capacity = 1 * MBIT
    world.run(5)
    world.state.rates = world.state.rates[1:]
    world.following.concern(world.state)
    world.run(5)
    assert world.shaped["wg-lte1"] == "5mbit"
    assert world.buckets()["lte1"] > 100


def test_a_class_of_an_htb_follows_with_the_burst_of_its_rate() -> None:
    """As at a concentrator, where links share an interface."""
    shaper = Shaper("wg-linkagg", 100.0, "7600:41")
    where = {"interface": "wg-linkagg", "kind": "htb_class", "classid": "7600:41"}
    planned, slower = (
        parse_items("shapers", list(SHAPERS.values()), [{**where, "rate": rate}])[0] for rate in ("5mbit", "3mbit")
    )
    assert shaper.key == planned.key
    told = Told(rates={planned.key: "3mbit"})
    assert told.shaped([planned]) == ([slower], [slower])
    assert told.shaped([slower]) == ([slower], [])
    assert Shaper("wwan0", 100.0).key == ("qdisc", "wwan0", "root")
