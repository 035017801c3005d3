# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, plan, apply, read back, verify; undo what was done if a step fails. The one path of every module."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import EngineError
from .kernel import Kernel
from .objects import Key, Obj, Step
from .order import Kinds
from .planner import plan_steps, referenced_devices
from .render import diff, listing, reason, sentence, unfulfilled
from .undo import undo


@dataclass(frozen=True)
class Outcome:
    """What a module returns: ``before`` has what the steps change or remove, ``after`` all that was listed."""

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


@dataclass(frozen=True)
class _Wish:
    """What is wanted, and how far the run may go for it."""

    objects: Sequence[Obj]
    state: str
    purge: bool
    adopt: bool

    def read(self, kernel: Kernel, kinds: Kinds) -> Mapping[Key, Obj]:
        """What there is of it."""
        return kernel.read(kinds, self.objects, purge=self.purge)

    def steps(self, have: Mapping[Key, Obj], kinds: Kinds) -> list[Step]:
        """What there is to do."""
        return plan_steps(self.objects, have, kinds, purge=self.purge, state=self.state, adopt=self.adopt)


def reconcile(
    kernel: Kernel,
    kinds: Kinds,
    want: Sequence[Obj],
    *,
    state: str = "present",
    purge: bool = False,
    adopt: bool = False,
    check: bool = False,
    late: Collection[str] = (),
    stopped: Callable[[], str] = str,
    confirm: Callable[[], object] = str,
) -> Outcome:
    """Make ``want`` true. EngineError lists what stands against it; after one, the node is as it was before.

    ``late`` are interfaces that somebody else will have made until a check's steps are done in earnest.
    ``stopped`` says who asked to stop (a signal), or nothing; it is asked before each step. ``confirm`` is called when
    all of it is there, and raises EngineError if that is not good for what it is for.
    """
    wish = _Wish(want, state, purge, adopt)
    have = wish.read(kernel, kinds)
    steps = wish.steps(have, kinds)
    if state == "present":
        _refuse_impossible(kernel, kinds, want, steps, late=late if check else (), check=check)
    outcome = _outcome(steps, want, have, kinds)
    if steps and not check:
        _apply(kernel, kinds, steps, have, stopped)
        _verify(kernel, kinds, steps, have, wish)
    if not check:
        _confirm(kernel, kinds, steps, have, confirm)
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
    touched = [step.before for step in steps if step.before]
    return Outcome(texts, listing(touched, kinds), listing(after.values(), kinds), diff(steps, kinds))


def _refuse_impossible(
    kernel: Kernel, kinds: Kinds, want: Sequence[Obj], steps: Sequence[Step], *, late: Collection[str], check: bool
) -> None:
    made = {step.key[1] for step in steps if step.op == "create" and step.key[0] == "link"}
    gone = {step.key[1] for step in steps if step.op == "delete" and step.key[0] == "link"}
    there = set(kernel.devices()) - gone | made | set(late)
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


def _apply(
    kernel: Kernel, kinds: Kinds, steps: Sequence[Step], have: Mapping[Key, Obj], stopped: Callable[[], str]
) -> None:
    done: list[Step] = []
    for number, step in enumerate(steps, 1):
        where = f"step {number} of {len(steps)}, {sentence(step, kinds)}"
        asked = stopped()
        if asked:
            raise EngineError([f"stopped by {asked} before {where}. {undo(kernel, kinds, done, have)}"])
        done.append(step)
        try:
            kernel.apply(step, kinds)
        except Exception as exc:
            undone = undo(kernel, kinds, done, have)
            raise EngineError([f"{where}: {reason(exc)}. {undone}"]) from exc
        except BaseException:
            undo(kernel, kinds, done, have)
            raise


def _verify(kernel: Kernel, kinds: Kinds, steps: Sequence[Step], have: Mapping[Key, Obj], wish: _Wish) -> None:
    """Read back; if the kernel shows something else than was wanted, undo and say which keys differ."""
    try:
        problems = [unfulfilled(step, kinds) for step in wish.steps(wish.read(kernel, kinds), kinds)]
    except EngineError as exc:  # what we made is not ours any more
        problems = exc.problems
    except Exception as exc:
        problems = [f"it could not be read back: {reason(exc)}"]
    except BaseException:
        undo(kernel, kinds, steps, have)
        raise
    if problems:
        undone = undo(kernel, kinds, steps, have)
        raise EngineError([f"read back after applying: {problem}" for problem in problems] + [undone])


def _confirm(
    kernel: Kernel, kinds: Kinds, steps: Sequence[Step], have: Mapping[Key, Obj], confirm: Callable[[], object]
) -> None:
    try:
        confirm()
    except EngineError as exc:
        undone = [undo(kernel, kinds, steps, have)] if steps else []
        raise EngineError([*exc.problems, *undone]) from exc
    except BaseException:
        undo(kernel, kinds, steps, have)
        raise
