# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles that are made, not written: random ones, the same for the same number, and equal links of any count."""

from __future__ import annotations

import math
import random
import re
from typing import Any

SEED = 2015
RANDOM = tuple(f"random-{number}" for number in range(1, 11))
EQUAL = tuple(f"equal-{count}" for count in (1, 2, 4, 8, 12))

LINKS = (2, 8)
RATE_MBIT = (0.5, 30)
TOTAL_MBIT = 60
DELAY_MS = (5, 300)
MOST_LOSS_PERCENT = 2
_EQUAL_MBIT = (5, 1)


def is_generated(name: str) -> bool:
    """Whether that is the name of a profile that ``profile`` makes."""
    return re.fullmatch(r"random-[1-9]\d*|equal-([1-9]|[12]\d|3[0-2])", name) is not None


def profile(name: str) -> dict[str, Any]:
    """The profile of that name, as a profile file has it: ``random-<number>`` or ``equal-<count of links>``."""
    kind, number = name.rsplit("-", 1)
    if kind == "equal":
        links = [_link(index, *_EQUAL_MBIT, delay_ms=30, loss_percent=0) for index in range(1, int(number) + 1)]
        return {"name": name, "description": f"{number} links of {_EQUAL_MBIT[0]} Mbit/s down each.", "links": links}
    return {"name": name, "description": f"Random links, number {number} of seed {SEED}.", "links": _random(name)}


def _random(name: str) -> list[dict[str, Any]]:
    """Links of any rate, delay and loss in the bounds, each order of magnitude as likely as the next; every second
    link on average loses nothing."""
    dice = random.Random(f"{SEED} {name}")
    count = dice.randint(*LINKS)
    links = []
    for index, rate_mbit in enumerate(_rates(dice, count), 1):
        up_mbit = max(RATE_MBIT[0], round(rate_mbit * dice.uniform(0.1, 1), 1))
        loss = round(dice.uniform(0, MOST_LOSS_PERCENT), 2) if dice.random() < 0.5 else 0
        links.append(_link(index, rate_mbit, up_mbit, delay_ms=round(_between(dice, *DELAY_MS)), loss_percent=loss))
    return links


def _rates(dice: random.Random, count: int) -> list[float]:
    """In tenths, and with the total in its bound."""
    rates = [_between(dice, *RATE_MBIT) for _number in range(count)]
    most = min(1.0, TOTAL_MBIT / sum(rates))
    rates = [max(RATE_MBIT[0], math.floor(10 * rate * most) / 10) for rate in rates]
    while sum(rates) > TOTAL_MBIT:
        largest = rates.index(max(rates))
        rates[largest] = round(rates[largest] - 0.1, 1)
    return rates


def _between(dice: random.Random, low: float, high: float) -> float:
    return low * (high / low) ** dice.random()


def _link(index: int, down_mbit: float, up_mbit: float, *, delay_ms: float, loss_percent: float) -> dict[str, Any]:
    """With a queue of about 100 ms, but not below the 60 packets that a profile has by itself."""
    return {
        "name": f"m{index}",
        "rate": {"down_mbit": down_mbit, "up_mbit": up_mbit},
        "delay_ms": delay_ms,
        "loss_percent": loss_percent,
        "queue_packets": max(60, round(8 * down_mbit)),
    }
