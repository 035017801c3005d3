# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one direction of a link carries: pure, over what is sent, what gets through, and the delay.

While something waits beyond our shaper, what gets through is what the link carries: that is the estimate, and a
little less is sent until the queue is gone. While nothing waits and the shaper is the limit, the rate grows: fast up
to what got through last, carefully beyond. An idle link goes back to its nominal rate. (cake-autorate and sqm-autorate
do so, too, but know only what they send, and feel their way down.)
"""

from __future__ import annotations

from dataclasses import dataclass

from .parameters import (
    AFTERWARDS,
    BACK,
    BEYOND,
    BLIND_S,
    BLOAT_MS,
    BLOAT_SAMPLES,
    BUSY_SHARE,
    CLEARED,
    DRAIN_S,
    FASTER,
    FORGET_S,
    FORGET_SHARE,
    IDLE_TO_NOMINAL_S,
    KNOWN,
    LEAST_DRAIN,
    LOADED,
    MOST_BEYOND,
    MOST_BLIND_DRAIN,
    MOST_DRAIN,
    PACKET_BIT,
    USED,
)

IDLE, LOADED_, BLOATED, STALLED = "idle", "loaded", "bufferbloat", "stalled"
STATES = (IDLE, LOADED_, BLOATED, STALLED)


@dataclass(frozen=True)
class Bounds:
    """Bit/s of the link: what it is said to carry, and between what the estimate stays."""

    nominal: float
    least: float
    most: float


@dataclass(frozen=True)
class Sample:
    """Of the time since the last one. Bit/s of the link, headers included. ``through``: what arrived at the other end,
    None if it does not tell. ``queue_ms``: the delay above the way's own, None if nothing is known of it.
    """

    sent: float
    through: float | None
    queue_ms: float | None


class Estimate:
    """``rate`` is what to shape to, ``carries`` what the link is thought to carry; both bit/s."""

    def __init__(self, bounds: Bounds, now: float) -> None:
        self.bounds = bounds
        self.state = IDLE
        self.rate = bounds.nominal
        self.carries = bounds.nominal
        self._at = self._quiet_since = now
        self._cut_at = now - BLIND_S
        self.bloated_since = now
        self._over = 0

    def threshold_ms(self) -> float:
        """From which delay on something waits beyond our shaper."""
        return BLOAT_MS + PACKET_BIT / self.rate * 1000

    def add(self, now: float, sample: Sample) -> None:
        """Take a sample."""
        elapsed_s, self._at = max(now - self._at, 0.0), now
        if self.state == STALLED:
            self.rate = self.carries = max(self.bounds.least, AFTERWARDS * self.carries)
        self._over = self._over + 1 if self._waits(sample) else 0
        if self._over >= (1 if self.state == BLOATED else BLOAT_SAMPLES):
            if self.state != BLOATED:
                self.state, self.bloated_since = BLOATED, now
            self._cut(now, elapsed_s, sample)
        elif sample.sent >= LOADED * self.rate:
            self.state = LOADED_
            self._grow(now, elapsed_s, sample)
        else:
            self.state = IDLE
            share = min(1.0, elapsed_s / IDLE_TO_NOMINAL_S)
            self.rate += (self.bounds.nominal - self.rate) * share
            self.carries += (self.bounds.nominal - self.carries) * share
        self.rate = min(max(self.rate, self.bounds.least), self.bounds.most)
        self.carries = min(max(self.carries, self.bounds.least), self.bounds.most)

    def _waits(self, sample: Sample) -> bool:
        """Whether something of ours waits beyond the shaper. Delay on a link that is hardly used is somebody else's."""
        enough_ms = self.threshold_ms() * (CLEARED if self.state == BLOATED else 1)
        if sample.queue_ms is None or sample.queue_ms <= enough_ms:
            return False
        if sample.through is None:
            return sample.sent >= USED * self.rate
        piling_up = sample.sent > sample.through and sample.sent >= BUSY_SHARE * self.bounds.nominal
        return piling_up or max(sample.sent, sample.through) >= USED * self.rate

    def stall(self, now: float) -> None:
        """Nothing gets through in time: nothing more than the least is sent until ``add`` is called again."""
        self.state, self.rate, self._at, self._quiet_since = STALLED, self.bounds.least, now, now

    def _cut(self, now: float, elapsed_s: float, sample: Sample) -> None:
        self._quiet_since = now
        over_s = ((sample.queue_ms or 0.0) - self.threshold_ms() / 2) / 1000
        drain = min(max(over_s / DRAIN_S, LEAST_DRAIN), MOST_DRAIN)
        if sample.through is not None:
            self._believe(sample.through, elapsed_s)
            self.rate = sample.through * (1 - drain)
        elif now >= self._cut_at + BLIND_S:
            self._cut_at = now
            self._believe(min(sample.sent, self.rate), elapsed_s)
            self.rate = min(sample.sent, self.rate) * (1 - min(drain, MOST_BLIND_DRAIN))

    def _believe(self, through: float, elapsed_s: float) -> None:
        """More is true at once, less only if it stays so: a moment without radio says nothing of the next one."""
        share = 1.0 if through > self.carries else min(1.0, elapsed_s / FORGET_S)
        self.carries += (through - self.carries) * share

    def _grow(self, now: float, elapsed_s: float, sample: Sample) -> None:
        self.rate = max(self.rate, min(sample.through or 0.0, sample.sent))
        known = KNOWN * self.carries
        if self.rate < known:
            self.rate = min(self.rate * (1 + BACK * elapsed_s), known)
        else:
            beyond = BEYOND * FASTER ** min(now - self._quiet_since, 10.0)
            self.rate *= 1 + min(beyond, MOST_BEYOND) * elapsed_s
        proven = sample.sent if sample.through is None else sample.through
        self.carries = max(self.carries * (1 - FORGET_SHARE * elapsed_s), proven)
