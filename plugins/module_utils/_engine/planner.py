# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> ordered steps. Pure: dataclasses in, dataclasses out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import EngineError
from .objects import Key, Obj, Step
from .tables import Kind

Kinds = Mapping[str, Kind]


def plan_steps(
    want: Sequence[Obj],
    have: Mapping[Key, Obj],
    kinds: Kinds,
    *,
    purge: bool = False,
    state: str = "present",
) -> list[Step]:
    """The steps that turn ``have`` into ``want``, in the order in which to do them.

    ``have`` holds the wanted objects that exist, whoever owns them, and all of ours. ``state`` absent removes
    what is wanted; ``purge`` removes what is ours, of these kinds, and not wanted (with absent: all of it).
    Raises EngineError, with all of them, for wanted objects that exist and are not ours.
    """
    _refuse_foreign(want, have, kinds)
    wanted = dict.fromkeys(obj.key for obj in want)
    unwanted = list(wanted) if state == "absent" else []
    if purge:
        unwanted += [key for key, obj in have.items() if key not in wanted and obj.kind in kinds]
    removals = [_removal(key, have, kinds) for key in unwanted]
    makings = [_presence(obj, have.get(obj.key), kinds) for obj in want] if state == "present" else []
    return _in_order([step for step in makings if step], [step for step in removals if step], kinds)


def differing(kind: Kind, want: Mapping[str, Any], have: Mapping[str, Any]) -> tuple[str, ...]:
    """The attributes that are wanted (not None) and are otherwise."""
    names = (attr.name for attr in kind.compared())
    return tuple(name for name in names if want.get(name) is not None and want[name] != have.get(name))


def referenced_devices(want: Sequence[Obj], kinds: Kinds) -> dict[str, list[Obj]]:
    """Interfaces that wanted objects name -> the objects that name them."""
    found: dict[str, list[Obj]] = {}
    for obj in want:
        for attr in kinds[obj.kind].attrs:
            value = obj.attrs.get(attr.name) if attr.devices else None
            for name in filter(None, (value,) if isinstance(value, str) else value or ()):
                found.setdefault(name, []).append(obj)
    return found


def _refuse_foreign(want: Sequence[Obj], have: Mapping[Key, Obj], kinds: Kinds) -> None:
    problems = []
    for obj in want:
        now = have.get(obj.key)
        if now is None or not kinds[obj.kind].creatable:
            continue
        called = kinds[obj.kind].call(obj.attrs)
        if not now.owned:
            problems.append(
                f"{called}: a link of that name exists and is not ours (kind {now.kind or 'unknown'}, alias "
                f"{now.attrs.get('alias') or ''!r}): rename or remove it, or choose another name"
            )
        elif now.kind not in kinds:
            problems.append(
                f"{called}: exists as a {now.kind} that another module made: remove it there, or choose another name"
            )
    if problems:
        raise EngineError(problems)


def _presence(obj: Obj, now: Obj | None, kinds: Kinds) -> Step | None:
    kind = kinds[obj.kind]
    if now is None:
        attrs = {name: value for name, value in kind.resolve(obj.attrs, None).items() if value is not None}
        return Step("create", obj.key, None, Obj(obj.kind, obj.key, attrs, context=obj.context))
    if now.kind != obj.kind:
        attrs = {name: value for name, value in kind.resolve(obj.attrs, None).items() if value is not None}
        after = Obj(obj.kind, obj.key, attrs, context=now.context)
        return Step("recreate", obj.key, now, after, ("kind",), f"it is a {now.kind} now")
    target = kind.resolve(obj.attrs, now.attrs)
    changed = differing(kind, target, now.attrs)
    if not changed:
        return None
    given = {name: value for name, value in target.items() if value is not None}
    attrs = kind.applicable({**now.attrs, **given})
    after = Obj(obj.kind, obj.key, attrs, context=now.context)
    fixed = [name for name in changed if kind.attr(name).remade(now.attrs.get(name), target[name])]
    if fixed:
        return Step("recreate", obj.key, now, after, changed, f"{', '.join(fixed)} cannot be changed in place")
    return Step("change", obj.key, now, after, changed)


def _removal(key: Key, have: Mapping[Key, Obj], kinds: Kinds) -> Step | None:
    now = have.get(key)
    if now is None:
        return None
    kind = kinds[now.kind]
    if kind.creatable:
        return Step("delete", key, now, None) if now.owned else None
    after = Obj(now.kind, key, {**now.attrs, **(kind.when_absent or {})}, owned=now.owned, context=now.context)
    changed = differing(kind, after.attrs, now.attrs)
    return Step("change", key, now, after, changed) if changed else None


def _in_order(makings: list[Step], removals: list[Step], kinds: Kinds) -> list[Step]:
    def priority(step: Step) -> int:
        return kinds[step.obj.kind].priority

    removals = sorted(removals, key=priority, reverse=True)
    first = [step for step in removals if kinds[step.obj.kind].remove_first]
    last = [step for step in removals if not kinds[step.obj.kind].remove_first]
    return [*first, *sorted(makings, key=priority), *last]
