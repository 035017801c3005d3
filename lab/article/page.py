# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/article.md, from the table of claims and what was measured. Pure: the same results give the same page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from lab import report_text
from lab.article.table import Check, Setup, Step, Table
from lab.article.verdict import NOT_MEASURED, NOT_REPRODUCED, REPRODUCED, Finding, Verdict, judge

ARTICLE = "https://www.horza.org/post/81-link-aggregation-for-the-masses/"

_HEAD = """\
<!-- Written by `make reproduce` from docs/article.json and lab/article/claims.yml; do not edit. -->
# The article's claims, measured again

What ["Link Aggregation For The Masses"]({article}) (2015) says of its aggregate, in short words of ours, and what
the same shows here. The article had PPTP tunnels from real 3G modems, here WireGuard runs over emulated ones. A claim
is taken as reproduced if what was measured is within the bounds given with it (`lab/article/claims.yml`); one
measurement decides, and another may differ.

- Measured on {date}: {machine}, {duration_s} s a test.
- Profile {profile}: {links}.
"""
_TABLE_HEAD = "| the claim | measured here | | again with |\n| --- | --- | --- | --- |"
# How a value is written that is 1 or 0.
_YES = "yes or no"
_NAMES = {
    "best": "the best link",
    "slowest": "the slowest link",
    "sum": "all links together",
    "n_slowest": "the slowest link times their number",
}
_COUNTED = {REPRODUCED: "reproduced", NOT_REPRODUCED: "not reproduced", NOT_MEASURED: "not measured"}
_MOVE = {
    "lived": ("the connection lived", _YES),
    "moved": ("it went on over another link", _YES),
    "before_mbit": ("before", "{:.1f} Mbit/s"),
    "after_mbit": ("in the end", "{:.1f} Mbit/s"),
    "silent_s": ("silent for", "{:.0f} s"),
}


def render(table: Table, results: Mapping[str, Any]) -> str:
    """The whole page."""
    verdicts = [judge(claim, table, results) for claim in table.claims]
    lines = [_head(table, results), summary(table, results), "", _TABLE_HEAD]
    lines += [_row(verdict, table) for verdict in verdicts]
    lines += ["", "## All that was measured", "", f"{report_text.LEGEND}. Links are those of the profile.", ""]
    for setup in table.setups.values():
        lines += _setup(setup, results["setups"].get(setup.name, {}))
    return "\n".join(lines).rstrip("\n") + "\n"


def _head(table: Table, results: Mapping[str, Any]) -> str:
    facts = results["facts"]
    links = ", ".join(f"{link['name']} {link['down_mbit']:g}/{link['up_mbit']:g}" for link in facts["links"])
    return _HEAD.format(
        article=ARTICLE,
        machine=f"{report_text.machine(facts)}, Debian {facts['distro']}",
        profile=facts["profile"],
        links=f"{links} Mbit/s down/up",
        duration_s=table.duration_s,
        date=facts["date"],
    )


def summary(table: Table, results: Mapping[str, Any]) -> str:
    """`Of 20 claims: 18 reproduced, 2 not reproduced.`"""
    counts = Counter(judge(claim, table, results).word for claim in table.claims)
    words = [f"{counts[word]} {said}" for word, said in _COUNTED.items() if counts[word]]
    return f"Of {len(table.claims)} claims: {', '.join(words)}."


def _row(verdict: Verdict, table: Table) -> str:
    word = verdict.word if verdict.word == REPRODUCED else f"**{verdict.word}**"
    command = f"`make reproduce SETUPS='{' '.join(verdict.claim.setups)}'`"
    return f"| {_cell(verdict.claim.says)} | {_measured(verdict, table)} | {word} | {command} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _measured(verdict: Verdict, table: Table) -> str:
    """Each value once, with all the bounds that it was held against."""
    by_value: dict[str, list[Finding]] = {}
    for finding in verdict.findings:
        by_value.setdefault(finding.check.value, []).append(finding)
    several = len(verdict.claim.setups) > 1 or len({path.split(".")[1] for path in by_value}) > 1
    return "<br>".join(_cell(_value(path, found, table, several)) for path, found in by_value.items())


