# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured so far, kept in build/article until all of it is there; then it becomes docs/article.*."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lab import paths
from lab.article.page import render, summary
from lab.article.table import Setup, Table
from lab.ui import LabError, say

SO_FAR = paths.BUILD / "article" / "results.json"
DOCUMENT = paths.ROOT / "docs" / "article.json"
PAGE = paths.ROOT / "docs" / "article.md"
# Results of different machines do not belong into one page.
SAME = ("profile", "kernel", "accelerator", "distro", "links")


def read(path: Path) -> dict[str, Any]:
    """What is there; no set-ups where nothing is."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {"facts": {}, "setups": {}}


def missing(table: Table, results: Mapping[str, Any]) -> list[str]:
    """The set-ups of which a step has no results."""
    return [name for name, setup in table.setups.items() if missing_steps(setup, results)]


def missing_steps(setup: Setup, results: Mapping[str, Any]) -> list[str]:
    """The steps without results, or with those of another description of them."""
    known = results["setups"].get(setup.name, {}).get("steps", {})
    return [name for name, step in setup.steps.items() if known.get(name, {}).get("digest") != step.digest]


def keep(setup: Setup, step: str, found: Mapping[str, Any], facts: Mapping[str, Any] | None, path: Path) -> None:
    """Add a step's results to the others; those of another machine are dropped, and that is said.

    ``facts`` of the lab are None where none was needed.
    """
    results = read(path)
    before = results["facts"]
    facts = dict(facts or before)
    if before and any(before.get(key) != facts[key] for key in SAME):
        say("    what was measured so far was on another kernel, machine or profile: dropped")
        results["setups"] = {}
    entry = results["setups"].get(setup.name, {})
    steps = entry.get("steps", {}) | {step: {"digest": setup.steps[step].digest, **found}}
    results |= {"facts": facts, "setups": results["setups"] | {setup.name: {"steps": steps}}}
    _replace(path, json.dumps(results, indent=1) + "\n")


def again(names: list[str], table: Table, path: Path) -> None:
    """Forget these set-ups; the others are taken from the page's last results where nothing newer is there."""
    results = read(path)
    last = read(DOCUMENT)
    if not results["setups"] and last["setups"]:
        results = last
    results["setups"] = {key: found for key, found in results["setups"].items() if key not in names}
    results["setups"] = {key: found for key, found in results["setups"].items() if key in table.setups}
    _replace(path, json.dumps(results, indent=1) + "\n")


def write(table: Table, path: Path, *, partial: bool = False) -> str:
    """Make docs/article.json and docs/article.md of a whole set of results; how many claims came out how.

    With ``partial`` also of what is there, and the page says what is not measured; the results so far stay.

    :raises LabError: something is not measured yet. Nothing is written then.
    """
    results = read(path)
    left = missing(table, results)
    if left and not (partial and results["facts"]):
        raise LabError(f"not measured yet: {', '.join(left)}; run make reproduce, it goes on from here")
    ordered = {"facts": results["facts"], "setups": {}}
    for name, setup in table.setups.items():
        lacking = missing_steps(setup, results)
        if known := [step for step in setup.steps if step not in lacking]:
            found = results["setups"][name]["steps"]
            ordered["setups"][name] = {"steps": {step: found[step] for step in known}}
    _replace(DOCUMENT, json.dumps(ordered, indent=1) + "\n")
    _replace(PAGE, render(table, ordered))
    if not left:
        path.unlink()
    return summary(table, ordered)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.new")
    half.write_text(text, encoding="utf-8")
    os.replace(half, path)
