# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> ordered steps. Pure: dataclasses in, dataclasses out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .errors import EngineError
from .objects import Key, Obj, Step
from .order import Kinds, in_order
from .tables import Attr, Kind


def plan_steps(
    want: Sequence[Obj],
    have: Mapping[Key, Obj],
    kinds: Kinds,
    *,
    purge: bool = False,
    state: str = "present",
    adopt: bool = False,
) -> list[Step]:
    """The steps that turn ``have`` into ``want``, in the order in which to do them.

    ``have`` holds the wanted objects that exist, whoever owns them, and all of ours. ``state`` absent removes
    what is wanted; ``purge`` removes what is ours, of these kinds, and not wanted (with absent: all of it).
    Raises EngineError, with all of them, for wanted objects that exist and are not ours; with ``adopt`` they become
    ours instead, unless their kind is none of these.
    """
    _refuse_foreign(want, have, kinds, adopting=adopt and state == "present", may_adopt=state == "present")
    wanted = dict.fromkeys(obj.key for obj in want)
    unwanted = list(wanted) if state == "absent" else []
    if purge:
        unwanted += [key for key, obj in have.items() if key not in wanted and obj.kind in kinds]
    removals = [_removal(key, have, kinds) for key in unwanted]
    makings = [_presence(obj, have.get(obj.key), kinds) for obj in want] if state == "present" else []
    return in_order([step for step in makings if step], [step for step in removals if step], kinds)


def restoring_steps(
    before: Mapping[Key, Obj], now: Mapping[Key, Obj], kinds: Kinds, touched: Collection[Key]
) -> list[Step]:
    """The steps that turn ``now`` back into exactly ``before``: what we had then and, whoever owns it, what is touched.

    An attribute that had no value is to have none again, which a wish cannot say.
    """
    keys = [key for key, obj in before.items() if obj.kind in kinds and (obj.owned or key in touched)]
    makings = [_restoration(before[key], now.get(key), kinds) for key in keys]
    made = [obj for key, obj in now.items() if key in touched and key not in before and obj.kind in kinds]
    removals = [Step("delete", obj.key, obj, None, reason="undo") for obj in made if obj.owned]
    return in_order([step for step in makings if step], removals, kinds)


def _restoration(was: Obj, now: Obj | None, kinds: Kinds) -> Step | None:
    kind = kinds[was.kind]
    if now is None:
        return Step("create", was.key, None, was, reason="undo") if kind.creatable else None
    if now.kind != was.kind:
        return Step("recreate", was.key, now, was, ("kind",), reason="undo")
    changed = unlike(kind, was, now)
    if not changed and now.owned == was.owned:
        return None
    remade = any(kind.attr(name).remade(now.attrs.get(name), was.attrs.get(name)) for name in changed)
    return Step("recreate" if remade else "change", was.key, now, was, changed, reason="undo")


def unlike(kind: Kind, one: Obj, other: Obj) -> tuple[str, ...]:
    """The attributes in which two objects of the kind differ at all, but for those that the kernel moves by itself."""
    names = (attr.name for attr in kind.compared() if not attr.late)
    return tuple(name for name in names if one.attrs.get(name) != other.attrs.get(name))


def differing(kind: Kind, want: Mapping[str, Any], have: Mapping[str, Any]) -> tuple[str, ...]:
    """The attributes that are wanted (not None) and are otherwise."""
    names = (attr.name for attr in kind.compared())
    return tuple(name for name in names if want.get(name) is not None and want[name] != have.get(name))


def referenced_devices(want: Sequence[Obj], kinds: Kinds) -> dict[str, list[Obj]]:
    """Interfaces that wanted objects name -> the objects that name them."""
    found: dict[str, list[Obj]] = {}
    for obj in want:
        for name in devices_of(obj, kinds):
            found.setdefault(name, []).append(obj)
    return found


def devices_of(obj: Obj, kinds: Kinds) -> list[str]:
    """Interfaces that an object names, as often as it does."""
    return [name for attr in kinds[obj.kind].attrs for name in named(attr, obj.attrs.get(attr.name))]


