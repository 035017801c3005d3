# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring back what was saved, as far as it goes now: the engine's want + have -> steps, with a boot's patience.

A module undoes everything if one step fails, since a person is there to read why. At boot nobody is, and one
missing modem must not keep the other links down: what can be done is done, and what is left is said with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from .._engine import reconcile
from .._engine.errors import EngineError, KernelError
from .._engine.objects import Key, Obj, Step
from .._engine.planner import Kinds, named, plan_steps
from .._engine.render import sentence
from .._engine.tables import Kind
from .._kinds.route import LEARN


class Kernel(reconcile.Kernel, Protocol):
    """What the agent needs of a kernel besides."""

    def learn_next_hops(self, want: Sequence[Obj], timeout_s: float, check: bool) -> list[Obj]:
        """The objects with the next hops that the node knows now."""

    def peers(self) -> Mapping[str, str]:
        """Name -> the address of the other end, of point-to-point interfaces."""

    def interfaces(self) -> Mapping[str, tuple[int, bool]]:
        """Name -> index and whether it is up, of all interfaces as they are now."""


Prepare = Callable[[Kernel, Sequence[Obj]], Sequence[Obj]]


@dataclass(frozen=True)
class Open:
    """Something saved that is not, or not wholly, there. ``devices``: those whose coming could change that."""

    obj: Obj
    called: str
    reason: str
    devices: frozenset[str] = frozenset()
    lease: bool = False

    def __str__(self) -> str:
        return f"{self.called}: {self.reason}"


@dataclass
class Result:
    """What was done, one sentence a step, the uplinks that were brought up, and what is left."""

    done: list[str] = field(default_factory=list)
    raised: set[str] = field(default_factory=set)
    left: list[Open] = field(default_factory=list)


def converge(kernel: Kernel, kinds: Kinds, prepare: Prepare, want: Sequence[Obj], *, act: bool = True) -> Result:
    """Make as much of ``want`` true as can be; without ``act`` only say what is missing. KernelError if the kernel
    cannot be read.
    """
    ready, left = _prepared(kernel, kinds, prepare, want)
    have = kernel.read(kinds, ready, purge=False)
    ready, waiting = possible(ready, kinds, kernel.devices())
    ready, blocked = _admissible(kernel, kinds, ready, have)
    result = Result(left=[*left, *waiting, *blocked])
    steps = plan_steps(ready, have, kinds)
    refusals = _apply(kernel, kinds, steps, result) if act else {}
    if steps and act:
        steps = plan_steps(ready, kernel.read(kinds, ready, purge=False), kinds)
    wanted = {obj.key: obj for obj in ready}
    for step in steps:
        missing = "it is missing" if step.op == "create" else f"not as saved, to do: {sentence(step, kinds)}"
        reason = refusals.get(step.key) or missing
        result.left.append(_open(wanted[step.key], kinds, reason))
    return result


def remove(kernel: Kernel, kinds: Kinds, unwanted: Sequence[Obj], result: Result) -> None:
    """Take away what is ours of these, as far as the kernel lets us; adds to ``result``."""
    have = {key: obj for key, obj in kernel.read(kinds, unwanted, purge=False).items() if obj.owned}
    ours = [obj for obj in unwanted if obj.key in have]
    refusals = _apply(kernel, kinds, plan_steps(ours, have, kinds, state="absent"), result)
    called = {obj.key: obj for obj in ours}
    result.left += [_open(called[key], kinds, f"is to be away: {reason}") for key, reason in refusals.items()]


def possible(want: Sequence[Obj], kinds: Kinds, there: Collection[str]) -> tuple[list[Obj], list[Open]]:
    """Objects as far as the interfaces that are there allow: a bond without the port that is missing, but no route over
    a missing modem, nor one whose next hop nobody has said yet.
    """
    ready: list[Obj] = []
    left: list[Open] = []
    for obj in want:
        attrs, spared, needed = _reduced(kinds[obj.kind], obj.attrs, there)
        missing = frozenset({*spared, *needed})
        if missing:
            verb = "does" if len(missing) == 1 else "do"
            left.append(_open(obj, kinds, f"{', '.join(sorted(missing))} {verb} not exist", missing))
        elif attrs.get("via") == LEARN:
            device = attrs["device"]
            reason = f"no next hop learnt from {device} yet, no DHCP lease"
            left.append(_open(obj, kinds, reason, frozenset({device}), lease=True))
            continue
        if not needed:
            ready.append(replace(obj, attrs=attrs))
    return ready, left


def _reduced(kind: Kind, attrs: Mapping[str, Any], there: Collection[str]) -> tuple[dict[str, Any], set[str], set[str]]:
    """Attributes without interfaces that are missing, those that can be spared, and those that cannot."""
    result = dict(attrs)
    spared: set[str] = set()
    needed: set[str] = set()
    single = [attr.name for attr in kind.attrs if attr.devices and isinstance(attrs.get(attr.name), str)]
    for attr in sorted(kind.attrs, key=lambda attr: not attr.devices):
        if attr.name in single or not named(attr, attrs.get(attr.name)):
            continue
        parts = [(part, set(named(attr, (part,)))) for part in attrs[attr.name]]
        result[attr.name] = tuple(part for part, names in parts if names <= set(there))
        missing = {name for _part, names in parts for name in names - set(there)}
        # A bond does without its ports and what is said of them, a route not without all of its next hops.
        (spared if attr.devices or result[attr.name] or missing <= spared else needed).update(missing)
    for name in single:
        if attrs[name] in spared:  # a bond's primary is one of its ports
            del result[name]
        elif attrs[name] and attrs[name] not in there:
            needed.add(attrs[name])
    return result, spared, needed


def _open(obj: Obj, kinds: Kinds, reason: str, devices: frozenset[str] = frozenset(), *, lease: bool = False) -> Open:
    return Open(obj, kinds[obj.kind].call(obj.attrs), reason, devices, lease)


def _prepared(kernel: Kernel, kinds: Kinds, prepare: Prepare, want: Sequence[Obj]) -> tuple[list[Obj], list[Open]]:
    """With what only the node knows; one by one if there is anything wrong with any of them."""
    try:
        return list(prepare(kernel, want)), []
    except EngineError:
        pass
    ready: list[Obj] = []
    left = []
    for obj in want:
        try:
            ready += prepare(kernel, [obj])
        except EngineError as exc:
            left.append(_open(obj, kinds, "; ".join(exc.problems)))
    return ready, left


def _admissible(
    kernel: Kernel, kinds: Kinds, want: Sequence[Obj], have: Mapping[Key, Obj]
) -> tuple[list[Obj], list[Open]]:
    """Objects against which nothing stands: no link of somebody else with that name, no port that belongs elsewhere."""

    def objections(some: Sequence[Obj]) -> list[str]:
        try:
            plan_steps(some, have, kinds)
        except EngineError as exc:
            return exc.problems
        return kernel.objections(some)

    if not objections(want):
        return list(want), []
    told = [(obj, objections([obj])) for obj in want]
    ready = [obj for obj, problems in told if not problems]
    return ready, [_open(obj, kinds, "; ".join(problems)) for obj, problems in told if problems]


def _apply(kernel: Kernel, kinds: Kinds, steps: Sequence[Step], result: Result) -> dict[Key, str]:
    refusals = {}
    for step in steps:
        try:
            kernel.apply(step, kinds)
        except KernelError as exc:
            refusals[step.key] = exc.reason
        else:
            result.done.append(sentence(step, kinds))
            if step.key[0] == "uplink" and step.obj.attrs.get("up"):
                result.raised.add(step.key[1])
    return refusals
