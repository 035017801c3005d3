# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mistake in the inventory, as told to the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


class PlanError(ValueError):
    """The inventory cannot be planned. ``problems`` has every mistake found, not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def report(self) -> str:
        """The problems with a line above that counts them."""
        count = len(self.problems)
        return f"{count} problem{'s' if count > 1 else ''} in the inventory:\n{self}"


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, what was found, what would be allowed, what to do about it."""

    where: str
    key: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.where}, {self.key}" if self.key else self.where
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        return f"{place}: {self.found}{allowed}; {self.remedy}"


def show(value: object) -> str:
    """How a value found in the inventory is shown in a message: short, quoted when it is text."""
    if value is None:
        return "found nothing"
    text = repr(str(value)) if isinstance(value, str) else str(value)
    return "found " + (text if len(text) <= 60 else text[:57] + "...")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that a person most likely meant: one spelt alike, else one that it is a part of, or None."""
    word, names = str(name).lower(), list(known)
    matches = get_close_matches(word, names, n=1, cutoff=0.7)
    matches += [candidate for candidate in names if len(word) > 2 and word in candidate]
    return matches[0] if matches else None
