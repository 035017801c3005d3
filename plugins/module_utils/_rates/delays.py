# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a delay is a queue: pure, over samples and times.

Samples may be off by a constant, as between the clocks of two nodes. The least of the last minute is the way's own.
"""

from __future__ import annotations

from collections import deque
from statistics import median

from .parameters import BASELINE_S, BLIND_MOVED_S, SLOT_S, STAYS


class Delays:
    """One way, or there and back. Milliseconds."""

    def __init__(self) -> None:
        self._slots: deque[tuple[float, float]] = deque()  # when each began, and its least
        self._recent: deque[tuple[float, float]] = deque()

    @property
    def own_ms(self) -> float | None:
        """What the way itself takes; None while nothing is known."""
        return min((least for _at, least in self._slots), default=None)

    def add(self, now: float, delay_ms: float) -> float:
        """Take a sample; how much of it is a queue."""
        if not self._slots or now >= self._slots[-1][0] + SLOT_S:
            self._slots.append((now, delay_ms))
        elif delay_ms < self._slots[-1][1]:
            self._slots[-1] = (self._slots[-1][0], delay_ms)
        while self._slots[0][0] <= now - BASELINE_S and len(self._slots) > 1:
            self._slots.popleft()
        self._recent.append((now, delay_ms))
        while self._recent[0][0] < now - BLIND_MOVED_S:
            self._recent.popleft()
        return delay_ms - (self.own_ms or 0.0)

    def has_moved(self, now: float, within_s: float) -> bool:
        """Whether what is above the least delay has not fallen within so long: its last third beside its first."""
        begin = now - within_s
        first = [delay for at, delay in self._recent if begin <= at < begin + within_s / 3]
        last = [delay for at, delay in self._recent if at >= now - within_s / 3]
        own = self.own_ms
        return own is not None and bool(first and last) and median(last) - own >= STAYS * (median(first) - own)

    def move(self, now: float) -> None:
        """The way has become longer: what is seen now is its own."""
        least = min(delay for at, delay in self._recent if at >= self._recent[-1][0] - 1.0)
        self._slots.clear()
        self._slots.append((now, least))
