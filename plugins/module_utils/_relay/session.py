# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session: all lanes of a gateway, and the streams that go over them.

Each packet goes over the lane on which it arrives first, as far as is known, and what a lane does not deliver in time
over another one besides. Streams take turns.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import Protocol

from . import wire
from .lane import Asking, Departed, Flight, Lane
from .stream import State, Stream

ADAPT_S = 0.025
TELL_S = 0.02
# How often lanes are greeted: while one is down, in use, and at rest.
GREET_DOWN_S, GREET_S, GREET_IDLE_S = 0.5, 1.0, 15.0
IN_USE_S = 5.0
# Streams end when no lane has answered for so long. The other end ends them, too, and gives its session another name.
GONE_S = 60.0
# A lane that was not heard for so long may be dead, though it should be tried.
DOUBTFUL_S = 3.0
_TURN_S = 0.02
_MOST_PACKETS = 40
_ASK_S = 0.5
_REMEMBERED = 20000
# A stream that ended well has all that there can be.
_ALL = 1 << 63


class Streams(Protocol):
    """Where streams are looked after: ``opened`` makes one that the other end begins, None if there is to be none."""

    def opened(self, ident: int) -> Stream | None:
        """A new stream to HAProxy."""

    def forget(self, stream: Stream, *, broken: bool) -> None:
        """It has ended."""


