# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make weights true in the kernel, and read them back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from .._engine.errors import EngineError
from .._netlink.nft import Nft, reconcile
from . import table
from .model import Weights


def apply(
    nft: Nft,
    before: Sequence[Weights],
    after: Sequence[Weights],
    *,
    check: bool,
    dealt: Callable[[Sequence[Weights]], Sequence[Weights]] = list,
) -> dict[str, Any]:
    """Make the node's weights be these; the module's result. ``before``: as they are known to have been. ``dealt``: the
    same weights as they are for now, because something is measured.
    """
    old = {weights.bond: weights for weights in before}
    steps = _told(old, after)
    before, after = dealt(before), dealt(after)
    made = reconcile(nft, table.content(after), check)
    if made["changed"] and not steps:
        steps = [*made["steps"], "which was not as saved"] if after else made["steps"]
    texts = [_text(some) for some in (before, after)]
    return {
        "changed": made["changed"] or bool(steps),
        "before": [_shown(weights) for weights in before],
        "after": [_shown(weights) for weights in after],
        "diff": {"before": texts[0], "after": texts[1]},
        "steps": steps,
    }


def change(nft: Nft, before: Weights, after: Weights, everything: Sequence[Weights]) -> None:
    """Move buckets of one bond, in one transaction and nothing else; the whole table if it is not as it should be.

    ``everything``: all weights of the node as they are to be. EngineError if it cannot be done.
    """
    script = table.transition(before, after)
    with suppress(EngineError):  # the table is not there, or not ours any more: it is made below
        nft.add(script)
    reconcile(nft, table.content(everything), False)


def _told(old: dict[str, Weights], after: Sequence[Weights]) -> list[str]:
    steps = []
    for weights in after:
        was = old.pop(weights.bond, None)
        if was is None:
            steps.append(f"weigh bond {', '.join(_summary(weights))}")
        elif was != weights:
            steps.append(f"change weights of bond {', '.join(_summary(weights))}")
    return [*steps, *(f"stop weighing bond {bond}" for bond in sorted(old))]


def _summary(weights: Weights) -> list[str]:
    return [line.strip() for line in weights.lines()]


def _shown(weights: Weights) -> dict[str, Any]:
    return {
        "bond": weights.bond,
        "schedule": weights.schedule,
        "legs": [
            {
                "link": leg.link,
                "queue": leg.queue,
                "weight": weights.now[leg.link],
                "planned_weight": leg.weight,
                "buckets": weights.buckets.count(leg.link),
            }
            for leg in weights.legs
        ],
    }


def _text(some: Sequence[Weights]) -> str:
    return "".join(f"{line}\n" for weights in some for line in weights.lines())
