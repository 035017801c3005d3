# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One direction of a link, from what is measured to its estimate: pure."""

from __future__ import annotations

from .delays import Delays
from .estimate import BLOATED, Bounds, Estimate, Sample
from .parameters import BLIND_MOVED_S, MOVED_S


class Direction:
    """Delays and estimate, which need each other."""

    def __init__(self, bounds: Bounds, now: float) -> None:
        self.delays = Delays()
        self.estimate = Estimate(bounds, now)
        self.queue_ms: float | None = None

    @property
    def rate(self) -> float:
        """What to shape to, bit/s."""
        return self.estimate.rate

    @property
    def state(self) -> str:
        """One of ``estimate.STATES``."""
        return self.estimate.state

    def delay(self, now: float, delay_ms: float) -> None:
        """The delay of a probe that has arrived."""
        self.queue_ms = self.delays.add(now, delay_ms)

    def look(self, now: float, sent: float, through: float | None, overdue_ms: float = 0.0) -> None:
        """What was sent since the last look and what gets through, bit/s, and by how much a probe is late that has not
        arrived yet.
        """
        queue_ms = max(self.queue_ms or 0.0, overdue_ms) if overdue_ms > 0 else self.queue_ms
        self.estimate.add(now, Sample(sent, through, queue_ms))
        patience_s = BLIND_MOVED_S if through is None else MOVED_S
        full = queue_ms is not None and queue_ms > self.estimate.threshold_ms()
        lasting = self.estimate.state == BLOATED and now - self.estimate.bloated_since > patience_s
        if full and lasting and overdue_ms <= 0 and self.delays.has_moved(now, patience_s):
            self.delays.move(now)
