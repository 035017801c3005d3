# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The links that are checked, as the watching agent has them: pings out, answers in, and what that changes."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .._kinds.withdraw import Silent
from .._persist.silence import Report
from .frames import Frames
from .health import Change, Check, Health
from .legs import Bond, Legs, Seen
from .prober import Prober

FALLEN_SILENT = "no leg is heard any longer: policies pass over it"
HEARD_AGAIN = "policies use it again"


class Known(Protocol):
    """What a look asks of links, and tells."""

    def concern(self, checks: Sequence[Check], bonds: Sequence[Bond]) -> None:
        """The checks that saved state asks for, and the bonds whose legs are looked after."""

    def aim(self, targets: Mapping[str, str]) -> None:
        """The addresses to ask, by interface, as far as they are known."""

    def silent(self) -> Silent:
        """Interfaces that do not answer -> the address that was asked, of bonds LEGS."""


class Told:
    """Links as another process tells of them; ``silent`` asks it."""

    def __init__(self, silent: Callable[[], Silent] = dict) -> None:
        self.silent = silent

    def concern(self, checks: Sequence[Check], bonds: Sequence[Bond]) -> None:
        """They are the other one's."""

    def aim(self, targets: Mapping[str, str]) -> None:
        """So are these."""


@dataclass(frozen=True)
class News:
    """Something to say, and the devices to look at because of it."""

    sentence: str
    devices: frozenset[str]


class Links:
    """Asks, counts, and keeps the report for others up to date."""

    def __init__(self, report: Report, prober: Prober, frames: Frames, seen: Seen, clock: Callable[[], float]) -> None:
        self._report = report
        self._prober = prober
        self._frames = frames
        self._clock = clock
        self._health = Health()
        self._legs = Legs(seen, self._health.alive)
        self._last = report.last()

    @property
    def sockets(self) -> list[socket.socket]:
        """For select."""
        return self._prober.sockets

    def concern(self, checks: Sequence[Check], bonds: Sequence[Bond]) -> None:
        """See Known."""
        self._health.concern(checks, self._clock(), self._last)
        self._legs.concern(bonds, self._clock())
        self._last = {}
        self._tell()

    def aim(self, targets: Mapping[str, str]) -> None:
        """See Known."""
        self._health.aim(targets)

    def silent(self) -> Silent:
        """See Known."""
        return {**self._health.silent(), **self._legs.silent_bonds()}

    def wait_s(self, now: float) -> float | None:
        """How long until there is something to ask or to look at."""
        times = [self._health.wait_s(now), self._legs.wait_s(now)]
        return min((time for time in times if time is not None), default=None)

    def turn(self) -> Iterator[News]:
        """Take the answers that have come, look at legs, then ask whom it is time to ask; what is new."""
        now = self._clock()
        changes = [self._health.answered(sequence, now) for sequence in self._prober.answers()]
        bonds = self._legs.look(now)
        changes += self._health.rest(self._legs.silent(), now)
        for leg in self._legs.due():
            self._frames.send(leg)
        for check, target, sequence in self._health.due(now):
            self._prober.send(check.interface, target, sequence, check.fwmark, check.source)
        changes += self._health.changes(now)
        self._tell()
        for change in changes:
            if change:
                yield News(sentence(change), frozenset() if change.is_leg else frozenset({change.interface}))
        for bond, silent in bonds:
            yield News(f"bond {bond}: {FALLEN_SILENT if silent else HEARD_AGAIN}", frozenset({bond}))

    def release(self) -> frozenset[str]:
        """Nobody asks any longer: the links that did not answer, to be taken for good ones again."""
        devices = frozenset(self.silent())
        self._health.concern([], self._clock())
        self._legs.concern([], self._clock())
        return devices

    def end(self) -> None:
        """No more pings, nothing more to tell."""
        self._prober.close()
        self._frames.close()
        self._report.end()

    def _tell(self) -> None:
        self._report.tell({**self._health.links(), **self._legs.bonds()})


def sentence(change: Change) -> str:
    """For the journal."""
    pings = f"{change.pings} {'ping' if change.pings == 1 else 'pings'}"
    if change.is_leg:
        answers = f"answers again ({pings})" if change.pings else "is heard again"
        verdict = answers if change.alive else f"does not answer ({pings} lost)"
        return f"leg {change.interface}: its other end {change.target} {verdict}"
    if change.alive:
        return f"link {change.interface}: {change.target} answers again ({pings}): its routes come back"
    return f"link {change.interface}: {change.target} does not answer ({pings} lost): its routes are withdrawn"
