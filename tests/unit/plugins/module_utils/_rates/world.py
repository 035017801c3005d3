# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that follows links, without a kernel: what it sends waits in modems, and probes with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import SHAPERS
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.rates import Count
from ansible_collections.linkagg.wan.plugins.module_utils._rates.echo import Came
from ansible_collections.linkagg.wan.plugins.module_utils._rates.follow import Following, kbit
from ansible_collections.linkagg.wan.plugins.module_utils._rates.items import Counter, Followed, from_item
from ansible_collections.linkagg.wan.plugins.module_utils._rates.notes import Note, unpacked
from ansible_collections.linkagg.wan.plugins.module_utils._rates.told import Told
from ansible_collections.linkagg.wan.plugins.module_utils._weights.model import Weights, wanted

STEP_S = 0.05
MBIT = 1e6
FAR = "10.208.0.1"
CLOCKS_APART_S = 5000.0  # of the two ends


def item(link: str, number: int, *, mbit: float = 5.0, **more: Any) -> dict[str, Any]:
    """What is saved of a link."""
    return {
        "link": link,
        "of": "",
        "source": f"10.208.1.{number}",
        "target": FAR,
        "nominal_mbit": mbit,
        "least_mbit": mbit / 20,
        "most_mbit": mbit * 2,
        "counters": [{"interface": f"wg-{link}", "overhead": 60, "peer": ""}],
        "shapers": [{"interface": f"wg-{link}", "share": 100.0, "classid": ""}],
        "bonds": ["agg0"],
        **more,
    }


@dataclass
class Modem:
    """A link as it is: what it carries and how long it takes one way, and what is offered to it; bit/s, seconds."""

    capacity: float = 5 * MBIT
    way_s: float = 0.03
    offered: float = 0.0
    dead: bool = False
    tells: bool = True  # whether the other end has an agent
    queue: float = 0.0
    sent: float = 0.0
    through: float = 0.0
    last: tuple[int, int] = (0, 0)
    tell_at: float = 0.0


@dataclass
class SavedState:
    rates: Sequence[Followed] = ()
    weights: Sequence[Weights] = ()
    shapers: Sequence[Obj] = ()


@dataclass
class World:
    """``modems`` by link. What the node does is in ``shaped``, ``dealt`` and ``told``; ``says`` is its journal."""

    items: list[dict[str, Any]]
    schedule: str = "packet"
    now: float = 100.0
    busy: bool = False  # another one has the lock
    modems: dict[str, Modem] = field(default_factory=dict)
    shaped: dict[str, str] = field(default_factory=dict)
    dealt: list[Weights] = field(default_factory=list)
    told: Told | None = None
    links: list[Mapping[str, Any]] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    flying: list[tuple[float, Came]] = field(default_factory=list)
    probes: int = 0

    def __post_init__(self) -> None:
        self.state = SavedState(
            [from_item(one) for one in self.items],
            wanted(
                [
                    {
                        "bond": "agg0",
                        "schedule": self.schedule,
                        "legs": [
                            {"link": one["link"], "queue": number, "weight": one["nominal_mbit"]}
                            for number, one in enumerate(self.items, 1)
                        ],
                    }
                ],
                (),
            ),
            parse_items(
                "shapers",
                list(SHAPERS.values()),
                [
                    {"kind": "cake", "interface": f"wg-{one['link']}", "rate": f"{one['nominal_mbit'] * 1000:.0f}kbit"}
                    for one in self.items
                ],
            ),
        )
        self.modems = {one["link"]: Modem(capacity=one["nominal_mbit"] * MBIT) for one in self.items}
        self._links = {one["source"]: one["link"] for one in self.items}
        self.following = Following(self, self, self.lock, lambda: self.now)
        self.following.concern(self.state)

    # What the node has: an ear, hands, a lock.
    def listen(self, address: str) -> None:
        """It always does."""

    def send(self, source: str, target: str, note: Note) -> str:
        modem = self.modems[self._links[source]]
        self.probes += 1
        assert unpacked(note.packed()) == note
        if not modem.dead:
            arrives = self.now + modem.queue / max(modem.capacity, 1.0) + modem.way_s
            back = Came(FAR, source, note, arrives + modem.way_s, True)
            self.flying.append((arrives + modem.way_s, back))
            modem.last = (note.sent_us, round((arrives + CLOCKS_APART_S) * 1e6) - note.sent_us)
        return ""

    def come(self) -> Iterator[Came]:
        come = [came for at, came in self.flying if at <= self.now]
        self.flying = [(at, came) for at, came in self.flying if at > self.now]
        yield from come

    def close(self) -> None:
        """Nothing is open."""

    def counts(self, counters: Iterable[Counter]) -> Mapping[Counter, Count]:
        return {
            one: Count(0, 0, int(self.modems[one.interface.removeprefix("wg-")].sent / 8), 0)
            for one in counters
            if one.interface.removeprefix("wg-") in self.modems
        }

    def shape(self, rates: Iterable[tuple[Obj, str]]) -> None:
        self.shaped.update({obj.attrs["interface"]: rate for obj, rate in rates})

    def deal(self, before: Weights, after: Weights, everything: Sequence[Weights]) -> None:
        assert before == (self.dealt[-1] if self.dealt else self.state.weights[0])
        assert after in everything
        self.dealt.append(after)

    def tell(self, told: Told) -> None:
        self.told = told

    def tell_links(self, links: Sequence[Mapping[str, Any]]) -> None:
        self.links = list(links)

    def end(self) -> None:
        self.told = None

    @contextmanager
    def lock(self) -> Iterator[None]:
        if self.busy:
            raise EngineError(["another run"])
        yield

    # What happens.
    def run(self, seconds: float) -> None:
        """Let time go by."""
        end = self.now + seconds
        while self.now < end:
            self.now = round(self.now + STEP_S, 6)
            for source, link in self._links.items():
                self._flow(self.modems[link], link, source)
            self.says += self.following.turn()

    def rate(self, link: str) -> float:
        """What its shaper lets through now, bit/s."""
        planned = next(one["nominal_mbit"] for one in self.items if one["link"] == link)
        text = self.shaped.get(f"wg-{link}")
        return kbit(text) * 1000.0 if text else planned * MBIT

    def buckets(self) -> dict[str, int]:
        """How many each link has."""
        weights = self.dealt[-1] if self.dealt else self.state.weights[0]
        return {link: weights.buckets.count(link) for link in weights.planned}

    def change(self, **changed: float) -> None:
        """As ``linkagg weights`` does."""
        weights = replace(self.state.weights[0], changed=changed)
        self.state.weights = [weights.filled(weights.buckets)]
        self.dealt.append(self.state.weights[0])
        self.following.concern(self.state)

    def _flow(self, modem: Modem, link: str, source: str) -> None:
        sending = min(modem.offered, self.rate(link)) * STEP_S
        modem.sent += sending
        modem.queue = min(modem.queue + sending, 60 * 12112)
        going = 0.0 if modem.dead else min(modem.queue, modem.capacity * STEP_S)
        modem.queue -= going
        modem.through += going
        if modem.tells and not modem.dead and self.now >= modem.tell_at:
            modem.tell_at = self.now + 0.2
            far_us = round((self.now + CLOCKS_APART_S) * 1e6)
            note = Note(far_us, far_us, int(modem.through / 8), *modem.last, False)
            self.flying.append((self.now + modem.way_s, Came(FAR, source, note, self.now + modem.way_s, False)))
