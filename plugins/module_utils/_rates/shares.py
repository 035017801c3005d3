# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights as measured: pure. The planned weight of a link, times the share of its nominal rate that it carries now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .._weights.buckets import BUCKETS
from .._weights.model import Weights
from .estimate import STALLED
from .parameters import MOVE_S, MOVE_SHARE
from .path import Path


@dataclass(frozen=True)
class Dealt:
    """Weights as the kernel deals by them now, since when, and which of their links were of no use then."""

    weights: Weights
    since: float
    out: frozenset[str] = frozenset()


def measured(saved: Weights, paths: Mapping[str, Path], before: Weights) -> tuple[Weights, frozenset[str]]:
    """Weights for what is measured of links, by their names, and those of no use. What a person has changed stays.

    While none is of use, all are taken as they are: there is nothing better. ``before`` has the buckets that stay if
    they can.
    """
    planned = saved.planned
    followed = [link for link in planned if link in paths and link not in saved.changed]
    out = frozenset(link for link in followed if paths[link].state == STALLED)
    carried = {link: planned[link] * _share(paths[link]) for link in followed}
    with_out = {**carried, **dict.fromkeys(out, 0.0)}
    if not any({**planned, **saved.changed, **with_out}.values()):
        with_out = carried
    changed = {link: weight for link, weight in {**saved.changed, **with_out}.items() if weight != planned[link]}
    return replace(saved, changed=changed).filled(before.buckets), out


def _share(path: Path) -> float:
    return path.direction.estimate.carries / path.followed.bounds.nominal


def is_due(dealt: Dealt, coming: Weights, out: frozenset[str], now: float) -> bool:
    """Whether the change is worth it: at once for a link that has come out of use, or is of use again."""
    moving = _moving(dealt.weights, coming)
    if out != dealt.out and moving:
        return True
    return moving >= MOVE_SHARE * BUCKETS and now - dealt.since >= MOVE_S[coming.schedule]


def _moving(before: Weights, after: Weights) -> int:
    """By how many buckets the links' shares differ."""
    return sum(max(after.buckets.count(link) - before.buckets.count(link), 0) for link in after.planned)
