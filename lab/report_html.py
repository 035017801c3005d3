# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one self-contained page: bars against the capacity line, for light and dark, without scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from lab import report_alone, report_cost, report_text

Run = Mapping[str, Any]

_STYLE = Path(__file__).with_name("report.css")
_COLOURS = 8

# Geometry of a picture, in SVG units; the page scales it to its width.
_WIDTH = 900
_LEFT = 210
_RIGHT = 200
_TOP = 34
_BAR = 17
_GAP = 5
_GROUP_GAP = 20
_BOTTOM = 30
_LETTER = 6.8


@dataclass(frozen=True)
class Mark:
    """A vertical line through a picture with words on top."""

    value: float
    text: str
    css: str


@dataclass(frozen=True)
class Scale:
    """From values to horizontal positions."""

    largest: float

    def x(self, value: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * min(value, self.largest) / self.largest, 1)

    def ticks(self) -> list[float]:
        """Four to eight round values from 0."""
        raw = self.largest / 5
        power = 10.0 ** (len(str(int(raw))) - 1) if raw >= 1 else 0.1
        step = next(power * factor for factor in (1, 2, 5, 10, 20) if power * factor >= raw)
        return [step * number for number in range(int(self.largest / step) + 1)]


def page(report: Mapping[str, Any]) -> str:
    """The whole page."""
    names = report_text.methods(report)
    title = report_text.headline(report)
    body = [
        "<header>",
        '<p class="kicker">linkagg.wan benchmark</p>',
        f"<h1>{escape(title)}</h1>",
        f'<p class="facts">{escape(_subtitle(report))}</p>',
        _legend(report, names),
        "</header>",
        *_pictures(report, names),
        _table(report),
        _alone(report),
        _cost(report),
        _about(report),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in body if part)
        + "\n</main>\n</body>\n</html>\n"
    )


def _subtitle(report: Mapping[str, Any]) -> str:
    repeats = max(len(run["repeats"]) for run in report["runs"])
    times = "each test once" if repeats == 1 else f"the median of {repeats} runs, each run a dot"
    return f"{report_text.machine(report)}; {times}"


def _legend(report: Mapping[str, Any], names: Sequence[str]) -> str:
    items = "".join(
        f'<li><span class="swatch m{index % _COLOURS}"></span>{escape(name)}</li>' for index, name in enumerate(names)
    )
    for css, words in _explained(report):
        items += f'<li class="limit"><span class="key {css}"></span>{escape(words)}</li>'
    return f'<ul class="legend">{items}</ul>'


