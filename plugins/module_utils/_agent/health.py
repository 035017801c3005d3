# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether links answer: pure, over pings sent, answers and times.

A link that has never answered counts as silent after as many lost pings as one that has. An answer that comes late is
an answer: a slow link is not a dead one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine import pace

SEQUENCES = 1 << 16


@dataclass(frozen=True)
class Check:
    """What is to be asked of a link, ``lost`` and ``back`` in pings. ``ping``: ``next_hop``, or an address.

    With ``source``, one's own end of a leg, it is the leg's other end that is asked, through its carrier. That is
    only told: nothing is withdrawn for it. ``if_silent``: it is asked only while nothing is heard on the leg itself.
    """

    interface: str
    ping: str
    interval_s: float
    lost: int
    back: int
    fwmark: int = 0
    source: str = ""
    if_silent: bool = False


@dataclass
class _State:
    check: Check
    next_at: float
    since: float
    target: str = ""
    alive: bool | None = None
    missing: int = 0
    answers: int = 0
    waiting: bool = False
    resting: bool = False
    sequences: deque[int] = field(default_factory=deque)


@dataclass(frozen=True)
class Change:
    """A link has fallen silent, or answers again."""

    interface: str
    target: str
    alive: bool
    pings: int
    is_leg: bool = False


class Health:
    """Remembers, for each link that is checked, what has been answered."""

    def __init__(self) -> None:
        self._states: dict[str, _State] = {}
        self._sent: dict[int, str] = {}
        self._sequence = 0

    def concern(self, checks: Sequence[Check], now: float, last: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """The checks that saved state asks for. ``last``: what a former agent knew; only what is new looks at it."""
        states = {}
        for number, check in enumerate(checks):
            known = self._states.get(check.interface)
            if known and known.check == check:
                states[check.interface] = known
                continue
            before = (last or {}).get(check.interface, {})
            alive = known.alive if known else before.get("alive")
            since = known.since if known else before.get("since", now)
            target = known.target if known else before.get("target", "")
            first_at = pace.first(now, check.interval_s, number, len(checks))
            states[check.interface] = _State(check, first_at, since, target, alive, resting=check.if_silent)
        self._states = states
        self._sent = {number: name for number, name in self._sent.items() if name in states}

    def aim(self, targets: Mapping[str, str]) -> None:
        """The addresses to ask, by interface, as far as they are known."""
        for name, target in targets.items():
            if name in self._states:
                self._states[name].target = target

    def rest(self, silent: Collection[str], now: float) -> list[Change]:
        """Of those that are asked only ``if_silent`` leave the others alone; those that are thereby heard again."""
        found = []
        for name, state in self._states.items():
            resting = state.check.if_silent and name not in silent
            if resting and not state.resting:
                if state.alive is False:
                    found.append(Change(name, state.target, True, state.answers, True))
                self._forget(state, now)
            elif state.resting and not resting:
                state.next_at = now
            state.resting = resting
        return found

    def alive(self, name: str) -> bool | None:
        """Whether it answers; None if that is not known."""
        state = self._states.get(name)
        return state.alive if state else None

    def due(self, now: float) -> list[tuple[Check, str, int]]:
        """Pings that are to leave now: of which check, to which address, with which sequence number."""
        found = []
        for name, state in self._states.items():
            if not state.target or state.resting or not pace.is_due(state.next_at, now):
                continue
            self._count_missing(state, now)
            state.next_at = pace.again(state.next_at, now, state.check.interval_s)
            state.waiting = True
            self._sequence = (self._sequence + 1) % SEQUENCES
            state.sequences.append(self._sequence)
            self._sent[self._sequence] = name
            while len(state.sequences) > state.check.lost:
                self._sent.pop(state.sequences.popleft(), None)
            found.append((state.check, state.target, self._sequence))
        return found

    def answered(self, sequence: int, now: float) -> Change | None:
        """An answer; what it changes."""
        name = self._sent.pop(sequence, None)
        if name is None:
            return None
        state = self._states[name]
        state.waiting = False
        state.missing = 0
        state.answers += 1
        if state.alive is None:
            state.alive, state.since = True, now
        elif not state.alive and state.answers >= state.check.back:
            state.alive, state.since = True, now
            return Change(name, state.target, True, state.answers, bool(state.check.source))
        return None

    def changes(self, now: float) -> list[Change]:
        """Links that have just fallen silent: all that was asked for is lost."""
        found = []
        for name, state in self._states.items():
            if state.alive is not False and state.missing >= state.check.lost:
                state.alive, state.since, state.answers = False, now, 0
                found.append(Change(name, state.target, False, state.missing, bool(state.check.source)))
        return found

    def wait_s(self, now: float) -> float | None:
        """How long until the next ping; None if there is nobody to ask."""
        times = [state.next_at for state in self._states.values() if state.target and not state.resting]
        return max(0.0, min(times) - now) if times else None

    def links(self) -> dict[str, dict[str, Any]]:
        """As ``_persist.silence`` tells it."""
        return {
            name: {
                "target": state.target,
                "alive": state.alive,
                "since": state.since,
                "withdraws": not state.check.source,
            }
            for name, state in self._states.items()
        }

    def silent(self) -> dict[str, str]:
        """Links that do not answer, by interface -> the address that was asked."""
        states = self._states.items()
        return {name: state.target for name, state in states if state.alive is False and not state.check.source}

    def _forget(self, state: _State, now: float) -> None:
        for number in state.sequences:
            self._sent.pop(number, None)
        state.sequences.clear()
        state.alive, state.since, state.missing, state.answers, state.waiting = None, now, 0, 0, False

    @staticmethod
    def _count_missing(state: _State, now: float) -> None:
        if state.waiting:
            state.missing += 1
            state.answers = 0
