# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a link counts as silent and when it answers again: pings, answers and times, no sockets."""

from __future__ import annotations

from ansible_collections.linkagg.wan.plugins.module_utils._agent.health import Change, Check, Health

CHECK = Check("wan1", "next_hop", interval_s=1.0, lost=3, back=2)
TARGET = "10.0.1.1"


class Link:
    """One checked link and the time; answers come after ``rtt_s``, or never."""

    def __init__(self, check: Check = CHECK, **last: object) -> None:
        self.health = Health()
        self.now = 100.0
        self.health.concern([check], self.now, {"wan1": last} if last else None)
        self.health.aim({"wan1": TARGET})
        self.under_way: list[tuple[float, int]] = []

    def runs(self, seconds: float, rtt_s: float | None) -> list[Change]:
        """What changes within that time."""
        changes = []
        for _tenth in range(round(seconds * 10)):
            arrived = [number for at, number in self.under_way if at <= self.now]
            self.under_way = [(at, number) for at, number in self.under_way if at > self.now]
            changes += [change for number in arrived if (change := self.health.answered(number, self.now))]
            for _check, target, number in self.health.due(self.now):
                assert target == TARGET
                self.under_way += [(self.now + rtt_s, number)] if rtt_s is not None else []
            changes += self.health.changes(self.now)
            self.now += 0.1
        return changes


def test_a_link_is_silent_after_as_many_lost_pings_as_were_said() -> None:
    link = Link()
    assert link.runs(5, 0.03) == []
    assert link.runs(2.5, None) == []
    assert link.runs(2, None) == [Change("wan1", TARGET, False, 3)]
    assert link.health.silent() == {"wan1": TARGET}
    assert link.runs(20, None) == []


def test_it_answers_again_after_as_many_answers_in_a_row_as_were_said() -> None:
    link = Link()
    link.runs(6, None)
    assert link.runs(1, 0.03) == []
    assert link.runs(2, None) == []
    assert link.runs(1, 0.03) == [], "the two answers were not in a row"
    assert link.runs(1.5, 0.03) == [Change("wan1", TARGET, True, 2)]
    assert link.health.silent() == {}


def test_answers_that_come_later_than_the_next_ping_leaves_are_answers() -> None:
    assert Link().runs(30, 2.4) == []


def test_a_link_that_never_answered_is_silent_too() -> None:
    assert Link().runs(5, None) == [Change("wan1", TARGET, False, 3)]


def test_an_answer_that_belongs_to_nothing_that_was_asked_changes_nothing() -> None:
    link = Link()
    link.runs(5, None)
    assert link.health.answered(60000, link.now) is None
    assert link.health.silent() == {"wan1": TARGET}


def test_what_a_former_agent_knew_holds_until_there_is_an_answer() -> None:
    link = Link(target=TARGET, alive=False, since=7.0)
    assert link.health.silent() == {"wan1": TARGET}
    assert link.health.links()["wan1"]["since"] == 7.0
    assert link.runs(5, None) == []
    assert link.runs(3, 0.1) == [Change("wan1", TARGET, True, 2)]


def test_a_check_that_is_no_longer_asked_for_leaves_no_silent_link() -> None:
    link = Link()
    link.runs(5, None)
    link.health.concern([], link.now)
    assert (link.health.silent(), link.health.wait_s(link.now), link.health.due(link.now)) == ({}, None, [])


def test_a_check_that_changes_keeps_what_is_known() -> None:
    link = Link()
    link.runs(5, None)
    link.health.concern([Check("wan1", "next_hop", 0.5, 9, 9)], link.now)
    assert link.health.silent() == {"wan1": TARGET}


def test_nobody_is_asked_whose_address_is_not_known() -> None:
    health = Health()
    health.concern([CHECK], 0.0)
    assert (health.due(50.0), health.wait_s(50.0)) == ([], None)
    health.aim({"wan1": TARGET})
    assert [target for _check, target, _number in health.due(50.0)] == [TARGET]


def test_an_agent_that_stood_still_for_a_minute_counts_one_ping_as_lost() -> None:
    link = Link()
    link.runs(5, 0.03)
    link.runs(0.5, None)
    link.now += 60
    assert link.runs(1.5, 0.03) == []


def test_hundreds_of_links_do_not_leave_in_one_burst_and_none_is_left_out() -> None:
    health, now, sent = Health(), 0.0, []
    health.concern([Check(f"wan{n}", "next_hop", 1.0, 3, 2) for n in range(300)], now)
    health.aim({f"wan{n}": TARGET for n in range(300)})
    while now < 2:
        pings = health.due(now)
        assert len(pings) < 60
        sent += [check.interface for check, _target, _number in pings]
        now += health.wait_s(now) or 0.01
    assert all(2 <= sent.count(f"wan{n}") <= 3 for n in range(300))
    assert len({f"wan{n}" for n in range(300)} - set(sent)) == 0


LEG = Check("wan1", TARGET, interval_s=1.0, lost=3, back=2, source="10.208.0.65", if_silent=True)


def test_a_leg_is_asked_only_while_nothing_is_heard_on_it() -> None:
    leg = Link(LEG)
    assert leg.health.wait_s(leg.now) is None
    assert leg.runs(5, None) == []
    assert leg.health.rest({"wan1"}, leg.now) == []
    assert leg.runs(1, 0.03) == []
    assert leg.health.alive("wan1") is True
    assert leg.runs(5, None) == [Change("wan1", TARGET, False, 3, True)]
    assert leg.health.silent() == {}, "nothing is withdrawn for a leg"
    assert leg.health.rest((), leg.now) == [Change("wan1", TARGET, True, 0, True)]
    assert leg.health.alive("wan1") is None
    assert leg.health.wait_s(leg.now) is None


def test_links_are_asked_whatever_legs_do() -> None:
    link = Link()
    assert link.health.rest((), link.now) == []
    assert link.runs(5, None) == [Change("wan1", TARGET, False, 3)]
