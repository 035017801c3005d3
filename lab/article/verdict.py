# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a claim is so, by what was measured. Pure.

Results are the document that ``recorded`` keeps::

    {"facts": {"links": [{"name": "umts1", "down_mbit": 6}, ...], ...},
     "setups": {"rr": {"steps": {"still": {"digest": "...", "runs": {"tcp_1_down": {"goodput_mbit": 9.7, ...}}},
                                                  "move": {"values": {"lived": 1, ...}},
                                                  "dead": {"error": "..."}}}}}

A machine that is too slow for the lab makes every rate smaller. Each set-up with rates has a UDP test, and what its
sender fell short of the rate that it was to send shows it. A rate then decides only where a larger one would as well. A
rate that is too small decides nothing if the machine was too slow in any of the set-ups: it may have been here, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lab.article.table import NAMED, Check, Claim, Table

ENOUGH = 0.9  # of what a UDP test offers must have been sent

REPRODUCED = "reproduced"
NOT_REPRODUCED = "does not reproduce"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Finding:
    """One check: the value found and its bound, None where it was not measured; then ``error`` may say why.

    ``slow``: how the machine fell short meanwhile, if it did and the value depends on it.
    """

    check: Check
    value: float | None
    bound: float | None
    error: str = ""
    slow: str = ""

    @property
    def holds(self) -> bool | None:
        """None where it was not measured, or where a faster machine could change the answer."""
        if self.value is None or self.bound is None:
            return None
        held = self.value >= self.bound if self.check.at_least else self.value <= self.bound
        relative = "." in (self.check.reference or "")
        if self.slow and (relative or held != self.check.at_least):
            return None
        return held


@dataclass(frozen=True)
class Verdict:
    """A claim and what its checks found."""

    claim: Claim
    findings: tuple[Finding, ...]

    @property
    def word(self) -> str:
        """One failed check is enough; without one, all must have been measured."""
        held = [finding.holds for finding in self.findings]
        if False in held:
            return NOT_REPRODUCED
        return NOT_MEASURED if None in held else REPRODUCED


def judge(claim: Claim, table: Table, results: Mapping[str, Any]) -> Verdict:
    """The claim's verdict."""
    return Verdict(claim, tuple(_finding(check, table, results) for check in claim.checks))


def _finding(check: Check, table: Table, results: Mapping[str, Any]) -> Finding:
    value, error = value_at(check.value, results)
    slow = fell_short(check.value.split(".")[0], results) if check.value.endswith("_mbit") else ""
    if check.reference is None:
        return _beside_others(Finding(check, value, check.factor, error, slow), results)
    if check.reference in NAMED:
        base: float | None = _named(check.reference, _rates(check.value, table, results))
    else:
        base, why = value_at(check.reference, results)
        error = error or why
        slow = slow or fell_short(check.reference.split(".")[0], results)
    return _beside_others(Finding(check, value, None if base is None else check.factor * base, error, slow), results)


def _beside_others(finding: Finding, results: Mapping[str, Any]) -> Finding:
    """A rate that is too small, with what the machine fell short in another set-up, if it did."""
    if finding.holds is not False or not finding.check.at_least or not finding.check.value.endswith("_mbit"):
        return finding
    others = ((setup, fell_short(setup, results)) for setup in results["setups"])
    setup, slow = next(((setup, slow) for setup, slow in others if slow), ("", ""))
    return replace(finding, slow=f"{slow} ({setup})") if slow else finding


def fell_short(setup: str, results: Mapping[str, Any]) -> str:
    """How much less than it was to send a UDP test of the set-up sent, if it was more than a little."""
    for step in results["setups"].get(setup, {}).get("steps", {}).values():
        run = step.get("runs", {}).get("udp_down")
        if run is None:
            continue
        # Without what was sent, what arrived and what is known to be lost: with a queue that ends full, too little.
        sent = run.get("sent_mbit") or run["goodput_mbit"] / max(1e-9, 1 - run.get("loss_percent", 0) / 100)
        if sent < ENOUGH * run["offered_mbit"]:
            return f"the machine was too slow for it: of {run['offered_mbit']:.1f} Mbit/s UDP it sent {sent:.1f}"
    return ""


def value_at(path: str, results: Mapping[str, Any]) -> tuple[float | None, str]:
    """The number that was measured there, and where there is none, the error that was there instead."""
    setup, step_name, *rest = path.split(".")
    step = results["setups"].get(setup, {}).get("steps", {}).get(step_name, {})
    found: Any = step.get("values", {}) if len(rest) == 1 else step.get("runs", {})
    for key in rest:
        found = found.get(key) if isinstance(found, Mapping) else None
    return (None, str(step.get("error", ""))) if found is None else (float(found), "")


def _rates(path: str, table: Table, results: Mapping[str, Any]) -> list[float]:
    """Mbit/s down of the links that the path's set-up uses."""
    wanted = table.setups[path.split(".")[0]].links
    return [link["down_mbit"] for link in results["facts"]["links"] if not wanted or link["name"] in wanted]


def _named(name: str, rates: list[float]) -> float:
    return {"best": max(rates), "slowest": min(rates), "sum": sum(rates), "n_slowest": len(rates) * min(rates)}[name]
