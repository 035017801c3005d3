# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undo what a run has done: first its steps backwards, then whatever the kernel still shows otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .kernel import Kernel
from .objects import Key, Obj, Step, invert
from .order import Kinds
from .planner import restoring_steps
from .render import reason, sentence, unfulfilled


def undo(kernel: Kernel, kinds: Kinds, done: Sequence[Step], have: Mapping[Key, Obj]) -> str:
    """Make everything be as in ``have`` again, and say in a sentence whether it is. Never raises.

    The last of ``done`` may be half done. The kernel changes more than it is told (an option with the mode, routes
    with their address), so looking comes after the inverse steps, and what is left is put right, too.
    """
    if not done:
        return "Nothing was changed"
    failures = _do(kernel, kinds, [invert(step) for step in reversed(done)])
    touched = {step.key: step.obj for step in done}
    for again in (True, True, False):  # one may need what another brings back: a route its address
        try:
            now = kernel.read(kinds, list(touched.values()), purge=True)
        except Exception as exc:
            return f"Whether what this run had done is undone could not be read back: {reason(exc)}"
        left = restoring_steps(have, now, kinds, touched)
        if not left:
            return "What this run had done is undone"
        if again:
            failures = _do(kernel, kinds, left) or failures
    problems = [*failures, *(unfulfilled(step, kinds) for step in left)]
    return f"What this run had done could not be undone completely: {'; '.join(problems)}"


def _do(kernel: Kernel, kinds: Kinds, steps: Sequence[Step]) -> list[str]:
    """Apply all of them, whatever happens to some; what did."""
    failures = []
    for step in steps:
        try:
            kernel.apply(step, kinds, undo=True)
        except Exception as exc:
            failures.append(f"{sentence(step, kinds)}: {reason(exc)}")
    return failures