def named(attr: Attr, value: Any) -> list[str]:
    """The interfaces that a value of this row names, as often as it does."""
    if attr.devices:
        return [name for name in ((value,) if isinstance(value, str) else value or ()) if name]
    inner = [option.name for option in attr.options if option.devices]
    return [item[name] for item in value or () for name in inner if item.get(name)] if inner else []


def _refuse_foreign(
    want: Sequence[Obj], have: Mapping[Key, Obj], kinds: Kinds, *, adopting: bool, may_adopt: bool
) -> None:
    problems = []
    for obj in want:
        now = have.get(obj.key)
        if now is None or not kinds[obj.kind].creatable:
            continue
        called = kinds[obj.kind].call(obj.attrs)
        if not now.owned and not (adopting and now.kind in kinds):
            problems.append(f"{called}: {_foreign(kinds[obj.kind], now)}: {_advice(now, kinds, may_adopt)}")
        elif now.owned and now.kind not in kinds:
            problems.append(
                f"{called}: exists as a {now.kind} that another module made: remove it there, or choose another name"
            )
    if problems:
        raise EngineError(problems)


def _foreign(kind: Kind, now: Obj) -> str:
    key = [name for name in kind.key if now.attrs.get(name) is not None]
    names = key if len(key) < 2 else (", ".join(key[:-1]), key[-1])
    owner = now.context.get("owner")
    described = f"kind {now.kind or 'unknown'}" if now.kind != kind.space else ""
    details = ", ".join(item for item in (described, owner) if item)
    return f"a {kind.space} of that {' and '.join(names)} exists and is not ours ({details})"


def _advice(now: Obj, kinds: Kinds, may_adopt: bool) -> str:
    if not may_adopt:
        return "remove it yourself, or take it off the list"
    if now.kind in kinds:
        return "say adopt: true to make it ours, remove it, or choose another"
    return f"only {', '.join(kinds)} can be adopted here: rename or remove it, or choose another"


def _presence(obj: Obj, now: Obj | None, kinds: Kinds) -> Step | None:
    kind = kinds[obj.kind]
    if now is None:
        return Step("create", obj.key, None, Obj(obj.kind, obj.key, _complete(kind, obj), context=obj.context))
    context = {name: value for name, value in now.context.items() if name == "master"}
    if now.kind != obj.kind:
        after = Obj(obj.kind, obj.key, _complete(kind, obj), context=context)
        return Step("recreate", obj.key, now, after, ("kind",), reason=f"it is a {now.kind} now")
    target = kind.resolve(obj.attrs, now.attrs)
    changed = differing(kind, target, now.attrs)
    if not changed and (now.owned or not kind.creatable):
        return None
    given = {name: value for name, value in target.items() if value is not None}
    attrs = kind.applicable({**now.attrs, **given})
    after = Obj(obj.kind, obj.key, attrs, kind.creatable, context)
    fixed = [name for name in changed if kind.attr(name).remade(now.attrs.get(name), target[name])]
    if fixed:
        reason = f"{', '.join(fixed)} cannot be changed in place"
        return Step("recreate", obj.key, now, after, changed, reason=reason)
    return Step("change", obj.key, now, after, changed)


def _complete(kind: Kind, obj: Obj) -> dict[str, Any]:
    """The attributes of an object that is to be made, without those that are left to the kernel."""
    return {name: value for name, value in kind.resolve(obj.attrs, None).items() if value is not None}


def _removal(key: Key, have: Mapping[Key, Obj], kinds: Kinds) -> Step | None:
    now = have.get(key)
    if now is None:
        return None
    kind = kinds.get(now.kind)
    if kind is None:
        return None
    if kind.creatable:
        return Step("delete", key, now, None) if now.owned else None
    after = Obj(now.kind, key, {**now.attrs, **(kind.when_absent or {})}, owned=now.owned, context=now.context)
    changed = differing(kind, after.attrs, now.attrs)
    return Step("change", key, now, after, changed) if changed else None
