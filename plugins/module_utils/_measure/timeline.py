# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When what arrived. Several iperf3 clients do not start at one moment: with full queues a connection's SYN may be
lost and come again a second or three later. Their rates must not be added up but where all of them ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import PassingError


@dataclass(frozen=True)
class Slice:
    """A part of a client's run: seconds since the test's start, and what each connection got meanwhile."""

    start_s: float
    end_s: float
    received_bytes: tuple[int, ...]


@dataclass(frozen=True)
class Timeline:
    """A client's run: when its test started, in epoch seconds, and all its slices in order."""

    started_at: float
    slices: tuple[Slice, ...]

    @property
    def ended_at(self) -> float:
        return self.started_at + self.slices[-1].end_s


@dataclass(frozen=True)
class Overlap:
    """The measured seconds that all clients have in common, and each connection's goodput in them."""

    started_at: float
    ended_at: float
    connections_mbit: tuple[float, ...]

    @property
    def goodput_mbit(self) -> float:
        return sum(self.connections_mbit)


def overlap(timelines: Sequence[Timeline], warm_up_s: float, duration_s: float) -> Overlap:
    """Up to `duration_s` seconds, beginning `warm_up_s` after the last client started.

    :raises PassingError: the clients have less than half of `duration_s` in common.
    """
    began = max(one.started_at for one in timelines) + warm_up_s
    ended = min([began + duration_s, *(one.ended_at for one in timelines)])
    if ended - began < duration_s / 2:
        raise PassingError(
            f"the clients ran only {max(0.0, ended - began):.1f} of {duration_s:g} s at the same time;"
            " their connections took too long to come up"
        )
    rates = [rate for one in timelines for rate in _rates(one, began, ended)]
    return Overlap(began, ended, tuple(rates))


def _rates(timeline: Timeline, began: float, ended: float) -> list[float]:
    """Mbit/s of each connection between two moments; a slice that lies partly outside counts in proportion."""
    totals = [0.0] * len(timeline.slices[0].received_bytes)
    for one in timeline.slices:
        start, end = timeline.started_at + one.start_s, timeline.started_at + one.end_s
        inside = max(0.0, min(end, ended) - max(start, began))
        if inside:
            for index, size in enumerate(one.received_bytes):
                totals[index] += size * inside / (end - start)
    return [total * 8 / 1e6 / (ended - began) for total in totals]
