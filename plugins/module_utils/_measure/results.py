# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeats of a test as one run of a report, and runs as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._measure.statistics import median

# Key of a run -> how several repeats become one number.
_ACROSS_REPEATS: dict[str, Any] = {
    "goodput_mbit": median,
    "share": median,
    "jain": median,
    "offered_mbit": median,
    "sent_mbit": median,
    "retransmits": median,
    "loss_percent": median,
    "out_of_order": median,
    "p50_ms": median,
    "p95_ms": median,
    "max_ms": max,
    "load_mbit": median,
}
_SAME = ("title", "unit", "direction", "capacity_mbit")


def merge_repeats(method: str, repeats: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One run of the report's schema: each number the median of the repeats (`max_ms` their maximum).

    Keys that no repeat has are left out. `repeats` must not be empty and all of one test.
    """
    run: dict[str, Any] = {"method": method, "test": repeats[0]["test"]}
    run.update({key: repeats[0][key] for key in _SAME if repeats[0].get(key) is not None})
    for key, across in _ACROSS_REPEATS.items():
        values = [repeat[key] for repeat in repeats if repeat.get(key) is not None]
        if values:
            run[key] = round(across(values), 4)
    run["repeats"] = [
        {key: value for key, value in repeat.items() if value is not None and key not in ("test", *_SAME)}
        for repeat in repeats
    ]
    return run


def merge(method: str, runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All single runs as runs of the report, tests in the order of their first appearance."""
    by_test: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        by_test.setdefault(run["test"], []).append(run)
    return [merge_repeats(method, repeats) for repeats in by_test.values()]


def describe(run: Mapping[str, Any]) -> str:
    """A run as one line for people: `11 TCP downloads: 21.2 Mbit/s, 74 % of 28.5, fairness 0.93`."""
    parts = []
    if run.get("goodput_mbit") is not None:
        parts.append(f"{run['goodput_mbit']:.1f} Mbit/s")
    if run.get("share") is not None:
        parts.append(f"{run['share']:.0%}".replace("%", f" % of {run['capacity_mbit']:g}"))
    if run.get("p50_ms") is not None:
        parts.append(f"p50 {run['p50_ms']:.0f} ms, p95 {run['p95_ms']:.0f} ms, max {run['max_ms']:.0f} ms")
    if run.get("loss_percent") is not None:
        parts.append(f"{run['loss_percent']:.1f} % lost")
    if run.get("out_of_order") is not None:
        parts.append(f"{run['out_of_order']:.0f} out of order")
    if run.get("jain") is not None:
        parts.append(f"fairness {run['jain']:.2f}")
    if run.get("load_mbit") is not None:
        parts.append(f"beside downloads of {run['load_mbit']:.1f} Mbit/s")
    return f"{run.get('title', run['test'])}: {', '.join(parts)}"
