# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The links that are followed, as the watching agent has them: probes out, notes in, counters read, and what follows.

Each end does this for what it sends: the gateway for the way up, the concentrator for the way down, whose bottleneck
is at the link's provider, but whose shaper and weights are here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from heapq import heappop, heappush
from typing import Any, Protocol

from .._engine import pace, units
from .._engine.errors import EngineError, KernelError
from .._engine.objects import Key, Obj
from .._netlink.rates import Count
from .._weights.model import Weights
from .estimate import STALLED
from .items import Counter, Followed
from .notes import Note
from .parameters import BUSY_S, IDLE_S, SHAPER_STEP
from .path import Path
from .shares import Dealt, is_due, measured
from .telling import link
from .told import Told, weights_told

PER_LINK_S = 0.002  # of thousands of links each is asked the less often
TELL_PER_LINK_S = 0.005  # and told of
SPARED = 5  # all this takes no more than a fifth of the time

Pair = tuple[str, str]


class Saved(Protocol):
    """What is needed of saved state."""

    @property
    def rates(self) -> Sequence[Followed]:
        """Links that are followed."""

    @property
    def weights(self) -> Sequence[Weights]:
        """Weights of bonds."""

    @property
    def shapers(self) -> Sequence[Obj]:
        """All shapers."""


class Came(Protocol):
    """See echo.Came."""

    source: str
    target: str
    note: Note
    at: float
    back: bool


class Ear(Protocol):
    """See echo.Echo."""

    def listen(self, address: str) -> None:
        """Hear notes of that IP version."""

    def send(self, source: str, target: str, note: Note) -> str:
        """Send one; nothing, or why not."""

    def come(self) -> Iterable[Came]:
        """Those that have come."""

    def close(self) -> None:
        """No more of it."""


class Hands(Protocol):
    """What it does to the node; see hands.Hands."""

    def counts(self, counters: Iterable[Counter]) -> Mapping[Counter, Count]:
        """What they say now, as far as they are there."""

    def shape(self, rates: Iterable[tuple[Obj, str]]) -> None:
        """Give shapers other rates. KernelError for one that is refused, after all are asked for."""

    def deal(self, before: Weights, after: Weights, everything: Sequence[Weights]) -> None:
        """Move the buckets of a bond."""

    def tell(self, told: Told) -> None:
        """Say it to modules and commands."""

    def tell_links(self, links: Sequence[Mapping[str, Any]]) -> None:
        """Say it to people; as ``telling.link`` has them."""

    def end(self) -> None:
        """Nothing is said any longer."""


