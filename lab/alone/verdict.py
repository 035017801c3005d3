# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the default was slower than the best link alone (pure).

A link alone is measured straight through its modem, without a tunnel, which is what whoever has only that link would
use. A tunnel takes bytes of every packet, so the best link counts with what a tunnel leaves of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, Any]
Runs = Sequence[Mapping[str, Any]]

# Payload of a full packet in a subflow over WireGuard, 1364 bytes, over that of one straight over the link, 1448.
TUNNEL = 0.94
# What one link differs by from one run to the next.
SPREAD = 0.95
# Processors of the lab that are busier than this are what a rate was bounded by: it cannot tell the way from links.
MOST_BUSY = 0.9
WAYS = {"down": ("tcp_1_down", "tcp_11_down"), "up": ("tcp_1_up",)}


def rows(
    profile: str, default: Sequence[Mapping[str, Any]], alone: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Row]:
    """A row for each direction and count of connections. ``default``: runs of module measure; ``alone``: the same by
    the name of the link, of one connection in each direction."""
    by_test = {run["test"]: run for run in default}
    found = []
    for way, tests in WAYS.items():
        each = {link: rate for link, runs in alone.items() for rate in _rates(runs, f"tcp_1_{way}")}
        best = max(each, key=lambda link: each[link], default=None)
        found += [
            _row(profile, way, test, by_test[test], best, each[best], len(alone))
            for test in tests
            if best is not None and test in by_test
        ]
    return found


def middle(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of the same measured several times, ``{default: runs, alone: {link: runs}}`` each, the same with the run of
    median goodput of each test. Links that were not measured each time may have two runs; of them it is the higher."""
    links = runs[0]["alone"]
    return {
        "default": _medians([one for each in runs for one in each["default"]]),
        "alone": {link: _medians([one for each in runs for one in each["alone"][link]]) for link in links},
    }


def _medians(runs: Runs) -> list[Mapping[str, Any]]:
    by_test: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        by_test.setdefault(run["test"], []).append(run)
    ranked = (sorted(some, key=lambda run: run["goodput_mbit"]) for some in by_test.values())
    return [some[len(some) // 2] for some in ranked]


def _rates(runs: Runs, test: str) -> list[float]:
    return [run["goodput_mbit"] for run in runs if run["test"] == test]


def _row(profile: str, way: str, test: str, run: Mapping[str, Any], best: str, best_mbit: float, links: int) -> Row:
    rate, busy = run["goodput_mbit"], run.get("busy")
    least = round(best_mbit * TUNNEL * SPREAD, 2)
    return {
        "profile": profile,
        "links": links,
        "direction": way,
        "test": test,
        "best_link": best,
        "best_mbit": round(best_mbit, 2),
        "least_mbit": least,
        "default_mbit": round(rate, 2),
        "times": round(rate / best_mbit, 2) if best_mbit else 0.0,
        "holds": rate >= least,
        **({} if busy is None else {"busy": round(busy, 2)}),
    }


def is_decided(row: Mapping[str, Any]) -> bool:
    """Whether the row tells something: that it holds, or that it does not although the lab was not busy."""
    return bool(row["holds"]) or row.get("busy", 0) <= MOST_BUSY


def violations(found: Sequence[Row]) -> list[str]:
    """Each row that does not hold, as a sentence."""
    return [_sentence(row) for row in found if not row["holds"] and is_decided(row)]


def undecided(found: Sequence[Row]) -> list[str]:
    """Each row that would not hold, if the lab had not been too busy to tell, as a sentence."""
    return [
        f"{_sentence(row)}, with the lab's processors {100 * row['busy']:.0f} % busy"
        for row in found
        if not is_decided(row)
    ]


def _sentence(row: Row) -> str:
    return (
        f"{row['profile']}, {row['test']}: {row['default_mbit']:.2f} Mbit/s, while link {row['best_link']} alone has "
        f"{row['best_mbit']:.2f} ({row['least_mbit']:.2f} less a tunnel and {100 - 100 * SPREAD:.0f} %)"
    )