def _explained(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Classes and words of the short lines that some bar has."""
    shown = set()
    for run in report["runs"]:
        if run.get("direction"):
            shown |= {css for css, _value, _hint in _limits(run, report["capacity"][f"{run['direction']}_mbit"])}
    words = {
        "ceiling": "ceiling: rates less headers",
        "predicted": "predicted",
        "capacity": "what the links offered in those seconds",
    }
    return [(css, text) for css, text in words.items() if css in shown]


def _pictures(report: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    sections = []
    for heading, direction in (("Download", "down"), ("Upload", "up")):
        runs = [run for run in report["runs"] if run.get("direction") == direction]
        if runs:
            marks = _marks(report, direction)
            sections.append(_section(heading, "Mbit/s that arrived; longer is better", _rates(runs, names, marks)))
    pings = [run for run in report["runs"] if run.get("p50_ms") is not None]
    if pings:
        note = "ms; bar: median, thin line: 95 % are faster, tick: longest; shorter is better"
        sections.append(_section("Round trip time", note, _times(pings, names)))
    return sections


def _section(heading: str, note: str, picture: str) -> str:
    head = f"<h2>{escape(heading)} <small>{escape(note)}</small></h2>"
    return f'<section>{head}<div class="scroll">{picture}</div></section>'


def _marks(report: Mapping[str, Any], direction: str) -> list[Mark]:
    key = f"{direction}_mbit"
    capacity = report["capacity"][key]
    marks = [Mark(capacity, f"all links {capacity:g}", "capacity")]
    rates = [link[key] for link in report.get("links", []) if link.get(key)]
    # With the two lines close together the words would overlap, and nobody needs the second.
    if len(rates) > 1 and max(rates) < 0.85 * capacity:
        marks.append(Mark(max(rates), f"best link {max(rates):g}", "best"))
    return marks


def _rates(runs: Sequence[Run], names: Sequence[str], marks: Sequence[Mark]) -> str:
    """Bars of goodput, a group for each test."""
    scale = Scale(max([mark.value for mark in marks] + [_largest(run) for run in runs]) * 1.04)

    def bar(run: Run, y: float) -> str:
        repeats = [scale.x(one["goodput_mbit"]) for one in run["repeats"]]
        end = scale.x(run["goodput_mbit"])
        parts = [_box(_css(run, names), _LEFT, end, y, _BAR)]
        if len(repeats) > 1:
            parts += [f'<circle class="dot" cx="{x}" cy="{y + _BAR / 2}" r="2.6"/>' for x in repeats]
            end = max(end, *(x + 3 for x in repeats))
        limits = _limits(run, marks[0].value)
        parts += [_line(scale.x(value), y - 2, y + _BAR + 2, css, hint) for css, value, hint in limits]
        lines = [scale.x(marks[0].value), *(scale.x(value) for _css, value, _hint in limits)]
        return _named(run, parts, _clear(end, lines, report_text.cell(run)), y)

    return _chart(runs, names, scale, marks, bar)


def _clear(end: float, lines: Sequence[float], words: str) -> float:
    """Where words after a bar may begin so that no line crosses them."""
    for x in sorted(lines):
        if end < x < end + 14 + _LETTER * len(words):
            end = x
    return end


def _limits(run: Run, capacity: float) -> list[tuple[str, float, str]]:
    """What a single bar is up against, beside the line for all: class, value, words."""
    limits = [(css, run.get(f"{css}_mbit"), css) for css in ("ceiling", "predicted")]
    offered = run.get("capacity_mbit")
    if offered and abs(offered - capacity) > 0.005 * capacity:
        limits.append(("capacity", offered, "the links offered"))
    return [(css, value, f"{words} {value:.1f}") for css, value, words in limits if value]


def _times(runs: Sequence[Run], names: Sequence[str]) -> str:
    """Bars of round trip times: median, 95th percentile, longest."""
    scale = Scale(max(max(run["max_ms"] for run in runs), 1) * 1.04)

    def bar(run: Run, y: float) -> str:
        middle, css = y + _BAR / 2, _css(run, names)
        p50, p95, longest = (scale.x(run[key]) for key in ("p50_ms", "p95_ms", "max_ms"))
        parts = [
            _box(css, _LEFT, max(p50, _LEFT + 1), y, _BAR),
            _box(f"{css} spread", p50, p95, middle - 3, 6),
            _line(longest, middle - 6, middle + 6, f"longest {css}", "longest"),
        ]
        return _named(run, parts, longest, y)

    return _chart(runs, names, scale, [], bar)


def _largest(run: Run) -> float:
    keys = ("goodput_mbit", "capacity_mbit", "ceiling_mbit", "predicted_mbit")
    return max([run.get(key) or 0 for key in keys] + [one.get("goodput_mbit") or 0 for one in run["repeats"]])


def _css(run: Run, names: Sequence[str]) -> str:
    return f"m{names.index(run['method']) % _COLOURS}"


def _box(css: str, left: float, right: float, y: float, height: float) -> str:
    return f'<rect class="{css}" x="{left}" y="{y}" width="{max(0, right - left):.1f}" height="{height}" rx="2"/>'


def _line(x: float, top: float, bottom: float, css: str, hint: str) -> str:
    title = f"<title>{escape(hint)}</title>"
    return f'<line class="{css}" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}">{title}</line>'


def _text(css: str, x: float, y: float, words: str) -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _named(run: Run, parts: Sequence[str], end: float, y: float) -> str:
    """A bar with its words beside it, and all of it as a hint under the pointer."""
    words = report_text.cell(run)
    hint = f"{report_text.title(run)}, {run['method']}: {words}"
    return f"<g><title>{escape(hint)}</title>{''.join(parts)}{_text('value', end + 7, y + _BAR - 4, words)}</g>"


def _chart(
    runs: Sequence[Run],
    names: Sequence[str],
    scale: Scale,
    marks: Sequence[Mark],
    bar: Callable[[Run, float], str],
) -> str:
    """A group of bars for each test over a grid. `bar(run, y)` draws one run at a height."""
    bars: list[str] = []
    top = _TOP if marks else _TOP - 24
    y = float(top + 8)
    for test in report_text.tests({"runs": runs}):
        group = sorted((run for run in runs if run["test"] == test), key=lambda run: names.index(run["method"]))
        height = len(group) * (_BAR + _GAP) - _GAP
        bars.append(_text("test", _LEFT - 14, y + height / 2 + 5, report_text.title(group[0])))
        bars += [bar(run, y + number * (_BAR + _GAP)) for number, run in enumerate(group)]
        y += height + _GROUP_GAP
    bottom = y - _GROUP_GAP + 10
    lines = []
    for tick in scale.ticks():
        lines += [
            _line(scale.x(tick), top, bottom, "grid", f"{tick:g}"),
            _text("tick", scale.x(tick), bottom + 17, f"{tick:g}"),
        ]
    for mark in marks:
        lines += [_line(scale.x(mark.value), top - 6, bottom, mark.css, mark.text)]
        lines += [_text(f"mark {mark.css}", scale.x(mark.value), top - 12, mark.text)]
    drawing = "".join(lines + bars)
    return (
        f'<svg viewBox="0 0 {_WIDTH} {bottom + _BOTTOM:.0f}" role="img"'
        f' aria-label="Bars; the numbers are in the table below">{drawing}</svg>'
    )


def _table(report: Mapping[str, Any]) -> str:
    return _rows("Numbers", report_text.legend(report), report_text.rows(report))


def _alone(report: Mapping[str, Any]) -> str:
    """The default against each link alone, where that was measured."""
    if not report.get("alone"):
        return ""
    return _rows(report_alone.TITLE, report_alone.NOTE, report_alone.cells(report["alone"]))


def _cost(report: Mapping[str, Any]) -> str:
    """What each method costs, where that was measured."""
    if not report.get("cost"):
        return ""
    note = f"{report_cost.NOTE}. {report_cost.connections(report['cost'])}".strip()
    return _rows(report_cost.TITLE, note, report_cost.cells(report["cost"]))


def _rows(heading: str, note: str, rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    heads = "".join(f'<th scope="col">{escape(text)}</th>' for text in head)
    lines = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{_lines(text)}</td>" for text in row[1:]) + "</tr>"
        for row in body
    )
    return (
        f"<section><h2>{escape(heading)} <small>{escape(note)}</small></h2>"
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></section>'
    )


def _lines(text: str) -> str:
    """A cell with what follows the first comma in a smaller second line."""
    first, _comma, rest = text.partition(", ")
    return escape(first) + (f"<br><small>{escape(rest)}</small>" if rest else "")


def _about(report: Mapping[str, Any]) -> str:
    """Links, where the time went, and what was not as planned."""
    lines = []
    if report.get("links"):
        links = ", ".join(
            f"{link.get('name', '?')} {link['down_mbit']:g}/{link['up_mbit']:g}"
            for link in report["links"]
            if link.get("down_mbit") and link.get("up_mbit")
        )
        lines.append(f"<dt>Links, Mbit/s down/up</dt><dd>{escape(links)}</dd>" if links else "")
    if report_text.stages(report):
        lines.append(f"<dt>Time</dt><dd>{escape(report_text.stages(report))}</dd>")
    lines += [f"<dt>Note</dt><dd>{escape(text)}</dd>" for text in report_text.warnings(report)]
    return f"<section><h2>About this run</h2><dl>{''.join(lines)}</dl></section>" if any(lines) else ""
