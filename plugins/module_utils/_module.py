# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reconciling modules have in common: arguments in, one reconciliation, the wish saved, results out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

from ._engine.errors import EngineError, KernelError
from ._engine.objects import Obj
from ._engine.planner import Kinds
from ._engine.reconcile import Outcome, reconcile
from ._kinds import PARTS
from ._kinds.withdraw import heeded, sentence, split
from ._netlink import library
from ._persist import silence, store
from ._persist.lock import locked
from ._persist.saving import Saving, item_key, item_lasts, items_of, saving
from ._rates import told as rates_told
from ._stop import put_off

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ._netlink.kernel import NetlinkKernel

PERSIST_OPTIONS: dict[str, dict[str, Any]] = {
    "persist": {"type": "bool", "default": True},
    "state_directory": {"type": "path", "default": store.STATE_DIRECTORY},
}
COMMON_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    "adopt": {"type": "bool", "default": False},
    **PERSIST_OPTIONS,
}
# Of the modules whose routes can have a next hop to be learnt.
LEARN_OPTIONS: dict[str, dict[str, Any]] = {"learn_timeout_s": {"type": "int", "default": 20}}

Prepare = Callable[["NetlinkKernel", Sequence[Obj]], Sequence[Obj]]
Confirm = Callable[[Callable[[], str]], object]


def run(
    module: AnsibleModule,
    kinds: Kinds,
    parse: Callable[[], Sequence[Obj]],
    prepare: Prepare = lambda kernel, want: want,
    late: Collection[str] = (),
    confirm: Confirm = lambda stopped: None,
) -> None:
    """Parse, reconcile, save, exit. ``prepare`` fills in what only the node knows, which is not saved. ``late``:
    interfaces that may be missing in check mode. ``confirm`` is given what says who asked to stop, or nothing, and
    raises EngineError if all of it is to be undone.
    """
    if library.PROBLEM:
        module.fail_json(msg=library.PROBLEM, exception=library.PROBLEM_DETAILS or None)
    try:
        want = parse()
        with locked(make=not module.check_mode), put_off() as stopped:  # until it is saved, too
            outcome, withdrawn = _reconcile(module, kinds, want, prepare, stopped, late, confirm)
            due = _savings(module, kinds, want, outcome)
            save(module, due, outcome.result())
            result = {**told(outcome.result(), due), **withdrawn}
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    except KernelError as exc:
        module.fail_json(msg=f"the kernel's state could not be read: {exc.reason}", problems=[exc.reason])
    except PermissionError as exc:
        module.fail_json(msg=f"{exc}: run this module as root (become: true)", problems=[str(exc)])
    module.exit_json(**result)


def told(result: dict[str, Any], due: Sequence[Saving]) -> dict[str, Any]:
    """A module's result that also says what is saved."""
    if not due:
        return result
    text = "".join(f"# {one.step}\n" for one in due)
    return {
        **result,
        "changed": True,
        "steps": [*result["steps"], *(one.step for one in due)],
        "diff": {**result["diff"], "after": text + result["diff"]["after"]},
    }


def save(module: AnsibleModule, due: Sequence[Saving], result: dict[str, Any]) -> None:
    """Write what is due, except in check mode. If the disk does not take it the module fails with what was done."""
    problems: list[str] = []
    for one in due if not module.check_mode else ():
        try:
            one.write()
        except EngineError as exc:
            problems += exc.problems
    if problems:
        problems = [
            f"{problem}. The node is as wanted, but a restart would bring back what was saved before: make room, or "
            "make it writable, and run this again"
            for problem in problems
        ]
        module.fail_json(msg="\n".join(problems), problems=problems, **result)


def _reconcile(
    module: AnsibleModule,
    kinds: Kinds,
    want: Sequence[Obj],
    prepare: Prepare,
    stopped: Callable[[], str],
    late: Collection[str],
    confirm: Confirm,
) -> tuple[Outcome, dict[str, Any]]:
    """The outcome, and, of a module that knows links, what of its routes is to be away as their links do not answer, of
    one that knows shapers, which of them have another rate for now, as they follow what links carry.
    """
    from ._netlink.kernel import NetlinkKernel  # pyroute2 loads slowly on small routers: not before it is needed

    present = module.params["state"] == "present"
    silent = heeded(want, silence.silent(module.params["state_directory"])) if present and "route" in kinds else {}
    staying, going = split(want, silent)
    withdrawn = [kinds[obj.kind].call(obj.attrs) for obj in going]
    followed: list[Obj] = []
    if present and "cake" in kinds:
        staying, followed = rates_told.read(module.params["state_directory"]).shaped(staying)
    for name, address in silent.items():
        module.warn(sentence(name, address))
    with NetlinkKernel() as kernel:
        complete = prepare(kernel, staying) if present else want
        outcome = reconcile(
            kernel,
            kinds,
            complete,
            state=module.params["state"],
            purge=module.params["purge"],
            adopt=module.params["adopt"],
            check=module.check_mode,
            late=late,
            stopped=stopped,
            confirm=lambda: confirm(stopped),
        )
    more: dict[str, Any] = {"withdrawn": withdrawn} if "route" in kinds else {}
    if "cake" in kinds:
        more["followed"] = [f"{kinds[obj.kind].call(obj.attrs)}: {obj.attrs['rate']}" for obj in followed]
    return outcome, more


def _savings(module: AnsibleModule, kinds: Kinds, want: Sequence[Obj], outcome: Outcome) -> list[Saving]:
    """What is to be written, a part each."""
    if not module.params["persist"]:
        return []
    directory, state, purge = (module.params[name] for name in ("state_directory", "state", "purge"))
    found = []
    for part, group in PARTS.items():
        if not group.keys() <= kinds.keys():
            continue
        stored = store.read(directory, part)
        before = stored.items if state == "present" else ()
        items = items_of([obj for obj in want if obj.kind in group], group, outcome.after, before)
        lasting = item_lasts(group)
        found.append(saving(directory, part, item_key(group), items, stored, state=state, purge=purge, lasting=lasting))
    return [one for one in found if one]
