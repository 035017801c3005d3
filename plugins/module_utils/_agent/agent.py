# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores saved state and keeps what is left in mind until it can be done. What later watches and heals grows here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .._engine.errors import EngineError, KernelError
from .._engine.objects import Obj
from .._engine.planner import devices_of
from .._kinds import PARTS
from .._kinds.check import NEXT_HOP
from .._kinds.route import LEARN
from .._kinds.withdraw import split
from .._netlink import conntrack, nft
from .._persist.lock import WAIT_S
from .._rates.told import Told as ToldRates
from .._weights import table as weights_table
from .attention import Attention, Interfaces
from .converge import Kernel, Open, Result, converge, remove
from .links import Known, Told
from .saved import PREPARE, Saved, as_wanted

OpenKernel = Callable[[], AbstractContextManager[Kernel]]
OpenLock = Callable[[float], AbstractContextManager[None]]  # for how many seconds it is waited for


def load_table(family: str, name: str, content: str, act: bool) -> list[str]:
    """Make an nftables table be as saved; the steps. EngineError says what stands against it."""
    return nft.reconcile(nft.Nft(family, name), content, not act)["steps"]


class Rates(Protocol):
    """What a look asks of links whose rates are followed."""

    def concern(self, saved: Saved) -> None:
        """What saved state asks for now."""

    @property
    def told(self) -> ToldRates:
        """What is other than saved because of them."""


class AsTold:
    """Rates as another process tells of them; ``read`` asks it."""

    def __init__(self, read: Callable[[], ToldRates] = ToldRates) -> None:
        self._read = read

    def concern(self, saved: Saved) -> None:
        """That is the other one's."""

    @property
    def told(self) -> ToldRates:
        """See Rates."""
        return self._read()


