# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs of bonds, as their bonds see them: which of those that wait are to send, and which bonds no leg is heard of.

Pure, over states and times. Of an active-backup bond only the leg in use sends anything by itself. Over point-to-point
legs nothing would be heard on those that wait, and the ARP monitor would take them for dead until the one in use has
failed (bond_ab_arp_inspect in drivers/net/bonding/bond_main.c). Any frame that arrives on a leg that waits counts
(bond_rcv_validate), so both ends send one out of each, every arp_interval. They do it only where the leg is known to
work both ways: something is heard on it, or its other end answers pings through its carrier. Else a leg that works one
way only would be used at one end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine import pace
from .._kinds.withdraw import LEGS
from .._netlink.port_state import Port

Seen = Callable[[str], "Port | None"]


@dataclass(frozen=True)
class Bond:
    """A bond whose legs are looked after.

    ``keeps``: a frame leaves each leg that waits. ``watches``: the kernel watches the legs, else only pings tell of
    them. ``gives_way``: there are routes over it that are withdrawn while no leg is heard. ``asked``: legs whose other
    end can be pinged.
    """

    name: str
    ports: tuple[str, ...]
    interval_s: float
    keeps: bool
    watches: bool
    gives_way: bool
    asked: frozenset[str] = frozenset()


@dataclass
class _State:
    bond: Bond
    next_at: float
    since: float
    silent: bool = False
    seen: dict[str, Port] = field(default_factory=dict)
    due: bool = False


class Legs:
    """Remembers what was seen of each bond's legs. ``answers``: whether a leg's other end answers pings."""

    def __init__(self, seen: Seen, answers: Callable[[str], bool | None]) -> None:
        self._look_at = seen
        self._answers = answers
        self._states: dict[str, _State] = {}
        self._begins = True
        self._released: list[str] = []

    def concern(self, bonds: Sequence[Bond], now: float) -> None:
        """The bonds that saved state asks for. At first each is looked at at once, as all routes are about to be; of
        one that comes later, goes, or is another one now, the next look tells what is new.
        """
        states = {}
        for number, bond in enumerate(bonds):
            known = self._states.get(bond.name)
            if known and known.bond == bond:
                states[bond.name] = known
                continue
            state = _State(bond, pace.first(now, bond.interval_s, number, len(bonds)), now)
            if self._begins:
                self._see(state)
                state.silent = self._is_silent(state)
            elif known and known.bond.gives_way:
                state.silent, state.since = known.silent, known.since
            states[bond.name] = state
        giving = {name for name, state in states.items() if state.bond.gives_way}
        self._released += [name for name in self.silent_bonds() if name not in giving]
        self._states, self._begins = states, False

    def look(self, now: float) -> list[tuple[str, bool]]:
        """Look at the legs that it is time to look at; bonds that give way and are silent now, or not any longer."""
        found = [(name, False) for name in self._released]
        self._released = []
        for name, state in self._states.items():
            state.due = pace.is_due(state.next_at, now)
            if not state.due:
                continue
            state.next_at = pace.again(state.next_at, now, state.bond.interval_s)
            self._see(state)
            silent = self._is_silent(state)
            if silent != state.silent:
                state.silent, state.since = silent, now
                found += [(name, silent)] if state.bond.gives_way else []
        return found

    def due(self) -> Iterator[str]:
        """Legs that are to send a frame after this look."""
        for state in self._states.values():
            for name, port in state.seen.items() if state.due and state.bond.keeps else ():
                both_ways = port.heard or name not in state.bond.asked or self._answers(name)
                if port.waits and both_ways:
                    yield name

    def silent(self) -> frozenset[str]:
        """Legs that are there and not heard."""
        states = self._states.values()
        return frozenset(name for state in states for name, port in state.seen.items() if not port.heard)

    def silent_bonds(self) -> dict[str, str]:
        """Those that give way and have no leg that is heard, as ``_kinds.withdraw`` takes them."""
        return {name: LEGS for name, state in self._states.items() if state.silent and state.bond.gives_way}

    def bonds(self) -> dict[str, dict[str, Any]]:
        """As ``_persist.silence`` tells it."""
        return {
            name: {"target": LEGS, "alive": not state.silent, "since": state.since, "withdraws": True}
            for name, state in self._states.items()
            if state.bond.gives_way
        }

    def wait_s(self, now: float) -> float | None:
        """How long until the next look; None if there is no bond to look at."""
        return max(0.0, min(state.next_at for state in self._states.values()) - now) if self._states else None

    def _see(self, state: _State) -> None:
        ports = {name: self._look_at(name) for name in state.bond.ports}
        state.seen = {name: port for name, port in ports.items() if port is not None}

    def _is_silent(self, state: _State) -> bool:
        """Of a bond that has no leg at all nobody knows it: whatever takes it away takes its routes along."""
        if state.bond.watches:
            return bool(state.seen) and not any(port.heard for port in state.seen.values())
        return bool(state.bond.asked) and all(self._answers(name) is False for name in state.bond.asked)
