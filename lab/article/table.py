# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""claims.yml as objects; everything that is wrong with it is an error when it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

SOURCE = Path(__file__).with_name("claims.yml")
NAMED = ("best", "slowest", "sum", "n_slowest")
MOVE_KEYS = ("lived", "moved", "before_mbit", "after_mbit", "silent_s")


class TableError(ValueError):
    """claims.yml is wrong; one line for each mistake."""


@dataclass(frozen=True)
class Step:
    """What is measured in a set-up at one moment; see claims.yml.

    ``digest`` changes with anything in the step and with the set-up's bond; ``duration_s`` None is the table's.
    """

    title: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0
    tests: tuple[str, ...] = ()
    move: bool = False
    budgets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    duration_s: int | None = None
    digest: str = ""


@dataclass(frozen=True)
class Setup:
    """One run of the site playbook and its steps. ``bond`` is None where nothing is deployed, but only computed.

    ``links``: of the bond; empty for all of the profile.
    """

    name: str
    title: str
    bond: Mapping[str, Any] | None
    steps: Mapping[str, Step]

    @property
    def links(self) -> tuple[str, ...]:
        return tuple((self.bond or {}).get("links", ()))

    @property
    def named_links(self) -> set[str]:
        """All links that it names."""
        return {*self.links, *(link for step in self.steps.values() for link in step.faults)}


@dataclass(frozen=True)
class Check:
    """``value`` is at least (or at most) ``factor`` times ``reference``; without a reference, ``factor`` itself."""

    value: str
    at_least: bool
    factor: float
    reference: str | None


@dataclass(frozen=True)
class Claim:
    """What the article says, in our words, and what decides whether it is so here."""

    id: str
    says: str
    checks: tuple[Check, ...]

    @property
    def setups(self) -> tuple[str, ...]:
        """The set-ups that it is measured in."""
        paths = [path for check in self.checks for path in (check.value, check.reference) if path and "." in path]
        return tuple(dict.fromkeys(path.split(".")[0] for path in paths))


@dataclass(frozen=True)
class Table:
    """All of claims.yml."""

    profile: str
    duration_s: int
    setups: Mapping[str, Setup]
    claims: tuple[Claim, ...]


def load(path: Path = SOURCE) -> Table:
    """Read the file.

    :raises TableError: everything that is wrong with it.
    """
    return parse(yaml.safe_load(path.read_text(encoding="utf-8")))


def parse(raw: Mapping[str, Any]) -> Table:
    """The file's document as objects.

    :raises TableError: as ``load``.
    """
    problems: list[str] = []
    setups = {name: _setup(name, entry, raw["duration_s"], problems) for name, entry in raw["setups"].items()}
    claims = tuple(_claim(entry, problems) for entry in raw["claims"])
    table = Table(raw["profile"], raw["duration_s"], setups, claims)
    problems += [problem for claim in claims for problem in _unknown(claim, table)]
    ids = [claim.id for claim in claims]
    problems += [f"claim {one}: there are two of that id" for one in sorted({one for one in ids if ids.count(one) > 1})]
    if problems:
        raise TableError("\n".join(problems))
    return table


def _setup(name: str, entry: Mapping[str, Any], duration_s: int, problems: list[str]) -> Setup:
    steps = {}
    for step_name, keys in entry["steps"].items():
        whole = json.dumps([entry.get("bond"), keys, duration_s], sort_keys=True)
        digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
        keys = dict(keys, tests=tuple(keys.get("tests", ())), digest=digest)
        try:
            steps[step_name] = Step(**keys)
        except TypeError as error:
            problems.append(f"set-up {name}, step {step_name}: {error}")
            continue
        if not (keys["tests"] or keys.get("move") or keys.get("budgets")):
            problems.append(f"set-up {name}, step {step_name}: it measures nothing")
        if ("bond" in entry) == ("budgets" in keys):
            problems.append(f"set-up {name}, step {step_name}: give budgets where there is no bond, and only there")
    return Setup(name, entry["title"], entry.get("bond"), steps)


def _claim(entry: Mapping[str, Any], problems: list[str]) -> Claim:
    checks = []
    for one in entry["checks"]:
        sides = [key for key in ("at_least", "at_most") if key in one]
        words = str(one[sides[0]]).split() if len(sides) == 1 else []
        try:
            factor = float(words[0])
        except (IndexError, ValueError):
            problems.append(f"claim {entry['id']}: {one}: give at_least or at_most, a number and what it is times")
            continue
        reference = words[1] if len(words) > 1 else None
        checks.append(Check(one["value"], sides == ["at_least"], factor, reference))
    if not checks:
        problems.append(f"claim {entry['id']}: nothing decides about it")
    return Claim(entry["id"], " ".join(entry["says"].split()), tuple(checks))


def _unknown(claim: Claim, table: Table) -> list[str]:
    """A problem for each path that leads nowhere."""
    paths = [check.value for check in claim.checks]
    paths += [check.reference for check in claim.checks if check.reference and check.reference not in NAMED]
    return [f"claim {claim.id}: {path}: nothing measures that" for path in paths if not _measured(path, table)]


def _measured(path: str, table: Table) -> bool:
    parts = path.split(".")
    setup = table.setups.get(parts[0])
    step = setup.steps.get(parts[1]) if setup and len(parts) > 2 else None
    if step is None:
        return False
    if len(parts) == 3:
        return parts[2] in (MOVE_KEYS if step.move else step.budgets)
    return len(parts) == 4 and parts[2] in step.tests
