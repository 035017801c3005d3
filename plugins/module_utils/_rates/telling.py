# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to say of links that are followed, one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .estimate import STALLED
from .items import MBIT, Followed
from .path import Path


def link(path: Path) -> dict[str, Any]:
    """What is known of one, for ``about`` and for other programs."""
    estimate, queue_ms, own_ms = path.direction.estimate, path.direction.queue_ms, path.round.own_ms
    return {
        "link": path.followed.link,
        "site": path.followed.of,
        "state": path.state,
        "nominal_mbit": round(estimate.bounds.nominal / MBIT, 3),
        "carries_mbit": round(estimate.carries / MBIT, 3),
        "rate_mbit": round(estimate.rate / MBIT, 3),
        "queue_ms": None if queue_ms is None else round(queue_ms),
        "rtt_ms": None if path.rtt_ms is None else round(path.rtt_ms),
        "least_rtt_ms": None if own_ms is None else round(own_ms),
    }


def about(followed: Sequence[Followed], links: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What the watching agent knows of each link."""
    known = {(one["link"], one["site"]): one for one in links}
    for one in followed:
        told = known.get((one.link, one.of))
        if told is None:
            yield f"rate of link {one.name}: not followed now, as linkagg.service does not run or has just begun"
        else:
            yield f"rate of link {one.name}: {_verdict(told, shaped=bool(one.shapers))}"


def _verdict(told: Mapping[str, Any], *, shaped: bool) -> str:
    nominal = f"{told['nominal_mbit']:g} Mbit/s nominal"
    if told["rtt_ms"] is None:
        return f"{nominal}, its other end has not answered yet"
    way = f"{told['rtt_ms']} ms there and back, at best {told['least_rtt_ms']}"
    if told["state"] == STALLED:
        return f"{nominal}, stalled, so nothing is sent over it by weight; {way}"
    waits = "" if told["queue_ms"] is None else f", of which {told['queue_ms']} waiting in its queue"
    use = "shaped to" if shaped else "weighed as"
    return f"{nominal}, carries {told['carries_mbit']:g}, {use} {told['rate_mbit']:g}; {told['state']}; {way}{waits}"
