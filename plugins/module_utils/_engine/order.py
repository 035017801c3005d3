# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of steps, from the kinds' data: priority, rank, what is removed first, who must let go of what."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from .objects import Obj, Step
from .tables import Claim, Kind

Kinds = Mapping[str, Kind]
Held = tuple[str, Claim]  # the kind's name, and what an object of it claims


def in_order(makings: Sequence[Step], removals: Sequence[Step], kinds: Kinds) -> list[Step]:
    """All steps in the order in which to do them: nothing before what it needs, no claim before it is free."""

    def priority(step: Step) -> int:
        return kinds[step.obj.kind].priority

    def place(step: Step) -> tuple[int, int]:
        return priority(step), kinds[step.obj.kind].rank(step.obj.attrs)

    removals = sorted(removals, key=place, reverse=True)
    first = [step for step in removals if kinds[step.obj.kind].remove_first]
    last = [step for step in removals if not kinds[step.obj.kind].remove_first]
    middle: list[Step] = []
    for _priority, group in groupby(sorted(makings, key=place), key=priority):
        middle += _by_claims(list(group), kinds)
    return [*first, *middle, *last]


def claims_of(obj: Obj | None, kinds: Kinds) -> set[Held]:
    """What the object keeps others of its kind from having."""
    kind = kinds.get(obj.kind) if obj else None
    return {(kind.name, claim) for claim in kind.claims(obj.attrs)} if obj and kind else set()


def _by_claims(steps: list[Step], kinds: Kinds) -> list[Step]:
    """The steps, each after the one that lets go of what it takes, else in the order given. Where they wait for each
    other in a circle (two legs swap their VNIs) one is removed first, and made again in its turn.
    """
    has = [claims_of(step.before, kinds) for step in steps]
    wants = [claims_of(step.after, kinds) for step in steps]
    frees = [old - new for old, new in zip(has, wants, strict=True)]
    holders = {claim: number for number, claims in enumerate(frees) for claim in claims}
    if not holders:
        return steps
    waits = [(new - old) & holders.keys() for old, new in zip(has, wants, strict=True)]
    takers: dict[Held, list[int]] = defaultdict(list)
    for number, claims in enumerate(waits):
        for claim in claims:
            takers[claim].append(number)
    ready = [number for number, claims in enumerate(waits) if not claims]
    stuck = 0  # all before it are ready or done
    early: list[Step] = []
    result: list[Step] = []
    while len(result) < len(steps):
        if ready:
            number = heapq.heappop(ready)
            result.append(steps[number])
        else:
            stuck = next(index for index in range(stuck, len(steps)) if waits[index])
            number = _in_circle(stuck, waits, holders)
            removal, steps[number] = _halves(steps[number])
            early.append(removal)
        for claim in frees[number]:
            for taker in takers.pop(claim, ()):
                waits[taker].discard(claim)
                if not waits[taker]:
                    heapq.heappush(ready, taker)
    return early + result


def _in_circle(start: int, waits: Sequence[set[Held]], holders: Mapping[Held, int]) -> int:
    """A step that waits, by way of others, for itself; found from one that waits for ever."""
    seen: set[int] = set()
    number = start
    while number not in seen:
        seen.add(number)
        number = holders[min(waits[number], key=repr)]
    return number


def _halves(step: Step) -> tuple[Step, Step]:
    reason = "it stands in the way of another and is made again below; traffic over it stops meanwhile"
    return (
        replace(step, op="delete", after=None, changed=(), reason=reason, again=True),
        replace(step, op="create", before=None, changed=(), reason="", again=True),
    )
