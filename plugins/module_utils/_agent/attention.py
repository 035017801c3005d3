# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When to look again: pure, over events and times. Nothing happens but for devices that saved state names.

What exists is left to whoever changed it. A look is due when a modem has appeared, has come up again (the kernel drops
its routes when it goes down) or has a new address (its lease may tell another next hop), and for what is still left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

DEBOUNCE_S = 1.0
LONGEST_S = 5.0  # events that never stop do not put a look off for longer
LEASE_S = 2.0
RETRY_S = 30.0
BUSY_S = 0.3  # until it is tried again while a run of a module goes on


@dataclass(frozen=True)
class LinkEvent:
    """An interface as it is now, or has gone."""

    index: int
    name: str
    up: bool
    gone: bool = False


@dataclass(frozen=True)
class AddressEvent:
    """An interface has got an address."""

    index: int


Event: TypeAlias = "LinkEvent | AddressEvent"
Interfaces = Mapping[str, tuple[int, bool]]


class Attention:
    """Remembers the modems' last state and what has happened to them since the last look."""

    def __init__(self) -> None:
        self._modems: frozenset[str] = frozenset()
        self._learners: frozenset[str] = frozenset()
        self._awaited: frozenset[str] = frozenset()
        self._known: dict[str, tuple[int, bool]] = {}
        self._touched: set[str] = set()
        self._first = self._last = 0.0
        self._retry_at: float | None = None

    def settle(self, interfaces: Interfaces, awaited: Collection[str], now: float, *, retry: bool) -> None:
        """After a look: the interfaces as they were before it, the modems that something still waits for, and whether
        there is something left that no event will announce.
        """
        self._known = {name: state for name, state in interfaces.items() if name in self._modems}
        self._awaited = frozenset(awaited)
        self._retry_at = now + RETRY_S if retry else None

    def concern(self, modems: frozenset[str], learners: frozenset[str]) -> None:
        """The devices that saved state names, which a module's run can change."""
        self._modems, self._learners = modems, learners

    def heard(self, event: Event, now: float) -> str:
        """Take note of an event; a sentence if a person wants to know."""
        if isinstance(event, AddressEvent):
            name = next((name for name, (index, _up) in self._known.items() if index == event.index), "")
            if name in self._awaited or name in self._learners:
                self.touch(name, now)
            return ""
        if event.name not in self._modems:
            return ""
        before = self._known.get(event.name)
        if event.gone:
            self._known.pop(event.name, None)
            return f"{event.name} has gone" if before else ""
        self._known[event.name] = (event.index, event.up)
        appeared = before is None or before[0] != event.index
        if before and before[1] and not event.up:
            self._touched.discard(event.name)  # whoever sets it down is not fought
        if appeared or (event.up and before and not before[1]):
            self.touch(event.name, now)
        return f"{event.name} has appeared" if appeared else ""

    def compare(self, interfaces: Interfaces, now: float) -> list[str]:
        """As ``heard``, after events were lost: from the interfaces that there are."""
        lost = [LinkEvent(index, name, False, gone=True) for name, (index, _up) in self._known.items()]
        events = [event for event in lost if event.name not in interfaces]
        events += [LinkEvent(index, name, up) for name, (index, up) in interfaces.items()]
        return [words for words in (self.heard(event, now) for event in events) if words]

    def touch(self, name: str, now: float) -> None:
        """A look at this device is due, once it has been quiet for a moment."""
        if not self._touched:
            self._first = now
        self._touched.add(name)
        self._last = now

    def postpone(self, devices: Collection[str], now: float, wait_s: float = RETRY_S) -> None:
        """A look could not be taken: try again later."""
        for name in devices:
            self.touch(name, now + wait_s - DEBOUNCE_S)
        self._retry_at = now + wait_s

    def due(self, now: float) -> frozenset[str] | None:
        """The devices to look at now (none: only at what is left), or None."""
        at = self._look_at()
        if at is not None and now >= at:
            devices = frozenset(self._touched)
            self._touched.clear()
            return devices
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = now + RETRY_S
            return frozenset()
        return None

    def wait_s(self, now: float) -> float | None:
        """How long nothing is due if nothing happens; None is for ever."""
        times = [at for at in (self._look_at(), self._retry_at) if at is not None]
        return max(0.0, min(times) - now) if times else None

    def _look_at(self) -> float | None:
        return min(self._last + DEBOUNCE_S, self._first + LONGEST_S) if self._touched else None