def _value(path: str, found: list[Finding], table: Table, several: bool) -> str:
    setup, step, *_rest = path.split(".")
    step_title = table.setups[setup].steps[step].title
    where = f" ({step_title})" if several and step_title else ""
    label, form = _label(path)
    value = found[0].value
    if value is None:
        return f"{label}{where}: not measured" + (f", {found[0].error}" if found[0].error else "")
    if form == _YES:
        return f"{label}{where}: {'yes' if value else 'no'}"
    bounds = " and ".join(_bound(finding, table) for finding in found)
    slow = next((f"; {finding.slow}" for finding in found if finding.holds is None and finding.slow), "")
    return f"{label}{where}: {form.format(value)}; expected {bounds}{slow}"


def _label(path: str) -> tuple[str, str]:
    """What a value is called and how it is written."""
    _setup_name, _step, *rest = path.split(".")
    if len(rest) == 2:
        unit = {"goodput_mbit": "{:.1f} Mbit/s", "loss_percent": "{:.1f} % lost"}.get(rest[1], "{:g}")
        return report_text.title(rest[0]), unit
    return _MOVE.get(rest[0], (f"{rest[0]}: MTU left", "{:.0f} bytes"))


def _bound(finding: Finding, table: Table) -> str:
    check = finding.check
    words = "at least" if check.at_least else "at most"
    if finding.bound is None:
        return f"{words} {check.factor:g} times what was not measured"
    number = f"{finding.bound:.1f}" if check.reference else f"{check.factor:g}"
    return f"{words} {number}{_of(check, table)}"


def _of(check: Check, table: Table) -> str:
    """` (1.2 times the best link)`, empty for a number alone."""
    if check.reference is None:
        return ""
    factor = "" if check.factor == 1 else f"{check.factor:g} times "
    name = _NAMES.get(check.reference)
    if name is None:
        setup, step, test, _key = check.reference.split(".")
        title = table.setups[setup].steps[step].title or table.setups[setup].title
        name = f"{report_text.title(test)}, {title}"
    return f" ({factor}{name})"


def _setup(setup: Setup, found: Mapping[str, Any]) -> list[str]:
    lines = [f"### {setup.name}: {setup.title}", ""]
    if setup.bond is not None:
        lines += [f"Bond: `{json.dumps(dict(setup.bond))}`", ""]
    if not found:
        return [*lines, "Not measured.", ""]
    lines += ["| | | |", "| --- | --- | ---: |"]
    for name, step in setup.steps.items():
        lines += _step(name, step, found["steps"].get(name, {}))
    return [*lines, ""]


def _step(name: str, step: Step, found: Mapping[str, Any]) -> list[str]:
    title = step.title or name
    faults = ", ".join(f"{link} {fault}" for link, fault in step.faults.items())
    where = f"{title} (`{faults}`)" if faults else title
    where += f", {step.duration_s} s a test" if step.duration_s else ""
    rows = []
    for test, run in found.get("runs", {}).items():
        notes = "".join(f"<br>{note}" for note in run.get("warnings", []))
        rows.append((where, report_text.title(test) + notes, report_text.cell(run)))
    for key, value in found.get("values", {}).items():
        label, form = _label(f"{name}.{name}.{key}")
        rows.append((where, label, ("yes" if value else "no") if form == _YES else form.format(value)))
    if found.get("note"):
        rows.append((where, found["note"], ""))
    if found.get("error"):
        rows.append((where, f"failed: {found['error']}", ""))
    if not rows:
        rows.append((where, "not measured", ""))
    return [f"| {' | '.join(map(_cell, row))} |" for row in rows]
