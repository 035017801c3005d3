# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lane against a made-up link: what is on its way, what is lost, what is stuck."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._relay import lane as lanes
from ansible_collections.linkagg.wan.plugins.module_utils._relay import wire
from ansible_collections.linkagg.wan.plugins.module_utils._relay.lane import Departed, Flight, Lane

SIZE = 1392
STEP_S = 0.005


class Owner:
    """A stream, as far as a lane knows it."""

    def __init__(self) -> None:
        self.ident, self.gone, self.acked = 1, False, 0


class Link:
    """Two ends of a lane over a link: ``rate`` bytes a second at a time, ``delay_s`` each way, ``queue`` bytes of room.

    The near end sends as much as it may. What it takes for lost or stuck comes over another link at once.
    """

    def __init__(self, rate: Callable[[float], float], delay_s: float = 0.04, queue: int = 90_000) -> None:
        self.now = 100.0
        self.rate, self.delay_s, self.queue = rate, delay_s, queue
        self.owner = Owner()
        self.waiting: deque[bytes] = deque()
        self.credit = 0.0
        self.there: deque[tuple[float, bytes]] = deque()
        self.back: deque[tuple[float, bytes]] = deque()
        self.delivered = self.dropped = self.most_waiting = 0
        self.lost: list[Flight] = []
        self.stuck: list[Flight] = []
        self.near = Lane(1, "lte1", SIZE, self._send, self.now)
        self.far = Lane(1, "lte1", SIZE, self._answer, self.now)
        self.near.heard(self.now)
        self.offset = 0
        self.come: set[int] = set()
        self.given_back = True

    def _send(self, datagrams: Sequence[bytes]) -> None:
        for one in datagrams:
            if sum(map(len, self.waiting)) + len(one) > self.queue:
                self.dropped += 1
            else:
                self.waiting.append(one)

    def _answer(self, datagrams: Sequence[bytes]) -> None:
        self.back += [(self.now + self.delay_s, one) for one in datagrams]

    def run(self, seconds: float, *, offered: bool = True) -> None:
        """Let time pass."""
        until = self.now + seconds
        while self.now < until:
            self.now += STEP_S
            while offered and self.near.room(self.now) >= SIZE:
                self.near.give([Flight(self.owner, wire.DATA, self.offset, bytes(self.near.payload))], self.now)
                self.offset += self.near.payload
            self._carry()
            self.near.adapt(self.now)
            self._elsewhere(self.stuck, self.near.stuck(self.now))

    def _elsewhere(self, known: list[Flight], flights: list[Flight]) -> None:
        known += flights
        self._came(*(flight.offset for flight in flights))

    def _came(self, *offsets: int) -> None:
        self.come.update(offsets if self.given_back else ())
        while self.owner.acked in self.come:
            self.come.remove(self.owner.acked)
            self.owner.acked += self.near.payload

    def _carry(self) -> None:
        step = self.rate(self.now) * STEP_S
        self.credit = min(self.credit + step, step + SIZE)
        while self.waiting and self.credit >= len(self.waiting[0]):
            self.credit -= len(self.waiting[0])
            self.there.append((self.now + self.delay_s, self.waiting.popleft()))
        self.most_waiting = max(self.most_waiting, sum(map(len, self.waiting)))
        while self.there and self.there[0][0] <= self.now:
            packet = wire.read_packet(self.there.popleft()[1])
            self.far.came(packet.number, self.now)
            self.delivered += len(packet.payload)
            self._came(packet.offset)
        if self.far.fresh:
            self.far.acknowledge((), self.now)
        while self.back and self.back[0][0] <= self.now:
            self._elsewhere(self.lost, self.near.take(wire.read_ack(self.back.popleft()[1]), self.now))


def steady(mbit: float) -> Callable[[float], float]:
    """Such a link."""
    return lambda _now: mbit * 125_000


