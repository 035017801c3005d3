# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the benchmark role as one report: JSON, Markdown, a page with pictures, a table for the terminal.

Input is what role ``linkagg.wan.benchmark`` writes, one document for each method, and the facts of the lab::

    facts = {"profile": "seed-3g", "capacity": {"down_mbit": 28.5, "up_mbit": 6.0}, "kernel": "6.12.9",
             "accelerator": "tcg", "stages_s": {"boot": 9.1, "benchmark": 180.0},
             "links": [{"name": "lte1", "down_mbit": 6, "up_mbit": 1}]}       # links: optional
    report = build_report(facts, [json.loads(path.read_text()) for path in results])
    write_report(report, Path("build/lab"))
    print(terminal_table(report))

A method's document may carry ``ceiling_mbit`` and ``predicted_mbit``, each ``{test: Mbit/s}``. The report's
schema is ``report.schema.json`` beside this file.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.report_html import page
from lab.report_text import markdown, terminal_table

__all__ = ["ReportError", "add_to_report", "build_report", "terminal_table", "write_report"]

# Began and ended, in epoch seconds, to the rates (down, up) in Mbit/s that the links offered meanwhile on average.
CapacityBetween = Callable[[float, float], tuple[float, float]]
Run = dict[str, Any]

_FACTS = ("profile", "capacity", "kernel", "accelerator", "stages_s")
_MARGIN_KEYS = ("ceiling_mbit", "predicted_mbit")


class ReportError(ValueError):
    """The facts or the results are not what a report needs; the text lists everything that is wrong."""


def build_report(
    facts: Mapping[str, Any],
    method_results: Sequence[Mapping[str, Any]],
    capacity_between: CapacityBetween | None = None,
) -> dict[str, Any]:
    """Facts and the methods' runs as one report.

    ``share`` is goodput over the summed link rates of that direction. With `capacity_between`, for links whose
    rates change, it is the median over the repeats of goodput over what the links offered in those seconds, and
    ceilings and predictions are as much more or less. ``over_idle`` of a loaded ping is its 95 % over the idle median.

    :raises ReportError: a fact is missing, a method has no runs, or two documents have the same method.
    """
    _check(facts, method_results)
    runs = []
    for result in method_results:
        for run in result["runs"]:
            margins = {key: result[key][run["test"]] for key in _MARGIN_KEYS if run["test"] in result.get(key, {})}
            run = _with_share(dict(run) | {"method": result["method"]} | margins, facts, capacity_between)
            runs.append(_over_idle(run, result["runs"]))
    return {**{key: facts[key] for key in _FACTS}, **facts, "runs": runs}


def _check(facts: Mapping[str, Any], method_results: Sequence[Mapping[str, Any]]) -> None:
    problems = [f"fact '{key}' is missing" for key in _FACTS if key not in facts]
    capacity = facts.get("capacity", {})
    problems += [
        f"fact 'capacity.{key}' is {capacity.get(key)!r}, it must be a rate above 0"
        for key in ("down_mbit", "up_mbit")
        if "capacity" in facts and not (isinstance(capacity.get(key), int | float) and capacity[key] > 0)
    ]
    methods = [result.get("method") for result in method_results]
    problems += [f"method '{name}' is given twice" for name in sorted({m for m in methods if methods.count(m) > 1})]
    problems += [f"method '{result.get('method')}' has no runs" for result in method_results if not result.get("runs")]
    if problems:
        raise ReportError("; ".join(problems))


def _with_share(run: Run, facts: Mapping[str, Any], capacity_between: CapacityBetween | None) -> Run:
    direction = run.get("direction")
    if run.get("goodput_mbit") is None or direction not in ("down", "up"):
        return run
    side = ("down", "up").index(direction)
    capacity = facts["capacity"][f"{direction}_mbit"]
    share = run["goodput_mbit"] / capacity
    if capacity_between is not None:
        repeats = [_beside_offer(one, capacity_between, side) for one in run["repeats"]]
        capacity = statistics.median(one["capacity_mbit"] for one in repeats)
        share = statistics.median(one["share"] for one in repeats)
        more = capacity / facts["capacity"][f"{direction}_mbit"]
        margins = {key: round(run[key] * more, 2) for key in _MARGIN_KEYS if key in run}
        run = run | {"repeats": repeats} | margins
    return run | {"capacity_mbit": round(capacity, 3), "share": round(share, 4)}


def _over_idle(run: Run, runs: Sequence[Mapping[str, Any]]) -> Run:
    idle = [other["p50_ms"] for other in runs if other["test"] == "ping_idle" and other.get("p50_ms")]
    if run["test"] != "ping_loaded" or not idle or run.get("p95_ms") is None:
        return run
    return run | {"over_idle": round(run["p95_ms"] / idle[0], 2)}


def _beside_offer(repeat: Run, capacity_between: CapacityBetween, side: int) -> Run:
    """A repeat with what the links offered in its seconds; links that offered nothing have no share to give."""
    offered = capacity_between(repeat["started_at"], repeat["ended_at"])[side]
    share = repeat["goodput_mbit"] / offered if offered > 0 else 0.0
    return repeat | {"capacity_mbit": round(offered, 3), "share": round(share, 4)}


def write_report(report: Mapping[str, Any], directory: Path) -> dict[str, Path]:
    """Write `report.json`, `report.md` and `report.html` there; their paths by suffix."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = {"json": json.dumps(report, indent=2) + "\n", "md": markdown(report), "html": page(report)}
    paths = {suffix: directory / f"report.{suffix}" for suffix in texts}
    for suffix, text in texts.items():
        paths[suffix].write_text(text, encoding="utf-8")
    return paths


def add_to_report(part: Mapping[str, Any], directory: Path) -> None:
    """Put what was measured apart into the report there, if there is one."""
    path = directory / "report.json"
    if path.exists():
        write_report(json.loads(path.read_text(encoding="utf-8")) | part, directory)


def main(arguments: Sequence[str] | None = None) -> int:
    """`python3 -m lab.report --facts FACTS.json --output DIRECTORY RESULT.json ...`"""
    parser = argparse.ArgumentParser(description="Make a report of benchmark results.")
    parser.add_argument("--facts", type=Path, required=True, help="the lab's facts, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="the directory for report.json, .md and .html")
    parser.add_argument("results", type=Path, nargs="+", help="what the benchmark role wrote, one file per method")
    options = parser.parse_args(arguments)
    try:
        documents = [json.loads(path.read_text(encoding="utf-8")) for path in [options.facts, *options.results]]
        report = build_report(documents[0], documents[1:])
    except (OSError, ValueError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    write_report(report, options.output)
    print(terminal_table(report), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
