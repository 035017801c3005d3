# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply, read back, verify; undo what was done if a step fails. The one path of every module."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .errors import EngineError, KernelError
from .objects import Key, Obj, Step, invert
from .planner import Kinds, differing, plan_steps, referenced_devices
from .render import diff, listing, sentence


class Kernel(Protocol):
    """What the engine needs of a kernel; the netlink adapter has it, and so has the tests' fake."""

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> Mapping[Key, Obj]:
        """The wanted objects that exist, whoever owns them, and, of these kinds, all of ours."""

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """What stands against these wishes on this node, as of the last read."""

    def devices(self) -> Collection[str]:
        """Names of all interfaces, as of the last read."""

    def apply(self, step: Step, kinds: Kinds, *, undo: bool = False) -> None:
        """Do it. KernelError if the kernel refuses; with ``undo`` what is gone already is no error."""


@dataclass(frozen=True)
class Outcome:
    """What a module returns."""

    steps: list[str]
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    diff: dict[str, str]

    @property
    def changed(self) -> bool:
        """True if anything was, or in check mode would be, done."""
        return bool(self.steps)

    def result(self) -> dict[str, Any]:
        """As keyword arguments of ``exit_json``."""
        return {
            "changed": self.changed,
            "before": self.before,
            "after": self.after,
            "diff": self.diff,
            "steps": self.steps,
        }


def reconcile(
    kernel: Kernel,
    kinds: Kinds,
    want: Sequence[Obj],
    *,
    state: str = "present",
    purge: bool = False,
    check: bool = False,
) -> Outcome:
    """Make ``want`` true. EngineError lists what stands against it; after one, the node is as it was before."""
    have = kernel.read(kinds, want, purge=purge)
    steps = plan_steps(want, have, kinds, purge=purge, state=state)
    if state == "present":
        _refuse_impossible(kernel, kinds, want, steps, check)
    outcome = _outcome(steps, want, have, kinds)
    if steps and not check:
        _apply(kernel, kinds, steps, have)
        _verify(kernel, kinds, want, purge=purge, state=state)
    return outcome


def _outcome(steps: Sequence[Step], want: Sequence[Obj], have: Mapping[Key, Obj], kinds: Kinds) -> Outcome:
    shown = {obj.key for obj in want} | {step.key for step in steps}
    before = {key: obj for key, obj in have.items() if key in shown}
    after = dict(before)
    for step in steps:
        if step.after:
            after[step.key] = step.after
        else:
            after.pop(step.key, None)
    texts = [sentence(step, kinds) for step in steps]
    return Outcome(texts, listing(before.values(), kinds), listing(after.values(), kinds), diff(steps, kinds))


def _refuse_impossible(kernel: Kernel, kinds: Kinds, want: Sequence[Obj], steps: Sequence[Step], check: bool) -> None:
    made = {step.key[1] for step in steps if step.op == "create" and step.key[0] == "link"}
    gone = {step.key[1] for step in steps if step.op == "delete" and step.key[0] == "link"}
    there = made.union(kernel.devices()) - gone
    problems = []
    for name, users in sorted(referenced_devices(want, kinds).items()):
        foreign = any(not kinds[obj.kind].creatable for obj in users)
        if name in there or (check and not foreign):
            continue
        called = [kinds[obj.kind].call(obj.attrs) for obj in users]
        more = f" and {len(called) - 3} more" if len(called) > 3 else ""
        problems.append(f"interface {name} does not exist on this node; needed by {', '.join(called[:3])}{more}")
    problems += kernel.objections(want)
    if problems:
        raise EngineError(problems)


def _apply(kernel: Kernel, kinds: Kinds, steps: Sequence[Step], have: Mapping[Key, Obj]) -> None:
    done: list[Step] = []
    for number, step in enumerate(steps, 1):
        try:
            kernel.apply(step, kinds)
        except KernelError as exc:
            undone = _undo(kernel, kinds, [*done, step], have)
            raise EngineError(
                [f"step {number} of {len(steps)}, {sentence(step, kinds)}: {exc.reason}. {undone}"]
            ) from exc
        done.append(step)


def _undo(kernel: Kernel, kinds: Kinds, done: Sequence[Step], have: Mapping[Key, Obj]) -> str:
    """Do the inverse steps, look whether it helped, and say so."""
    failures: list[str] = []
    pending = [invert(step) for step in reversed(done)]
    for _round in range(2):  # once more, as one may need what a later one brings back: a route its address
        failures, again = [], []
        for step in pending:
            try:
                kernel.apply(step, kinds, undo=True)
            except KernelError as exc:
                failures.append(f"{sentence(step, kinds)}: {exc.reason}")
                again.append(step)
        pending = again
    now = kernel.read(kinds, [step.obj for step in done], purge=True)
    failures += [
        f"{kinds[step.obj.kind].call(step.obj.attrs)} is not as it was"
        for step in done
        if not _alike(have.get(step.key), now.get(step.key), kinds)
    ]
    if failures:
        return f"What this run had done could not be undone completely: {'; '.join(failures)}"
    return "What this run had done is undone" if len(done) > 1 else "Nothing else was changed"


def _alike(before: Obj | None, now: Obj | None, kinds: Kinds) -> bool:
    if before is None or now is None:
        return before is now
    if before.kind != now.kind or now.kind not in kinds:
        return before.kind == now.kind
    return not differing(kinds[now.kind], before.attrs, now.attrs)


def _verify(kernel: Kernel, kinds: Kinds, want: Sequence[Obj], *, purge: bool, state: str) -> None:
    left = plan_steps(want, kernel.read(kinds, want, purge=purge), kinds, purge=purge, state=state)
    if left:
        raise EngineError(
            [
                f"read back after applying, the kernel shows something else: still to do is {sentence(step, kinds)}"
                for step in left
            ]
        )
