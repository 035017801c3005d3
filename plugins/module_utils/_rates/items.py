# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is saved of links that are followed: how to measure each, and what follows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.objects import Key
from .._kinds.qdisc import ROOT
from .._persist import store
from .._persist.saving import Saving, saving
from .estimate import Bounds

PART = "rates"
MBIT = 1e6


@dataclass(frozen=True)
class Counter:
    """What counts a link's bytes: an interface, or one peer of a WireGuard interface, known by an address that it is
    allowed to have. ``overhead``: bytes that the link carries besides those of each packet that is counted.
    """

    interface: str
    overhead: int = 0
    peer: str = ""


@dataclass(frozen=True)
class Shaper:
    """A shaper that follows: at the root of an interface, or a class there; ``share`` of the rate in percent."""

    interface: str
    share: float
    classid: str = ""

    @property
    def key(self) -> Key:
        """The engine's."""
        return ("qclass", self.interface, self.classid) if self.classid else ("qdisc", self.interface, ROOT)


@dataclass(frozen=True)
class Followed:
    """One link, for what this end sends over it. Probes go from ``source`` to ``target``, the two ends of its carrier;
    ``of`` is its site where there are several.
    """

    link: str
    of: str
    source: str
    target: str
    bounds: Bounds
    counters: tuple[Counter, ...]
    shapers: tuple[Shaper, ...]
    bonds: tuple[str, ...]

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.link} of {self.of}" if self.of else self.link

    @property
    def pair(self) -> tuple[str, str]:
        """What tells it from all others: the addresses of the other end and of this one."""
        return self.target, self.source


def item_key(item: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells saved items apart."""
    return ("rate", item["target"], item["source"])


def from_item(item: Mapping[str, Any]) -> Followed:
    """What ``item`` saved."""
    bounds = Bounds(*(item[name] * MBIT for name in ("nominal_mbit", "least_mbit", "most_mbit")))
    return Followed(
        item["link"],
        item["of"],
        item["source"],
        item["target"],
        bounds,
        tuple(Counter(one["interface"], one["overhead"], one["peer"]) for one in item["counters"]),
        tuple(Shaper(one["interface"], one["share"], one["classid"]) for one in item["shapers"]),
        tuple(item["bonds"]),
    )


def problems(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with what a module is given."""
    keys = [item_key(item) for item in items]
    for number, item in enumerate(items):
        where = f"rates[{number}] ({item['link']})"
        if not 0 < item["least_mbit"] <= item["nominal_mbit"] <= item["most_mbit"]:
            yield f"{where}: least_mbit, nominal_mbit, most_mbit: found numbers that are not above 0 and in this order"
        if keys.count(item_key(item)) > 1:
            yield f"{where}: source and target are those of another element, too"
        if not item["counters"]:
            yield f"{where}: counters: found none; allowed: one interface at least"


def load(directory: str) -> list[Followed]:
    """What is saved; nothing if the file is damaged, which the next run puts right."""
    return [from_item(item) for item in store.read(directory, PART).items]


def savings(directory: str, items: Sequence[Mapping[str, Any]]) -> list[Saving]:
    """The file that is to change so that these links, and no others, are followed."""
    due = saving(directory, PART, item_key, items, store.read(directory, PART), purge=True)
    return [due] if due else []
