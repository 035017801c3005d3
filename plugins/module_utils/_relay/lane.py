# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lane: what is on its way over one link, how much may be, and what has got stuck there.

What is on its way is at most what the link delivers, as measured, within its shortest round trip and a queue of
``QUEUE_S``. So the queue at the bottleneck stays short without anyone knowing the rate, and whatever the link can carry
more shows within one or two round trips, since the queue then runs empty and the same amount comes through faster.

Measured on six links that play the recording of a moving 3G modem: queues of 60, 120 and 250 ms, of which 120 carried
most; see README.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from . import wire

QUEUE_S = 0.12
LEAST_QUEUE_S = 0.02
# A lane gets nothing new once its oldest packet is that late, and what is on it goes over another one after so long.
WAIT_S, STUCK_S = 0.3, 0.45
# What was acknowledged, but of which the stream at the other end knows nothing.
LOST_AGAIN_S = 0.75
# What is not acknowledged by then is not on its way any more.
FORGOTTEN_S = 5.0
# Acknowledgements of later packets tell losses, if they are later by so much: a quarter of a round trip, or that.
REORDER_S = 0.01
LOSSY = 0.05
MIN_RTT_FOR_S = 20.0
# Greetings without an answer after which a lane is down.
UNANSWERED = 4
IDLE_S = 2.0
_UNKNOWN_RTT_S, _NEVER_S = 0.1, 9.0
_LEAST_RATE = 10000.0  # bytes a second: what is assumed of a lane that has carried nothing yet
_LEAST_SPAN_S = 0.15
_FULL = 0.75
# While no queue shows, what may be on its way grows by so much for each measurement, as a share of the round trip.
_GROWTH_S = 0.01
_CAREFUL_S = 2.0
# What an IP packet has besides our payload: ours, UDP, IP and a tunnel's headers, about.
_HEADERS = 77


class Owner(Protocol):
    """What a packet is about: a stream, or one that is no more. ``acked``: how far the other end has it."""

    ident: int
    gone: bool
    acked: int


class Flight:
    """A packet on its way. ``again``: it has been given to another lane besides."""

    __slots__ = ("again", "at", "kind", "offset", "owner", "payload", "size")

    def __init__(self, owner: Owner, kind: int, offset: int, payload: bytes) -> None:
        self.owner = owner
        self.kind = kind
        self.offset = offset
        self.payload = payload
        self.size = len(payload) + _HEADERS
        self.at = 0.0
        self.again = False

    def is_needed(self) -> bool:
        """Whether the other end's stream still waits for it."""
        return not self.owner.gone and self.offset >= self.owner.acked


class Departed:
    """A stream that is no more, until the other end knows."""

    acked = 0

    def __init__(self, ident: int) -> None:
        self.ident = ident
        self.gone = False


class Asking:
    """A stream of which this end asks how far it is; nothing is lost if that gets lost."""

    gone, acked = True, 0

    def __init__(self, ident: int) -> None:
        self.ident = ident


_LANE_ITSELF = Asking(0)