@pytest.mark.parametrize("mbit", [0.5, 2, 20])
@pytest.mark.parametrize("delay_s", [0.01, 0.04, 0.15])
def test_a_steady_link_is_filled_with_a_short_queue(mbit: float, delay_s: float) -> None:
    link = Link(steady(mbit), delay_s, queue=2_000_000)
    link.run(5)
    link.delivered = link.most_waiting = 0
    link.run(5)
    assert link.delivered > 0.9 * 5 * mbit * 125_000 * link.near.payload / SIZE
    assert link.most_waiting / (mbit * 125_000) < lanes.QUEUE_S + 0.1 + delay_s
    assert not link.lost
    assert not link.stuck


def test_a_link_that_becomes_faster_is_filled_within_two_seconds() -> None:
    link = Link(lambda now: (1 if now < 105 else 10) * 125_000)
    link.run(7)
    link.delivered = 0
    link.run(2)
    assert link.delivered > 0.8 * 2 * 10 * 125_000


def test_a_link_that_stops_gets_nothing_new_and_its_packets_go_elsewhere() -> None:
    link = Link(lambda now: 2 * 125_000 if now < 105 else 0.0)
    link.run(5)
    assert not link.stuck
    in_flight = link.near.in_flight
    link.run(1)
    assert link.near.is_late(link.now)
    assert not link.near.room(link.now)
    # what was on its way then, and what was given to it until its silence showed
    assert 0 < sum(flight.size for flight in link.stuck) < 3 * in_flight
    assert len({flight.offset for flight in link.stuck}) == len(link.stuck), "once each"
    link.run(lanes.FORGOTTEN_S)
    assert link.near.in_flight <= 3 * SIZE, "but for a few that try it"


def test_a_shallow_queue_makes_it_careful() -> None:
    link = Link(steady(2), queue=6 * SIZE)
    link.run(20)
    assert link.lost
    dropped = link.dropped
    link.delivered = 0
    link.run(10)
    assert link.delivered > 0.85 * 10 * 2 * 125_000
    assert (link.dropped - dropped) * SIZE < 0.1 * link.delivered


def test_what_got_lost_is_known_once_later_packets_came() -> None:
    link = Link(steady(2), queue=2_000_000)
    link.run(1)
    link.waiting.popleft()
    link.run(1)
    assert len(link.lost) == 1
    assert not link.stuck


def test_what_the_stream_has_is_not_sent_again() -> None:
    link = Link(lambda now: 2 * 125_000 if now < 101 else 0.0)
    link.run(1)
    link.owner.acked = link.offset
    link.run(2, offered=False)
    assert not link.stuck


def test_only_what_the_stream_waits_for_is_sent_again_though_it_has_come() -> None:
    """Its word that it has it got lost. What came after it waits there for it, and is not asked for."""
    link = Link(steady(2))
    link.given_back = False
    link.run(1.5)
    assert {flight.offset for flight in link.stuck} == {0}


def test_a_reset_counts_once_it_has_come() -> None:
    link = Link(steady(2))
    departed = Departed(7)
    link.near.give([Flight(departed, wire.RESET, 0, b"")], link.now)
    assert not departed.gone
    link.run(0.2, offered=False)
    assert departed.gone


def test_a_lane_is_down_after_greetings_without_an_answer() -> None:
    link = Link(steady(2))
    assert link.near.is_up
    for _greeting in range(lanes.UNANSWERED):
        link.near.greet(b"", link.now)
    assert not link.near.is_up
    link.near.answered()
    assert link.near.is_up


def test_when_it_ends_what_is_needed_goes_over_others() -> None:
    link = Link(lambda _now: 0.0)
    link.run(0.1)
    given = link.offset // link.near.payload
    link.owner.acked = 2 * link.near.payload
    assert [flight.offset // link.near.payload for flight in link.near.everything()] == list(range(2, given))


def test_numbers_that_jump_are_told_rightly() -> None:
    told: list[bytes] = []
    lane = Lane(1, "lte1", SIZE, told.extend, 100.0)
    for number in (1, 3, 2, 600, 599, 1):
        lane.came(number, 100.0)
    lane.acknowledge((), 100.25)
    ack = wire.read_ack(told[-1])
    assert (ack.highest, ack.bits, ack.waited_s) == (600, 0b11, 0.25)
