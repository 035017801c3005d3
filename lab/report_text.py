# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as text: the table for the terminal and for Markdown, and the words that the page uses too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lab import report_alone, report_cost, tables

# Benchmark documents of unknown tests are shown under their own name.
TITLES = {
    "tcp_1_down": "1 TCP download",
    "tcp_11_down": "11 TCP downloads",
    "tcp_30_down": "30 TCP downloads, 3 servers",
    "udp_down": "UDP download",
    "tcp_1_up": "1 TCP upload",
    "udp_up": "UDP upload",
    "ping_idle": "ping, idle",
    "ping_loaded": "ping during 11 downloads",
    "udp_30_down": "30 UDP flows down",
    "tcp_11_up": "11 TCP uploads",
    "http_1_down": "1 HTTP download",
    "http_11_down": "11 HTTP downloads",
    "http_30_down": "30 HTTP downloads, all mirrors",
}
LEGEND = "Mbit/s that arrived (share of all links together); ping: median / 95 % / longest"
# What stands below a test where runs have it: title of the row, the key that they have, its cell.
_BELOW: tuple[tuple[str, str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("predicted of ceiling", "ceiling_mbit", lambda run: f"{_predicted(run)} of {run['ceiling_mbit']:.1f}"),
    ("fairness (Jain)", "jain", lambda run: f"{run['jain']:.2f}"),
    ("95 % over idle median", "over_idle", lambda run: f"{run['over_idle']:.1f} times"),
)
EXPLAINED = "predicted: what the planner expects; ceiling: rates less the headers of the path"


def methods(report: Mapping[str, Any]) -> list[str]:
    """The methods in the order of their first run."""
    return list(dict.fromkeys(run["method"] for run in report["runs"]))


def tests(report: Mapping[str, Any]) -> list[str]:
    """The tests in the order of their first run."""
    return list(dict.fromkeys(run["test"] for run in report["runs"]))


def title(run_or_test: Mapping[str, Any] | str) -> str:
    """A test's name for people."""
    if isinstance(run_or_test, str):
        return TITLES.get(run_or_test, run_or_test)
    return TITLES.get(run_or_test["test"], run_or_test.get("title", run_or_test["test"]))


def cell(run: Mapping[str, Any] | None) -> str:
    """A run in a table: `9.6 (34 %)`, `21.5 (75 %), 14 % lost`, `84 / 121 / 180 ms`."""
    if run is None:
        return "-"
    if run.get("p50_ms") is not None:
        parts = [f"{run['p50_ms']:.0f} / {run['p95_ms']:.0f} / {run['max_ms']:.0f} ms"]
    else:
        share = f" ({100 * run['share']:.0f} %)" if run.get("share") is not None else ""
        parts = [f"{run['goodput_mbit']:.1f}{share}"]
    if run.get("loss_percent"):
        parts.append(f"{_percent(run['loss_percent'])} % lost")
    return ", ".join(parts)


def _percent(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def limit(report: Mapping[str, Any], test: str) -> str:
    """The last column: the capacity that a test is up against, in Mbit/s; of several runs the range."""
    rates = {run["capacity_mbit"] for run in report["runs"] if run["test"] == test and run.get("capacity_mbit")}
    if not rates:
        return ""
    low, high = f"{min(rates):.1f}", f"{max(rates):.1f}"
    return low if low == high else f"{low} to {high}"


def rows(report: Mapping[str, Any]) -> list[list[str]]:
    """The table: a row of headings, then one for each test; the last column is the capacity."""
    by_place = {(run["test"], run["method"]): run for run in report["runs"]}
    names = methods(report)
    table = [["", *names, "all links"]]
    for test in tests(report):
        cells = [cell(by_place.get((test, name))) for name in names]
        table += [[title(test), *cells, limit(report, test)]]
        table += _below([by_place.get((test, name)) for name in names])
    return table


def _below(runs: list[Mapping[str, Any] | None]) -> Iterator[list[str]]:
    """The rows below a test."""
    for words, key, text in _BELOW:
        if any(run and run.get(key) is not None for run in runs):
            yield [f"- {words}", *(text(run) if run and run.get(key) is not None else "-" for run in runs), ""]


def _predicted(run: Mapping[str, Any]) -> str:
    return f"{run['predicted_mbit']:.1f}" if run.get("predicted_mbit") is not None else "?"


def legend(report: Mapping[str, Any]) -> str:
    """What the numbers of the table mean."""
    with_ceiling = any(run.get("ceiling_mbit") for run in report["runs"])
    return f"{LEGEND}; {EXPLAINED}" if with_ceiling else LEGEND


def headline(report: Mapping[str, Any]) -> str:
    """`seed-3g, 6 links: 28.5 Mbit/s down, 6.0 up`."""
    links = f", {len(report['links'])} links" if report.get("links") else ""
    capacity = report["capacity"]
    return f"{report['profile']}{links}: {capacity['down_mbit']:.1f} Mbit/s down, {capacity['up_mbit']:.1f} up"


def machine(report: Mapping[str, Any]) -> str:
    """`Linux 6.12.9, tcg`."""
    kernel = str(report["kernel"])
    return f"{kernel if kernel.startswith('Linux') else 'Linux ' + kernel}, {report['accelerator']}"


def stages(report: Mapping[str, Any]) -> str:
    """`boot 9 s, benchmark 180 s; together 3 min 9 s`, empty without stages."""
    spent = report["stages_s"]
    if not spent:
        return ""
    total = round(sum(spent.values()))
    return f"{', '.join(f'{name} {seconds:.0f} s' for name, seconds in spent.items())}; together {duration(total)}"


def duration(seconds: int) -> str:
    """`45 s`, `3 min 9 s`."""
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min {seconds % 60} s"


def warnings(report: Mapping[str, Any]) -> list[str]:
    """What was not as planned while measuring, each said once with its method and test."""
    texts = [
        f"{run['method']}, {run['test']}: {text}"
        for run in report["runs"]
        for repeat in run.get("repeats", [])
        for text in repeat.get("warnings", [])
    ]
    return list(dict.fromkeys(texts))


def terminal_table(report: Mapping[str, Any]) -> str:
    """Aligned text for a terminal, with what the numbers mean; ends with a line break."""
    lines = [headline(report), machine(report), "", *tables.aligned(rows(report)), "", legend(report)]
    if stages(report):
        lines.append(f"Time: {stages(report)}")
    lines += [f"Note: {text}" for text in warnings(report)]
    if report.get("alone"):
        lines += ["", report_alone.table(report["alone"]).rstrip()]
    if report.get("cost"):
        lines += ["", report_cost.table(report["cost"]).rstrip()]
    return "\n".join(lines) + "\n"


def markdown(report: Mapping[str, Any]) -> str:
    """The same table as Markdown."""
    lines = [f"# {headline(report)}", "", f"{machine(report)}. {legend(report)}.", "", *tables.markdown(rows(report))]
    if stages(report):
        lines += ["", f"Time: {stages(report)}."]
    if warnings(report):
        lines += ["", "Notes:", "", *(f"- {text}" for text in warnings(report))]
    if report.get("alone"):
        lines += report_alone.markdown(report["alone"])
    if report.get("cost"):
        lines += report_cost.markdown(report["cost"])
    return "\n".join(lines) + "\n"