class Lane:
    """One end of a lane. ``send``: datagrams, put together, to the other end. Times in seconds of one clock."""

    def __init__(self, number: int, name: str, size: int, send: Callable[[Sequence[bytes]], None], now: float) -> None:
        self.number = number
        self.name = name
        self.size = size
        self.payload = size - wire.HEAD.size
        self._send = send
        # sending
        self._last = 0
        self.flying: dict[int, Flight] = {}
        self.arrived: deque[Flight] = deque()
        self.in_flight = 0
        self.cap = 10.0 * size
        self.rate = 0.0
        self.rtt = _UNKNOWN_RTT_S
        self._queue_s = QUEUE_S
        self._acked = self._lost = 0
        self._samples: deque[tuple[float, int, int, bool]] = deque()
        self._shortest = [_NEVER_S, _NEVER_S]
        self._shortest_at = now
        self._lossy_at = now - _CAREFUL_S
        self._asked_at = now
        self._newest_at = 0.0  # when the newest packet of which is known that it came was sent
        # is it alive
        self.heard_at = 0.0
        self.greeted_at = 0.0
        self.unanswered = 0
        # receiving
        self._highest = self._bits = 0
        self.came_at = 0.0
        self.fresh = 0

    @property
    def is_up(self) -> bool:
        """Whether the other end has answered of late."""
        return bool(self.heard_at) and self.unanswered < UNANSWERED

    @property
    def min_rtt(self) -> float:
        """The shortest round trip of the last half minute, about."""
        shortest = min(self._shortest)
        return shortest if shortest < _NEVER_S else _UNKNOWN_RTT_S

    def heard(self, now: float) -> None:
        """Something came from the other end."""
        self.heard_at = now

    def answered(self) -> None:
        """So it hears us, too."""
        self.unanswered = 0

    # -- sending

    def greet(self, payload: bytes, now: float) -> None:
        """Ask whether it is there."""
        flight = Flight(_LANE_ITSELF, wire.HELLO, 0, payload)
        flight.size = 0  # it does not count as use of the link
        self.greeted_at = now
        self.unanswered += 1
        self.give([flight], now)

    def tell(self, data: bytes) -> None:
        """Send what is not acknowledged."""
        self._send([data])

    def give(self, flights: Sequence[Flight], now: float) -> None:
        """Send packets, all but the last of full size."""
        sent = []
        for flight in flights:
            self._last += 1
            flight.at = now
            self.flying[self._last] = flight
            self.in_flight += flight.size
            sent.append(wire.packet(flight.kind, self._last, flight.owner.ident, flight.offset, flight.payload))
        self._send(sent)

    def room(self, now: float) -> int:
        """Bytes that may be given to it."""
        if not self.is_up or self.is_late(now):
            return 0
        return max(0, int(self.cap) - self.in_flight)

    def is_late(self, now: float) -> bool:
        """Whether its oldest packet should have been acknowledged long ago."""
        oldest = next(iter(self.flying.values()), None)
        return oldest is not None and now - oldest.at > self.min_rtt + WAIT_S

    def arrival_s(self) -> float:
        """When another packet would be at the other end, from now."""
        return self.min_rtt / 2 + (self.in_flight + self.size) / max(self.rate, _LEAST_RATE)

    def take(self, ack: wire.Ack, now: float) -> list[Flight]:
        """What is known to be lost by it, and still needed."""
        newest = self.flying.get(ack.highest)
        if newest is not None:
            self._measured(max(0.0005, now - newest.at - ack.waited_s), now)
            self._newest_at = max(self._newest_at, newest.at)
        late = self._newest_at - max(REORDER_S, self.min_rtt / 4)
        done, lost = [], []
        for number, flight in self.flying.items():
            behind = ack.highest - number
            if behind < 0:
                break
            if behind < wire.BITS and ack.bits >> behind & 1:
                done.append(number)
                self._acked += flight.size
                if isinstance(flight.owner, Departed):
                    flight.owner.gone = True
                elif flight.is_needed():
                    self.arrived.append(flight)
            elif behind >= wire.BITS or flight.at < late:
                done.append(number)
                self._lost += flight.size
                if not flight.again and flight.is_needed():
                    lost.append(flight)
        for number in done:
            self.in_flight -= self.flying.pop(number).size
        while self.arrived and not self.arrived[0].is_needed():
            self.arrived.popleft()
        return lost

    def _measured(self, rtt: float, now: float) -> None:
        self.rtt += (rtt - self.rtt) / 4
        self._shortest[1] = min(self._shortest[1], rtt)
        if now - self._shortest_at > MIN_RTT_FOR_S:
            self._shortest, self._shortest_at = [self._shortest[1], rtt], now

    def adapt(self, now: float) -> None:
        """Measure what it delivers, and let as much be on its way as that allows. To be called every few
        milliseconds while it is in use."""
        samples, span = self._samples, max(_LEAST_SPAN_S, 1.5 * self.min_rtt)
        if samples and now - samples[-1][0] > IDLE_S:
            samples.clear()
            self.cap = max(10.0 * self.size, self.cap / 2)
        samples.append((now, self._acked, self._lost, self.in_flight + self.size >= _FULL * self.cap))
        while len(samples) > 2 and now - samples[1][0] >= span:
            samples.popleft()
        began, acked, lost, _full = samples[0]
        acked, lost = self._acked - acked, self._lost - lost
        if now - began < 0.9 * span:
            return
        rate = acked / (now - began)
        if lost > LOSSY * (lost + acked) + self.size and self.rtt < self.min_rtt + self._queue_s:
            # A bottleneck with less room than that; a longer queue would be one whose link has become slow, and has
            # nothing to do with how much room there is. Once for what is counted here.
            self._queue_s = max(LEAST_QUEUE_S, self._queue_s * 0.8)
            self._lossy_at = now
            samples.clear()
        else:
            self._queue_s = min(QUEUE_S, self._queue_s + 0.0005)
        full = sum(sample[3] for sample in samples)
        if full < 0.7 * len(samples):  # there was not that much to send: it could have been more
            self.rate = max(self.rate, rate)
            return
        self.rate = rate
        cap = rate * (self.min_rtt + self._queue_s)
        if self.rtt < self.min_rtt + self._queue_s / 2 and now - self._lossy_at > _CAREFUL_S:
            cap = max(cap, min(self.cap * (1 + _GROWTH_S / max(self.min_rtt, 0.025)), 2 * cap + 10 * self.size))
        self.cap = max(3.0 * self.size, cap)

    def stuck(self, now: float) -> list[Flight]:
        """What it should have delivered by now, once each; it is to go over another lane."""
        old, found, forgotten = now - self.min_rtt - STUCK_S, [], []
        for number, flight in self.flying.items():
            if flight.at > old:
                break
            if not flight.again:
                flight.again = True
                if flight.is_needed():
                    found.append(flight)
            if now - flight.at > FORGOTTEN_S:
                forgotten.append(number)
        for number in forgotten:
            self.in_flight -= self.flying.pop(number).size
        return found + self._asked_for(now)

    def _asked_for(self, now: float) -> list[Flight]:
        """What has come, and the stream at the other end waits for: it was lost there, or its word here. Not what
        waits there for something else."""
        if now - self._asked_at < LOST_AGAIN_S / 2:
            return []
        self._asked_at = now
        old = now - self.min_rtt - LOST_AGAIN_S
        found = [flight for flight in self.arrived if flight.at < old and flight.offset == flight.owner.acked]
        self.arrived = deque(flight for flight in self.arrived if flight.is_needed() and flight not in found)
        return found

    def everything(self) -> list[Flight]:
        """What it took and is still needed, when there is no such lane any more."""
        found = [flight for flight in (*self.arrived, *self.flying.values()) if flight.is_needed()]
        self.flying.clear()
        self.arrived.clear()
        self.in_flight = 0
        return found

    # -- receiving

    def came(self, number: int, now: float) -> None:
        """A numbered packet."""
        ahead = number - self._highest
        if ahead > 0:
            self._bits = ((self._bits << ahead) | 1) & ((1 << wire.BITS) - 1) if ahead < wire.BITS else 1
            self._highest, self.came_at = number, now
        elif -ahead < wire.BITS:
            self._bits |= 1 << -ahead
        self.fresh += 1

    def acknowledge(self, seen: Sequence[wire.Seen], now: float) -> None:
        """Tell what came, and how far streams are."""
        self.fresh = 0
        waited_s = now - self.came_at if self._highest else 0.0
        self._send([wire.ack(self._highest, waited_s, self._bits, seen)])
