# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which legs that wait are to send a frame, and when a bond has no leg that works: states and times, no kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._agent.legs import Bond, Legs
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.withdraw import LEGS
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.port_state import Port

USED, WAITS = Port(heard=True, waits=False), Port(heard=True, waits=True)
SILENT = Port(heard=False, waits=True)
BACKUP = Bond(
    "agg0",
    ("fiber", "lte"),
    interval_s=1.0,
    keeps=True,
    watches=True,
    gives_way=True,
    asked=frozenset({"fiber", "lte"}),
)


class Site:
    """Bonds over two legs, as a test says that they are."""

    def __init__(self, *bonds: Bond) -> None:
        self.ports: dict[str, Port] = {"fiber": USED, "lte": WAITS}
        self.answers: dict[str, bool | None] = {}
        self.now = 100.0
        self.legs = Legs(self.ports.get, self.answers.get)
        self.legs.concern(bonds or [BACKUP], self.now)

    def after(self, seconds: float) -> tuple[list[str], list[tuple[str, bool]]]:
        """What leaves, and what changes, in that time."""
        frames: list[str] = []
        changes = []
        for _tenth in range(round(seconds * 10)):
            changes += self.legs.look(self.now)
            frames += self.legs.due()
            self.now += 0.1
        return frames, changes


def test_a_frame_leaves_each_leg_that_waits_once_in_an_interval() -> None:
    site = Site()
    assert site.after(10) == (["lte"] * 10, [])
    site.ports |= {"fiber": WAITS, "lte": USED}
    assert site.after(10) == (["fiber"] * 10, [])


def test_frames_leave_a_silent_leg_only_while_its_other_end_answers_through_the_carrier() -> None:
    site = Site()
    site.ports["lte"] = SILENT
    assert site.legs.silent() == frozenset(), "not looked at yet"
    assert site.after(3) == ([], [])
    assert site.legs.silent() == {"lte"}
    site.answers["lte"] = False
    assert site.after(3)[0] == []
    site.answers["lte"] = True
    assert site.after(3)[0] == ["lte"] * 3


def test_where_nobody_can_be_asked_frames_leave_a_silent_leg_all_the_same() -> None:
    site = Site(replace(BACKUP, asked=frozenset({"fiber"})))
    site.ports["lte"] = SILENT
    assert site.after(3)[0] == ["lte"] * 3


def test_a_leg_that_is_gone_gets_none_and_has_them_when_it_is_back() -> None:
    site = Site()
    gone = site.ports.pop("lte")
    assert site.after(3)[0] == []
    assert site.legs.silent() == frozenset()
    site.ports["lte"] = gone
    assert site.after(3)[0] == ["lte"] * 3


def test_bonds_of_other_modes_send_none() -> None:
    site = Site(replace(BACKUP, keeps=False))
    assert site.after(5) == ([], [])


def test_a_bond_is_silent_when_none_of_its_legs_is_heard_and_works_again_with_the_first_that_is() -> None:
    site = Site()
    site.ports["fiber"] = SILENT
    assert site.after(3)[1] == []
    assert site.legs.silent_bonds() == {}
    site.ports["lte"] = SILENT
    assert site.after(3)[1] == [("agg0", True)]
    assert site.legs.silent_bonds() == {"agg0": LEGS}
    told = site.legs.bonds()["agg0"]
    assert (told["target"], told["alive"], told["withdraws"]) == (LEGS, False, True)
    site.ports["lte"] = USED
    assert site.after(3)[1] == [("agg0", False)]
    assert site.legs.silent_bonds() == {}


def test_a_bond_without_any_leg_is_not_called_silent() -> None:
    site = Site()
    site.ports.clear()
    assert site.after(3)[1] == []


def test_a_bond_that_does_not_watch_its_legs_is_silent_when_none_of_them_answers_pings() -> None:
    site = Site(replace(BACKUP, keeps=False, watches=False))
    site.answers |= {"fiber": False, "lte": None}
    assert site.after(3)[1] == []
    site.answers["lte"] = False
    assert site.after(3)[1] == [("agg0", True)]


def test_a_bond_over_which_no_route_gives_way_is_nobodys_news() -> None:
    site = Site(replace(BACKUP, gives_way=False))
    site.ports |= {"fiber": SILENT, "lte": SILENT}
    assert site.after(3)[1] == []
    assert (site.legs.silent_bonds(), site.legs.bonds()) == ({}, {})


def test_a_bond_that_is_silent_when_the_agent_begins_is_known_before_the_first_look() -> None:
    site = Site()
    site.ports |= {"fiber": SILENT, "lte": SILENT}
    other = Legs(site.ports.get, site.answers.get)
    other.concern([BACKUP], 5.0)
    assert other.silent_bonds() == {"agg0": LEGS}


def test_what_a_run_changes_of_a_silent_bond_is_news_when_it_works_again() -> None:
    site = Site()
    site.ports |= {"fiber": SILENT, "lte": SILENT}
    site.after(3)
    site.legs.concern([replace(BACKUP, interval_s=0.5)], site.now)
    assert site.legs.silent_bonds() == {"agg0": LEGS}
    site.ports["lte"] = USED
    assert site.after(3)[1] == [("agg0", False)]


def test_routes_that_a_run_makes_over_a_silent_bond_are_news() -> None:
    site = Site(replace(BACKUP, gives_way=False))
    site.ports |= {"fiber": SILENT, "lte": SILENT}
    site.after(3)
    site.legs.concern([BACKUP], site.now)
    assert site.after(3)[1] == [("agg0", True)]


def test_a_silent_bond_that_nobody_looks_after_any_longer_is_used_again() -> None:
    site = Site()
    site.ports |= {"fiber": SILENT, "lte": SILENT}
    site.after(3)
    site.legs.concern([], site.now)
    assert site.after(1)[1] == [("agg0", False)]
    assert site.after(1)[1] == []


@pytest.mark.parametrize("interval_s", [0.02, 1.0])
def test_the_agent_sleeps_between_looks(interval_s: float) -> None:
    legs = Legs({"fiber": USED, "lte": WAITS}.get, {}.get)
    assert legs.wait_s(0.0) is None
    legs.concern([replace(BACKUP, interval_s=interval_s)], 0.0)
    now, looks = 0.0, 0
    while now < 10:
        wait_s = legs.wait_s(now)
        assert wait_s is not None
        now += wait_s
        legs.look(now)
        looks += 1
    assert looks <= 10 / interval_s + 2
