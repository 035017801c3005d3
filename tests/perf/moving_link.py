# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A link whose capacity moves, as a fluid in a queue: what an estimator of its rate makes of it.

One direction. The sender has as much to send as its shaper lets through (or as ``demand`` says); what the link cannot
carry waits in the modem's queue, and beyond that is lost. A probe waits with the rest; the other end tells five times
a second, one way later, what has arrived and how long the last probe took, as `_rates` does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.linkagg.wan.plugins.module_utils._rates.direction import Direction
from ansible_collections.linkagg.wan.plugins.module_utils._rates.parameters import BUSY_S, WINDOW_S

STEP_S = 0.01
TRACE_STEP_S = 0.5
QUEUE_BIT = 60 * 1514 * 8  # of the lab's modems
ONE_WAY_S = 0.03


@dataclass
class Fixed:
    """What a shaper at a fixed rate does."""

    rate: float
    state: str = ""

    def delay(self, now: float, delay_ms: float) -> None:
        """It does not care."""

    def look(self, now: float, sent: float, through: float | None, overdue_ms: float = 0.0) -> None:
        """Nor for this."""


@dataclass
class Seen:
    """``carried`` and ``offered`` in bit; ``waits_ms``, sorted, in the modem's queue, ten a second; ``rates`` as
    (time, bit/s) at each look.
    """

    carried: float = 0.0
    offered: float = 0.0
    waits_ms: list[float] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)

    @property
    def used(self) -> float:
        """The share of the offered capacity."""
        return self.carried / self.offered

    def wait_ms(self, share: float) -> float:
        """The wait that this share of packets does not exceed."""
        return self.waits_ms[min(int(len(self.waits_ms) * share), len(self.waits_ms) - 1)]


class Link:
    """``capacity``: bit/s, one for each half second; it begins anew at its end. ``way_s(t)``: without the queue."""

    def __init__(
        self,
        capacity: Sequence[float],
        shaper: Direction | Fixed,
        *,
        demand: Callable[[float], float] | None = None,
        way_s: Callable[[float], float] = lambda _t: ONE_WAY_S,
        tells: bool = True,
    ) -> None:
        self._capacity, self._shaper, self._demand, self._way_s = capacity, shaper, demand, way_s
        self._tells = tells
        self._seen = Seen()
        self._queue = self._in = self._out = self._sent = 0.0
        self._waiting: deque[tuple[float, float]] = deque()  # packets that are looked at: when they came, after what
        self._probes: deque[tuple[float, float]] = deque()
        self._arrived: deque[tuple[float, float, float]] = deque()  # when, of which probe, how long it took
        self._told: deque[tuple[float, float, float, tuple[float, float, float] | None]] = deque()
        self._known: deque[tuple[float, float]] = deque()
        self._last: tuple[float, float, float] | None = None
        self._open: deque[float] = deque()

    def run(self, seconds: float) -> Seen:
        """Let it run."""
        tick = round(BUSY_S / STEP_S)
        for number in range(int(seconds / STEP_S)):
            now = number * STEP_S
            self._flow(now, number)
            if number % tick == tick // 2:
                self._tell(now)
            if number % tick == 0:
                self._look(now)
        self._seen.waits_ms.sort()
        return self._seen

    def _flow(self, now: float, number: int) -> None:
        capacity = self._capacity[int(now / TRACE_STEP_S) % len(self._capacity)] * STEP_S
        wanted = self._demand(now) if self._demand else float("inf")
        sending = min(self._shaper.rate, wanted) * STEP_S
        coming = min(sending, QUEUE_BIT - self._queue + capacity)
        going = min(self._queue + coming, capacity)
        self._queue += coming - going
        self._in, self._out, self._sent = self._in + coming, self._out + going, self._sent + sending
        self._seen.carried += going
        self._seen.offered += min(capacity, wanted * STEP_S)
        if number % 10 == 0:
            self._waiting.append((now, self._in))
        while self._waiting and self._out >= self._waiting[0][1] - 1e-6:
            self._seen.waits_ms.append((now - self._waiting.popleft()[0]) * 1000)
        while self._probes and self._out >= self._probes[0][1] - 1e-6:
            at = self._probes.popleft()[0]
            way_s = self._way_s(now)
            self._arrived.append((now + way_s, at, (now - at + way_s) * 1000))

    def _tell(self, now: float) -> None:
        while self._arrived and self._arrived[0][0] <= now:
            self._last = self._arrived.popleft()
        self._told.append((now + self._way_s(now), now, self._out, self._last))

    def _look(self, now: float) -> None:
        last = None
        while self._told and self._told[0][0] <= now:
            _came, at, out, last = self._told.popleft()
            self._known.append((at, out))
        while len(self._known) > 2 and self._known[-1][0] - self._known[1][0] >= WINDOW_S:
            self._known.popleft()
        through = None
        if self._tells and len(self._known) > 1:
            (begin, first), (end, final) = self._known[0], self._known[-1]
            through = (final - first) / (end - begin)
        if last:
            while self._open and self._open[0] <= last[1]:
                self._open.popleft()
            self._shaper.delay(now, last[2])
        late_s = now - self._open[0] - BUSY_S - 2 * self._way_s(now) if self._open else 0.0
        self._shaper.look(now, self._sent / BUSY_S, through, late_s * 1000)
        self._seen.rates.append((now, self._shaper.rate))
        self._sent = 0.0
        self._probes.append((now, self._in))
        self._open.append(now)