class Session:
    """One end. A gateway greets the lanes with ``greeting`` (payloads by lane); ``say``: what people should know."""

    def __init__(self, streams: Streams, say: Callable[[str], None], greeting: Callable[[Lane], bytes] | None) -> None:
        self.lanes: list[Lane] = []
        self.streams: dict[int, Stream] = {}
        self._looked_after = streams
        self._say = say
        self._greeting = greeting
        self._ready: deque[Stream] = deque()
        self._stuck: deque[Flight] = deque()
        self._writing: dict[Stream, None] = {}
        self._departed: dict[int, bool] = {}
        self._late_seen: dict[int, wire.Seen] = {}
        self._last = 0
        self._changed: dict[Stream, None] = {}
        self._told_at = self._adapted_at = 0.0
        self._used_at = 0.0
        self.epoch = os.urandom(wire.KEY_BYTES)
        self._others_epoch: bytes | None = None
        self._known: set[str] = set()
        self._was_up = self._silent_before = False
        self._up_at = 0.0

    @property
    def is_up(self) -> bool:
        """Whether anything can be sent."""
        return any(lane.is_up for lane in self.lanes)

    def begin(self, make: Callable[[int], Stream]) -> Stream:
        """A stream of this end's."""
        self._last += 1
        stream = self.streams[self._last] = make(self._last)
        return stream

    # -- what comes

    def take(self, lane: Lane, packet: wire.Packet, now: float) -> None:
        """A numbered packet, but for greetings."""
        lane.came(packet.number, now)
        self._used_at = now
        stream = self.streams.get(packet.stream)
        if packet.kind == wire.RESET:
            if stream:
                self._drop(stream, broken=True)
            else:
                self._remember(packet.stream, broken=True)
            return
        stream = stream or self._opened(packet.stream)
        if stream is None:
            return
        if packet.kind == wire.DATA:
            stream.take(packet.offset, packet.payload, now)
        elif packet.kind == wire.FIN:
            stream.take_end(packet.offset, now)
        self._writing[stream] = self._changed[stream] = None

    def take_ack(self, lane: Lane, ack: wire.Ack, now: float) -> None:
        """What came at the other end."""
        self._stuck.extend(lane.take(ack, now))
        for one in ack.seen:
            stream = self.streams.get(one.stream)
            if stream and stream.seen(one) is State.ENDED:
                self._drop(stream, broken=False)

    def welcomed(self, epoch: bytes, now: float) -> None:
        """The other end's name for its session; with another one it knows no stream of before. What is on its way may
        have begun some there, which are reset."""
        if self._others_epoch not in (None, epoch):
            self._say(f"the other end began anew: {len(self.streams)} connections end")
            self.end()
        self._others_epoch = epoch
        self.tell_again(now)

    def tell_again(self, now: float) -> None:
        """What was told of streams may have been lost."""
        for stream in self.streams.values():
            if now - stream.active_at < IN_USE_S:
                stream.told = None
                self._changed[stream] = None

    def end(self) -> None:
        """All streams, with a reset at both ends."""
        for stream in list(self.streams.values()):
            self._settle(stream, State.BROKEN)

    def on_event(self, stream: Stream, events: int) -> None:
        """Of a stream's connection."""
        was_readable = stream.readable
        state = stream.on_event(events)
        if stream.readable and not was_readable:
            self._ready.append(stream)
        self._changed[stream] = None  # there may be more room
        self._settle(stream, state)

    def _opened(self, ident: int) -> Stream | None:
        if ident in self._departed:
            if self._departed[ident]:
                self._reset(ident)
            else:
                self._late_seen[ident] = wire.Seen(ident, _ALL, 0)
            return None
        stream = self._looked_after.opened(ident)
        if stream is None:
            self._remember(ident, broken=True)
            self._reset(ident)
            return None
        self.streams[ident] = stream
        return stream

    def _settle(self, stream: Stream, state: State) -> None:
        if state is State.BROKEN:
            self._reset(stream.ident)
        if state is not State.GOES_ON:
            self._drop(stream, broken=state is State.BROKEN)

    def _reset(self, ident: int) -> None:
        self._stuck.append(Flight(Departed(ident), wire.RESET, 0, b""))

    def _drop(self, stream: Stream, *, broken: bool) -> None:
        if stream.gone:
            return
        self._writing.pop(stream, None)
        self._changed.pop(stream, None)
        del self.streams[stream.ident]
        self._remember(stream.ident, broken=broken)
        self._looked_after.forget(stream, broken=broken)
        if not broken:
            self._late_seen[stream.ident] = wire.Seen(stream.ident, _ALL, 0)

    def _remember(self, ident: int, *, broken: bool) -> None:
        self._departed[ident] = broken
        if len(self._departed) > _REMEMBERED:
            del self._departed[next(iter(self._departed))]

    # -- what goes

    def is_busy(self, now: float) -> bool:
        """Whether it has to be worked on without anything coming."""
        if self._stuck or self._writing or self._changed or self._late_seen or now - self._used_at < 0.2:
            return True
        return any(lane.in_flight or lane.arrived or lane.fresh for lane in self.lanes)

    def work(self, now: float) -> None:
        """All that is due."""
        while self._writing:
            stream = self._writing.popitem()[0]
            self._settle(stream, stream.write())
        if now - self._adapted_at >= ADAPT_S:
            self._adapted_at = now
            for lane in self.lanes:
                if lane.flying or lane.arrived:
                    lane.adapt(now)
                    self._stuck.extend(lane.stuck(now))
        self._pump(now)
        if now - self._told_at >= TELL_S:
            self._acknowledge(now)
        self._greet(now)
        self._report(now)

    def lost(self, lane: Lane) -> None:
        """A lane that is no more: what it took goes over the others."""
        self.lanes.remove(lane)
        self._stuck.extend(lane.everything())

    def _greet(self, now: float) -> None:
        if self._greeting is None:
            return
        every = GREET_S if now - self._used_at < IN_USE_S else GREET_IDLE_S
        for lane in self.lanes:
            if now - lane.greeted_at > (every if lane.is_up else GREET_DOWN_S):
                lane.greet(self._greeting(lane), now)

    def _report(self, now: float) -> None:
        """Say which lanes came up for the first time, and when there is none; lanes of moving modems come and go."""
        for lane in self.lanes:
            if lane.is_up and lane.name not in self._known:
                self._known.add(lane.name)
                self._say(f"lane {lane.name} is up")
        if self.is_up != self._was_up:
            self._was_up = self.is_up
            if not self._was_up:
                self._say("no lane answers: connections are refused until one does, so that they go another way")
            elif self._silent_before:
                self._say("a lane answers again")
            self._silent_before = True
        if self._was_up:
            self._up_at = now
        elif self.streams and now - self._up_at > GONE_S:
            self._say(f"no lane answers for {GONE_S:g} s: {len(self.streams)} connections end")
            self.end()

    def _pump(self, now: float) -> None:
        lanes = [lane for lane in self.lanes if lane.room(now) >= lane.size]
        blocked = []
        while lanes and (self._stuck or self._ready):
            lane = min(lanes, key=Lane.arrival_s)
            if self._stuck:
                flight = self._stuck.popleft()
                if flight.is_needed():
                    # too large for that lane, the kernel cuts it up
                    lane.give([Flight(flight.owner, flight.kind, flight.offset, flight.payload)], now)
            else:
                stream = self._ready.popleft()
                if not stream.gone and not stream.is_over and not self._send(stream, lane, now):
                    blocked.append(stream)
            if lane.room(now) < lane.size:
                lanes.remove(lane)
        self._ready.extend(blocked)

    def _send(self, stream: Stream, lane: Lane, now: float) -> bool:
        """Some packets of it; False if the other end takes no more."""
        count = int(min(lane.room(now), max(lane.size, lane.rate * _TURN_S), _MOST_PACKETS * lane.size)) // lane.size
        size = min(count * lane.payload, stream.room)
        if size <= 0:
            self._ask(stream, lane, now)
            return False
        try:
            data = stream.read(size)
        except OSError:
            self._settle(stream, State.BROKEN)
            return True
        if data is None:
            return True
        self._used_at = now
        at = stream.sent
        if data:
            starts = range(0, len(data), lane.payload)
            flights = [Flight(stream, wire.DATA, at + i, data[i : i + lane.payload]) for i in starts]
            stream.sent = at + len(data)
            self._ready.append(stream)
        else:
            flights = [Flight(stream, wire.FIN, at, b"")]
        lane.give(flights, now)
        if now - lane.heard_at > DOUBTFUL_S:
            self._stuck.extend(flights)
        self._settle(stream, stream.state())
        return True

    def _ask(self, stream: Stream, lane: Lane, now: float) -> None:
        """There may be room that this end was told of in vain."""
        if stream.acked == stream.sent and now - stream.asked_at > _ASK_S:
            stream.asked_at = now
            lane.give([Flight(Asking(stream.ident), wire.DATA, stream.sent, b"")], now)

    def _acknowledge(self, now: float) -> None:
        best = sorted((lane for lane in self.lanes if lane.is_up), key=lambda lane: -lane.came_at)[:2]
        seen = self._news(now) if best else []
        best = best if seen else []
        fresh = [lane for lane in self.lanes if lane.fresh]
        for lane in fresh:
            lane.acknowledge(seen if lane in best else (), now)
        for lane in best:
            if lane not in fresh:
                lane.acknowledge(seen, now)
        if fresh or best:
            self._told_at = now

    def _news(self, now: float) -> list[wire.Seen]:
        """What the other end does not know of streams, as much as fits."""
        found = [self._late_seen.pop(ident) for ident in list(self._late_seen)[: wire.MOST_SEEN]]
        while self._changed and len(found) < wire.MOST_SEEN:
            stream = self._changed.popitem()[0]
            progress = stream.progress(now)
            if progress != stream.told:
                stream.told = progress
                found.append(progress)
        return found