class Agent:
    """Everything saved, and what of it is left to do."""

    def __init__(
        self,
        load: Callable[[], Saved],
        open_kernel: OpenKernel,
        lock: OpenLock,
        clock: Callable[[], float],
        table: Callable[[str, str, str, bool], list[str]] = load_table,
        forget: Callable[[int, int], None] = conntrack.forget,
        links: Known | None = None,
        rates: Rates | None = None,
    ) -> None:
        self._load = load
        self._open_kernel = open_kernel
        self._lock = lock
        self._clock = clock
        self._table = table
        self._forget = forget
        self._links = links or Told()
        self._rates = rates or AsTold()
        self.saved = Saved()
        self.left: dict[str, list[Open]] = {}
        self.table_problems: list[str] = []
        self.attention = Attention()
        self.withdrawn: list[str] = []  # routes of links that do not answer

    def reload(self) -> None:
        """Read saved state again, as a module's run may have changed it."""
        self.saved = self._load()
        self.attention.concern(self.saved.modems, self.saved.learners)
        self._links.concern(self.saved.checks, self.saved.bonds)
        self._rates.concern(self.saved)

    def look(self, devices: frozenset[str] | None = None, *, act: bool = True, wait_s: float = WAIT_S) -> list[str]:
        """Bring back what is missing: everything, or what names one of these devices or was left before.

        Returns what was done, one sentence a step. Busy if another one keeps the lock for so long, KernelError if the
        kernel cannot be read.
        """
        done: list[str] = []
        with self._lock(wait_s):
            self.reload()
            if devices is None or self.table_problems:
                done += self._tables(act)
            with self._open_kernel() as kernel:
                # As they are before, but for our own work: what comes meanwhile is to be heard of, not known already.
                interfaces = dict(kernel.interfaces())
                self._links.aim(self._targets(kernel))
                self.withdrawn = []
                for part, want in self.saved.parts.items():
                    result = self._part(kernel, part, self._chosen(part, want, devices), act)
                    done += result.done
                    self.left[part] = result.left
                    interfaces |= {name: (interfaces[name][0], True) for name in result.raised & interfaces.keys()}
            self._settle(interfaces)
        return done

    def leases_come(self) -> None:
        """Look whether a next hop that something waits for is known by now."""
        waiting = [open_.obj for open_ in self.all_left() if open_.lease]
        if not waiting:
            return
        with self._open_kernel() as kernel:
            for obj in kernel.learn_next_hops(waiting, 0, True):
                if obj.attrs["via"] != "learn":
                    self.attention.touch(obj.attrs["device"], self._clock())

    def lost_events(self) -> list[str]:
        """Some were lost: compare what there is with what was known; what a person wants to know."""
        with self._open_kernel() as kernel:
            return self.attention.compare(kernel.interfaces(), self._clock())

    def all_left(self) -> list[Open]:
        """What is left of all parts."""
        return [open_ for some in self.left.values() for open_ in some]

    def complaints(self) -> list[str]:
        """Everything that is not as saved, one sentence each."""
        return [*self.saved.problems, *self.table_problems, *map(str, self.all_left())]

    def summary(self) -> str:
        """One line for a person."""
        complaints = self.complaints()
        if not complaints:
            return f"all that is saved is there ({self.saved.counts()})"
        return f"{len(complaints)} of what is saved ({self.saved.counts()}) not there, first: {complaints[0]}"

    def _part(self, kernel: Kernel, part: str, want: Sequence[Obj], act: bool) -> Result:
        """Of links that do not answer, what leads over them is to be away, and not missing. Shapers that follow what
        links carry have the rates that they have.
        """
        staying, going = split(want, self._links.silent())
        if part == "shapers":
            staying = self._rates.told.shaped(staying)[0]
        self.withdrawn += [PARTS[part][obj.kind].call(obj.attrs) for obj in going]
        result = converge(kernel, PARTS[part], PREPARE.get(part, as_wanted), staying, act=act) if staying else Result()
        if act and going:
            before = len(result.done)
            remove(kernel, PARTS[part], going, result)
            if len(result.done) > before:
                self._forget_flows(going, result)
        return result

    def _forget_flows(self, going: Sequence[Obj], result: Result) -> None:
        """Connections that went over routes that have given way: what they get from now on, they get as new ones."""
        marks = {(obj.attrs.get("flow_mark"), obj.attrs.get("flow_mask")) for obj in going}
        for mark, mask in sorted((mark, mask) for mark, mask in marks if mark and mask):
            try:
                self._forget(mark, mask)
            except KernelError as exc:
                result.done.append(f"connections with mark {mark:#x} are not forgotten: {exc.reason}")

    def _targets(self, kernel: Kernel) -> dict[str, str]:
        """Whom to ask of each link that is checked: who was said, else a next hop over it, else its peer."""
        found = {}
        routes = [obj for obj in self.saved.parts.get("link_routes", ()) if obj.kind == "route"]
        for check in self.saved.checks:
            if check.ping != NEXT_HOP:
                found[check.interface] = check.ping
                continue
            over = [obj for obj in routes if obj.attrs.get("device") == check.interface and obj.attrs.get("via")]
            over.sort(key=lambda obj: obj.attrs["via"] == LEARN)
            for obj in kernel.learn_next_hops(over[:1], 0, True):
                if obj.attrs["via"] != LEARN:
                    found[check.interface] = obj.attrs["via"]
        if any(check.interface not in found for check in self.saved.checks):
            found = {**kernel.peers(), **found}
        return found

    def _chosen(self, part: str, want: Sequence[Obj], devices: frozenset[str] | None) -> Sequence[Obj]:
        if devices is None:
            return want
        keys = {open_.obj.key for open_ in self.left.get(part, ())}
        return [obj for obj in want if obj.key in keys or not devices.isdisjoint(devices_of(obj, PARTS[part]))]

    def _tables(self, act: bool) -> list[str]:
        steps: list[str] = []
        self.table_problems = []
        for item in self.saved.tables:
            try:
                found = self._table(item["family"], item["name"], self._content(item), act)
            except EngineError as exc:
                self.table_problems += exc.problems
                continue
            if act:
                steps += found
            else:
                self.table_problems += [f"to do: {step}" for step in found]
        return steps

    def _content(self, item: Mapping[str, Any]) -> str:
        """As saved, but for weights that follow what links carry."""
        if (item["family"], item["name"]) == (weights_table.FAMILY, weights_table.NAME) and self.saved.weights:
            return weights_table.content(self._rates.told.dealt(self.saved.weights))
        return item["content"]

    def _settle(self, interfaces: Interfaces) -> None:
        left = self.all_left()
        modems = self.saved.modems
        awaited = {name for open_ in left for name in open_.devices if name in modems}
        retry = bool(self.table_problems) or any(not open_.devices <= awaited for open_ in left)
        retry = retry or any(not open_.devices for open_ in left)
        self.attention.settle(interfaces, awaited, self._clock(), retry=retry)
