# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bond's weights as values: what is planned, what was changed at run time, and the buckets that come of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from .._engine import normal
from .._engine.errors import EngineError
from .._kinds.steering import MOST_QUEUES
from .buckets import BUCKETS, counts, moved, spread

SCHEDULES = ("packet", "flow")
_DIGITS = "0123456789abcdef"


@dataclass(frozen=True)
class Leg:
    """One leg of a bond, by its link; ``queue`` is the queue_id of its port."""

    link: str
    queue: int
    weight: float


@dataclass(frozen=True)
class Weights:
    """The weights of one bond. ``changed``: weights by link that were given at run time and count until the planned
    ones change. ``buckets``: the link of each.
    """

    bond: str
    schedule: str
    legs: tuple[Leg, ...]
    changed: Mapping[str, float] = field(default_factory=dict)
    buckets: tuple[str, ...] = ()

    @property
    def planned(self) -> dict[str, float]:
        """Weights as planned."""
        return {leg.link: leg.weight for leg in self.legs}

    @property
    def now(self) -> dict[str, float]:
        """Weights that count."""
        return {**self.planned, **self.changed}

    def filled(self, before: Sequence[str] = ()) -> Weights:
        """With its buckets. Connections stay where they are if they can, so for them it counts what was ``before``."""
        wanted = counts(self.now)
        keep = self.schedule == "flow" and len(before) == BUCKETS
        return replace(self, buckets=tuple(moved(before, wanted) if keep else spread(wanted)))

    def lines(self) -> list[str]:
        """What it is, for people: the bond, and a line for each leg."""
        held = {link: self.buckets.count(link) for link in self.planned}
        found = [f"{self.bond}, by {self.schedule}"]
        for leg in self.legs:
            weight = f"{self.now[leg.link]:g}"
            weight += f" (planned {leg.weight:g})" if self.now[leg.link] != leg.weight else ""
            found.append(f"  {leg.link}: weight {weight}, {held[leg.link]} of {BUCKETS}")
        return found

    def item(self) -> dict[str, Any]:
        """As it is saved."""
        links = [leg.link for leg in self.legs]
        return {
            "bond": self.bond,
            "schedule": self.schedule,
            "legs": [{"link": leg.link, "queue": leg.queue, "weight": leg.weight} for leg in self.legs],
            "changed": dict(self.changed),
            "buckets": "".join(_DIGITS[links.index(link)] for link in self.buckets),
        }


def from_item(item: Mapping[str, Any]) -> Weights:
    """What ``item`` saved."""
    legs = tuple(Leg(leg["link"], leg["queue"], leg["weight"]) for leg in item["legs"])
    buckets = tuple(legs[_DIGITS.index(digit)].link for digit in item["buckets"])
    return Weights(item["bond"], item["schedule"], legs, dict(item["changed"]), buckets)


def wanted(items: Sequence[Mapping[str, Any]], saved: Iterable[Weights]) -> list[Weights]:
    """The weights that a module is given, with what is to be kept of the saved ones. EngineError with all problems."""
    problems = [problem for number, item in enumerate(items) for problem in _problems(number, item)]
    names = [item["bond"] for item in items]
    problems += [f"bonds: {name} appears twice" for name in sorted({name for name in names if names.count(name) > 1})]
    if problems:
        raise EngineError(problems)
    old = {weights.bond: weights for weights in saved}
    return [_with_saved(item, old.get(item["bond"])) for item in sorted(items, key=lambda item: str(item["bond"]))]


def _with_saved(item: Mapping[str, Any], old: Weights | None) -> Weights:
    legs = tuple(Leg(leg["link"], leg["queue"], float(leg["weight"])) for leg in item["legs"])
    new = Weights(item["bond"], item["schedule"], legs)
    if old is None:
        return new.filled()
    if old.planned == new.planned:
        new = replace(new, changed=old.changed)
    return new.filled(old.buckets)


def _problems(number: int, item: Mapping[str, Any]) -> Iterable[str]:
    where = f"bonds[{number}] ({item['bond']})"
    try:
        normal.interface_name(item["bond"])
    except ValueError as exc:
        yield f"{where}: bond: {exc}"
    legs = item["legs"]
    for name in ("link", "queue"):
        values = [leg[name] for leg in legs]
        doubles = sorted({value for value in values if values.count(value) > 1})
        yield from (f"{where}: {name} {value} is given to several legs" for value in doubles)
    for leg in legs:
        if not 1 <= leg["queue"] <= MOST_QUEUES:
            yield f"{where}: leg {leg['link']}: queue: found {leg['queue']}; allowed: 1 to {MOST_QUEUES}"
        if not 0 <= leg["weight"] < float("inf"):
            yield f"{where}: leg {leg['link']}: weight: found {leg['weight']:g}; allowed: 0 or more"
    if not any(leg["weight"] > 0 for leg in legs):
        yield f"{where}: no leg has a weight above 0: give one to one of them"


def with_changes(weights: Weights, words: Sequence[str]) -> Weights:
    """After ``LINK=NUMBER ...``, or ``planned``. EngineError with all that is wrong."""
    if list(words) == ["planned"]:
        return replace(weights, changed={}).filled(weights.buckets)
    known, given, problems = weights.planned, dict(weights.changed), []
    for word in words:
        link, _equals, text = word.partition("=")
        number = _number(text)
        if link not in known:
            near = get_close_matches(link, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"its links are {', '.join(known)}"
            problems.append(f"{word}: {weights.bond} has no link {link!r}; {hint}")
        elif number is None:
            problems.append(f"{word}: found {text!r}; allowed: a number, 0 or more, as in {link}=2.5")
        else:
            given[link] = number
    if not problems and not any({**known, **given}.values()):
        problems.append(f"{weights.bond}: no link would have a weight above 0: leave one, or take the bond down")
    if problems:
        raise EngineError(problems)
    changed = {link: weight for link, weight in given.items() if weight != known[link]}
    return replace(weights, changed=changed).filled(weights.buckets)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