class Following:
    """See above. ``lock`` fails with EngineError if somebody else is at it: then it is tried again later.

    What comes waits, with its time of arrival, until some link is due: nobody is woken for it.
    """

    def __init__(
        self, ear: Ear, hands: Hands, lock: Callable[[], AbstractContextManager[None]], clock: Callable[[], float]
    ) -> None:
        self._ear, self._hands, self._lock, self._clock = ear, hands, lock, clock
        self._paths: dict[Pair, Path] = {}
        self._queue: list[tuple[float, Pair]] = []  # a heap: when each is due
        self._planned: dict[Key, Obj] = {}
        self._rates: dict[Key, str] = {}  # of shapers, where they are others than planned
        self._saved: dict[str, Weights] = {}
        self._dealt: dict[str, Dealt] = {}
        self._on_bond: dict[str, dict[str, Path]] = {}
        self._rest_until = 0.0
        self._told_at = -IDLE_S
        self._late: set[Pair] = set()
        self._undone: set[Pair] = set()  # looked at while another one had the lock
        self._said: list[str] = []
        self._complaints: set[str] = set()

    @property
    def told(self) -> Told:
        """What is other than saved."""
        changed = {bond: dealt for bond, dealt in self._dealt.items() if dealt.weights != self._saved[bond]}
        told = {bond: weights_told(self._saved[bond], dealt.weights) for bond, dealt in changed.items()}
        return Told(dict(self._rates), told)

    def concern(self, saved: Saved) -> None:
        """What saved state asks for now."""
        now = self._clock()
        idle_s = max(IDLE_S, PER_LINK_S * len(saved.rates))
        paths = {}
        for number, one in enumerate(saved.rates):
            known = self._paths.get(one.pair)
            if known is None or known.followed != one:
                known = Path(one, pace.first(now, idle_s, number, len(saved.rates)), idle_s)
            paths[one.pair] = known
        self._paths = paths
        self._queue = sorted((path.next_at, pair) for pair, path in paths.items())
        self._late &= paths.keys()
        self._undone = set(paths)
        self._planned = {obj.key: obj for obj in saved.shapers}
        self._rates = {key: rate for key, rate in self._rates.items() if key in self._planned}
        for weights in saved.weights:
            if self._saved.get(weights.bond) != weights:  # whoever changed it has made it true in the kernel, too
                self._dealt[weights.bond] = Dealt(weights, now)
        self._saved = {weights.bond: weights for weights in saved.weights}
        self._dealt = {bond: dealt for bond, dealt in self._dealt.items() if bond in self._saved}
        self._on_bond = {bond: {} for bond in self._saved}
        for path in paths.values():
            for bond in path.followed.bonds:
                self._on_bond.setdefault(bond, {})[path.followed.link] = path
        for target in {target for target, _source in paths}:
            try:
                self._ear.listen(target)
            except OSError as exc:
                self._complain([f"notes of other ends cannot be heard: {exc.strerror or exc}"])

    def wait_s(self, now: float) -> float | None:
        """How long nothing is due; None if nothing is followed."""
        if not self._queue and not self._is_left_over():
            return None
        return max(0.0, self._next_at() - now)

    def turn(self) -> Iterator[str]:
        """Take what has come, look at what is due, ask, and let follow what follows; what a person wants to know."""
        now = self._clock()
        if now < self._next_at():
            return
        for came in self._ear.come():
            path = self._paths.get((came.source, came.target))
            if path is not None and came.back:
                path.answered(came.note.sent_us, came.at)
            elif path is not None:
                path.heard(came.note, came.at)
        due = self._due(now)
        self._look(due, now)
        for pair in due:
            target, source = pair
            self._ear.send(source, target, self._paths[pair].probe(self._clock()))
            heappush(self._queue, (self._paths[pair].next_at, pair))
        yield from self._news(due)
        if due or self._is_left_over():
            self._follow({*due, *self._undone}, now)
        self._rest_until = max(self._rest_until, now + (self._clock() - now) * SPARED)

    def release(self) -> None:
        """Nobody measures any longer: all as saved again. EngineError if somebody else is at it."""
        with self._lock():
            self._shape({key: self._planned[key].attrs["rate"] for key in self._rates})
            for bond, dealt in self._dealt.items():
                if dealt.weights != self._saved[bond]:
                    self._hands.deal(dealt.weights, self._saved[bond], list(self._saved.values()))
            self._rates, self._dealt, self._paths, self._queue = {}, {}, {}, []
            self._hands.end()

    def end(self) -> None:
        """No more probes."""
        self._ear.close()
        self._hands.end()

    def _next_at(self) -> float:
        return max(self._queue[0][0] if self._queue else 0.0, self._rest_until)

    def _due(self, now: float) -> list[Pair]:
        found = []
        while self._queue and pace.is_due(self._queue[0][0], now):
            found.append(heappop(self._queue)[1])
        return found

    def _look(self, due: Sequence[Pair], now: float) -> None:
        counts = self._hands.counts({counter for pair in due for counter in self._paths[pair].followed.counters})
        for pair in due:
            counters = self._paths[pair].followed.counters
            found = [(counter, counts[counter]) for counter in counters if counter in counts]
            sent = sum(count.sent_bytes + counter.overhead * count.sent_packets for counter, count in found)
            received = sum(count.received_bytes + counter.overhead * count.received_packets for counter, count in found)
            self._paths[pair].look(now, sent, received)

    def _news(self, due: Sequence[Pair]) -> Iterator[str]:
        for pair in due:
            path = self._paths[pair]
            if path.state == STALLED and pair not in self._late:
                self._late.add(pair)
                name = path.followed.name
                yield f"link {name}: more than a second late: nothing is sent over it by weight until it is in time"
            elif path.state != STALLED and pair in self._late:
                self._late.discard(pair)
                yield f"link {path.followed.name}: in time again"
        yield from self._said
        self._said = []

    def _is_left_over(self) -> bool:
        """Whether something is other than saved that nobody follows any longer."""
        return not self._paths and bool(self._rates or self._odd_bonds())

    def _odd_bonds(self) -> list[str]:
        return [
            bond for bond, one in self._dealt.items() if not self._on_bond[bond] and one.weights != self._saved[bond]
        ]

    def _follow(self, pairs: Collection[Pair], now: float) -> None:
        paths = [self._paths[pair] for pair in pairs]
        rates = {**self._back(), **self._rates_due(paths)}
        dealt = self._dealt_due(paths, now)
        if rates or dealt:
            try:
                with self._lock():
                    self._shape(rates)
                    for bond, one in dealt.items():
                        self._deal(bond, one)
                    self._hands.tell(self.told)
            except EngineError:  # a run of a module has the lock: at the next turn, then
                self._undone |= set(pairs)
                self._rest_until = now + BUSY_S
                return
        self._undone.clear()
        rest = TELL_PER_LINK_S * len(self._paths)
        if now >= self._told_at + (rest if dealt else max(IDLE_S, rest)):  # weights and what is said of links agree
            self._hands.tell_links([link(path) for path in self._paths.values()])
            self._told_at = now

    def _deal(self, bond: str, coming: Dealt) -> None:
        before = self._dealt[bond]
        self._dealt[bond] = coming
        try:
            everything = [dealt.weights for dealt in self._dealt.values()]
            self._hands.deal(before.weights, coming.weights, everything)
        except EngineError as exc:
            self._dealt[bond] = Dealt(before.weights, coming.since, coming.out)
            self._complain(exc.problems)

    def _complain(self, problems: Iterable[str]) -> None:
        """Each once only, as it would come several times a second."""
        self._said += [problem for problem in problems if problem not in self._complaints]
        self._complaints.update(problems)

    def _shape(self, rates: Mapping[Key, str]) -> None:
        """Make shapers have these rates. One that is not there will have its rate when it is made."""
        try:
            self._hands.shape([(self._planned[key], rate) for key, rate in rates.items()])
        except KernelError as exc:
            self._complain([f"not all shapers took their rates: {exc.reason}"])
        for key, rate in rates.items():
            if rate == self._planned[key].attrs["rate"]:
                self._rates.pop(key, None)
            else:
                self._rates[key] = rate

    def _rates_due(self, paths: Iterable[Path]) -> dict[Key, str]:
        found = {}
        for path in paths:
            for key, wanted in _rates_of(path, self._planned):
                text = self._planned[key].attrs["rate"]
                now, planned = kbit(self._rates.get(key, text)), kbit(text)
                if abs(wanted - planned) < planned * SHAPER_STEP:
                    wanted = planned
                if abs(wanted - now) >= now * SHAPER_STEP or (wanted == planned != now):
                    found[key] = text if wanted == planned else units.rate_text(wanted * 1000)
        return found

    def _back(self) -> dict[Key, str]:
        """Of shapers that nobody follows any longer, what is planned."""
        if not self._rates:
            return {}
        followed = {shaper.key for path in self._paths.values() for shaper in path.followed.shapers}
        return {key: self._planned[key].attrs["rate"] for key in self._rates if key not in followed}

    def _dealt_due(self, paths: Iterable[Path], now: float) -> dict[str, Dealt]:
        found = {bond: Dealt(self._saved[bond], now) for bond in self._odd_bonds()}
        for bond in {bond for path in paths for bond in path.followed.bonds if bond in self._saved}:
            dealt = self._dealt[bond]
            coming, out = measured(self._saved[bond], self._on_bond[bond], dealt.weights)
            if is_due(dealt, coming, out, now):
                found[bond] = Dealt(coming, now, out)
        return found


def _rates_of(path: Path, planned: Mapping[Key, Obj]) -> Iterator[tuple[Key, int]]:
    """Keys of shapers that follow a link and have a rate to follow, with their rates in kbit/s."""
    for shaper in path.followed.shapers:
        one = planned.get(shaper.key)
        if one is not None and kbit(one.attrs.get("rate", units.UNLIMITED)):
            yield shaper.key, max(round(path.direction.rate * shaper.share / 100_000), 1)


def kbit(rate: str) -> int:
    """Of a rate as shapers have it; 0 for none."""
    return round(units.byte_rate(rate) * 8 / 1000)
