# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One link as this end knows it, for what it sends: pure, over probes, notes of the other end, counters and times.

While the other end's agent is not there to tell, the time of probes there and back stands for the delay, and what is
sent for what gets through.
"""

from __future__ import annotations

from collections import deque

from .delays import Delays
from .direction import Direction
from .estimate import STALLED
from .items import Followed
from .notes import Note
from .parameters import (
    BACK_ANSWERS,
    BUSY_S,
    BUSY_SHARE,
    FRESH_S,
    IDLE_S,
    IN_TIME_S,
    LATE_PROBES,
    LATE_S,
    LOADED,
    OVERDUE_S,
    STALLED_BUSY_S,
    TOLD_S,
    WINDOW_S,
)

MOST_OPEN = 30  # probes without an answer that are remembered


class Path:
    """Its state, and when it is to be probed next. Seconds of one clock that only goes on."""

    def __init__(self, followed: Followed, now: float, idle_s: float = IDLE_S) -> None:
        self.followed = followed
        self.direction = Direction(followed.bounds, now)
        self.round = Delays()  # there and back
        self.rtt_ms: float | None = None
        self.next_at = now
        self._idle_s = idle_s
        self._open: deque[float] = deque()
        self._told: deque[tuple[float, int]] = deque()
        self._told_at = now - FRESH_S
        self._seen_us = self._took_us = self._confirmed_us = 0
        self._counted = (now, -1, -1)
        self._busy_here = self._busy_there = False
        self._stalled_at: float | None = None
        self._in_time = 0

    @property
    def state(self) -> str:
        """One of ``estimate.STATES``."""
        return self.direction.state

    def hurried(self, now: float) -> bool:
        """Whether it is to be looked at and asked often: it is used, or its answers are late, but not for long."""
        if self._stalled_at is not None:
            return now - self._stalled_at <= STALLED_BUSY_S
        return self._busy_here or self._busy_there or self._overdue_s(now) > OVERDUE_S

    def probe(self, now: float) -> Note:
        """The probe that is to leave now."""
        self._open.append(now)
        while len(self._open) > MOST_OPEN:
            self._open.popleft()
        self.next_at = now + (BUSY_S if self.hurried(now) else self._idle_s)
        at, _sent, received = self._counted
        return Note(_us(now), _us(at), max(received, 0), self._seen_us, self._took_us, self._busy_here)

    def answered(self, sent_us: int, now: float) -> None:
        """The other end's kernel has answered the probe that left then; it is ``now`` that the answer came."""
        rtt_ms = (_us(now) - sent_us) / 1000
        own_ms = self.round.own_ms
        self.rtt_ms = rtt_ms
        above_s = 0.0 if own_ms is None else (rtt_ms - own_ms) / 1000
        if above_s <= LATE_S:
            self.round.add(now, rtt_ms)
        self._in_time = self._in_time + 1 if above_s <= IN_TIME_S else 0
        if above_s > LATE_S:
            self._stall(now)
        elif self._stalled_at is not None and self._in_time >= BACK_ANSWERS:
            self._stalled_at = None
        while self._open and _us(self._open[0]) <= sent_us:
            self._open.popleft()
        if now - self._told_at > TOLD_S and self._stalled_at is None:
            self.direction.delay(now, rtt_ms)

    def heard(self, note: Note, now: float) -> None:
        """A probe of the other end has come."""
        if now - self._told_at > TOLD_S:  # until now it was there and back that counted
            self.direction.delays = Delays()
            self._told.clear()
        self._told_at = now
        self._busy_there = note.busy
        self._seen_us, self._took_us = note.sent_us, _us(now) - note.sent_us
        counted = note.counted_us / 1e6
        if self._told and (counted < self._told[-1][0] or note.received < self._told[-1][1]):
            self._told.clear()  # it has restarted
            self.direction.delays = Delays()
        if not self._told or counted > self._told[-1][0]:
            self._told.append((counted, note.received))
        while len(self._told) > 2 and self._told[-1][0] - self._told[1][0] >= WINDOW_S:
            self._told.popleft()
        if self._confirmed_us < note.seen_us <= _us(now):  # not of before our own restart
            self._confirmed_us = note.seen_us
            self.direction.delay(now, note.took_us / 1000)

    def look(self, now: float, sent_bytes: int, received_bytes: int) -> None:
        """What the counters say by now."""
        at, sent_before, received_before = self._counted
        self._counted = (now, sent_bytes, received_bytes)
        if sent_before < 0 or sent_bytes < sent_before or received_bytes < received_before or now <= at:
            return  # the first time, or made anew
        elapsed_s = now - at
        sent = (sent_bytes - sent_before) * 8 / elapsed_s
        received = (received_bytes - received_before) * 8 / elapsed_s
        least = BUSY_SHARE * self.followed.bounds.nominal
        self._busy_here = sent >= least or received >= least
        if self._is_silent(now):
            self._stall(now)
        if self._stalled_at is not None:
            self.direction.estimate.stall(now)
            return
        loaded = sent >= LOADED * self.direction.rate
        overdue_ms = max(self._overdue_s(now), 0.0) * 1000 if loaded else 0.0
        self.direction.look(now, sent, self._through(now), overdue_ms)

    def _through(self, now: float) -> float | None:
        if now - self._told_at > FRESH_S or len(self._told) < 2:
            return None
        (begin, first), (end, last) = self._told[0], self._told[-1]
        return (last - first) * 8 / (end - begin) if last >= first else None

    def _overdue_s(self, now: float) -> float:
        """By how much an answer is late, that of the oldest probe without one; below 0 if it is not."""
        own_ms = self.round.own_ms
        if own_ms is None or not self._open:
            return 0.0
        return now - self._open[0] - own_ms / 1000 - BUSY_S

    def _is_silent(self, now: float) -> bool:
        own_ms = self.round.own_ms
        if own_ms is None or len(self._open) < LATE_PROBES:
            return False
        return now - self._open[0] - own_ms / 1000 > LATE_S

    def _stall(self, now: float) -> None:
        if self._stalled_at is None:
            self._stalled_at = now
        self._in_time = 0
        if self.state != STALLED:
            self.direction.estimate.stall(now)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
