# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps and objects as text and as plain data: what a person reads, what a playbook registers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import KernelError
from .normal import ALIAS_PREFIX
from .objects import Obj, Secret, Step
from .order import Kinds
from .planner import unlike

_VERBS = {"create": "create", "change": "change", "recreate": "re-create", "delete": "remove"}
_ADOPTING = {"change": "adopt", "recreate": "adopt and re-create"}


def sentence(step: Step, kinds: Kinds) -> str:
    """One step as a sentence: ``change bond agg0: mode balance-rr -> balance-xor (traffic over it stops ...)``."""
    text = f"{(_ADOPTING if step.adopts else _VERBS)[step.op]} {_called(step.obj, kinds)}"
    if step.changed and step.before and step.after:
        text += ": " + ", ".join(_change(name, step.before, step.after) for name in step.changed)
    warning = _interruption(step, kinds)
    return f"{text} ({warning})" if warning else text


def unfulfilled(step: Step, kinds: Kinds) -> str:
    """How the kernel differs from what is wanted, by a step that is still to do: ``vxlan leg0: ttl is 1, wanted 2``."""
    called = _called(step.obj, kinds)
    if step.before is None or step.after is None:
        return f"{called} is {'missing' if step.before is None else 'still there'}"
    if step.before.kind != step.after.kind:
        return f"{called} is a {step.before.kind}"
    names = step.changed or unlike(kinds[step.after.kind], step.before, step.after)
    details = [_mismatch(name, step.before.attrs.get(name), step.after.attrs.get(name)) for name in names]
    return f"{called}: {', '.join(details)}" if details else f"{called} is not {'ours' if step.adopts else 'theirs'}"


def reason(exc: Exception) -> str:
    """Why a step failed: the keys that the kernel blames, and its words."""
    if not isinstance(exc, KernelError):
        return f"{type(exc).__name__}: {exc}"
    if not exc.keys:
        return exc.reason
    return f"{'key' if len(exc.keys) == 1 else 'keys'} {', '.join(exc.keys)}: {exc.reason}"


def plain(obj: Obj, kinds: Kinds) -> dict[str, Any]:
    """An object as JSON-like data, without secrets and internals."""
    kind = kinds.get(obj.kind)
    internal = {attr.name for attr in kind.attrs if attr.internal} if kind else set()
    result: dict[str, Any] = {"kind": obj.kind}
    for name, value in obj.attrs.items():
        if name not in internal and value not in (None, ""):
            result[name] = _data(value)
    return result


def diff(steps: Sequence[Step], kinds: Kinds) -> dict[str, str]:
    """``before`` and ``after`` texts of all that the steps touch, as ``ansible --diff`` shows them."""
    ordered = sorted(steps, key=lambda step: str(step.key))
    noted = [step for step in ordered if step.adopts or _interruption(step, kinds) or _unseen(step, kinds)]
    notes = [f"# {sentence(step, kinds)}" for step in noted]
    before = "".join(_text(step.before, kinds, step.adopts) for step in ordered)
    after = "".join(_text(step.after, kinds, step.adopts) for step in ordered)
    return {"before": before, "after": "".join(f"{note}\n" for note in notes) + after}


def listing(objects: Iterable[Obj], kinds: Kinds) -> list[dict[str, Any]]:
    """Objects as data, in a stable order."""
    return [plain(obj, kinds) for obj in sorted(objects, key=lambda obj: str(obj.key))]


def _called(obj: Obj, kinds: Kinds) -> str:
    kind = kinds.get(obj.kind)
    return kind.call(obj.attrs) if kind else f"{obj.kind} {obj.key[1]}"


def _mismatch(name: str, found: Any, wanted: Any) -> str:
    if isinstance(found, Secret) or isinstance(wanted, Secret):
        return f"{name} is another one"
    return f"{name} is {_word(found)}, wanted {_word(wanted)}"


def _interruption(step: Step, kinds: Kinds) -> str:
    if step.op == "recreate":
        return f"{step.reason}; traffic over it stops meanwhile"
    if step.op == "delete" and step.again:
        return step.reason
    if step.op != "change" or step.obj.kind not in kinds:
        return ""
    kind = kinds[step.obj.kind]
    needs = {need for name in step.changed for need in kind.attr(name).needs}
    if "no_ports" in needs:
        return "its ports are released and taken back; traffic over it stops meanwhile"
    if "down" in needs:
        return "it goes down and up; traffic over it stops meanwhile"
    if "no_bond" in needs and step.before and "master" in step.before.context:
        return "it leaves its bond and comes back; traffic over it stops meanwhile"
    return ""


def _unseen(step: Step, kinds: Kinds) -> bool:
    kind = kinds.get(step.obj.kind)
    return bool(kind) and step.op == "change" and any(kind.attr(name).internal for name in step.changed)


def _change(name: str, before: Obj, after: Obj) -> str:
    old, new = before.attrs.get(name), after.attrs.get(name)
    if name == "kind":
        return f"kind {before.kind} -> {after.kind}"
    if isinstance(old, tuple) or isinstance(new, tuple):
        return f"{name} {_set_change(old or (), new or ())}"
    return _pair(name, old, new)


def _pair(name: str, old: Any, new: Any) -> str:
    if isinstance(old, Secret) and isinstance(new, Secret):
        return f"{name} (another one)"
    return f"{name} {_word(old)} -> {_word(new)}"


def _set_change(old: Any, new: Any) -> str:
    if all(isinstance(item, Mapping) for item in (*old, *new)):
        return _mappings_change(old, new)
    older, newer = {_word(item) for item in old}, {_word(item) for item in new}
    marks = [f"-{item}" for item in sorted(older - newer)] + [f"+{item}" for item in sorted(newer - older)]
    return " ".join(marks)


def _mappings_change(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> str:
    """Changes of a list of mappings, each known by the value of its first key."""
    older, newer = ({_word(next(iter(item.values()))): item for item in items} for items in (old, new))
    marks = [f"-{name}" for name in sorted(older.keys() - newer.keys())]
    marks += [f"+{name}" for name in sorted(newer.keys() - older.keys())]
    for name in sorted(older.keys() & newer.keys()):
        keys = dict.fromkeys((*newer[name], *older[name]))
        pairs = {key: (older[name].get(key), newer[name].get(key)) for key in keys}
        parts = [_pair(key, was, now) for key, (was, now) in pairs.items() if was != now]
        marks += [f"{name} ({', '.join(parts)})"] if parts else []
    return " ".join(marks)


def _word(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key} {_word(item)}" for key, item in value.items() if item is not None) + ")"
    if isinstance(value, (tuple, list)):
        return " ".join(_word(item) for item in value) or "none"
    return str(value)


def _data(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _data(item) for key, item in value.items()}
    if isinstance(value, Secret):
        return str(value)
    return [_data(item) for item in value] if isinstance(value, tuple) else value


def _text(obj: Obj | None, kinds: Kinds, with_owner: bool = False) -> str:
    if obj is None:
        return ""
    kind = kinds.get(obj.kind)
    lines = [f"{_called(obj, kinds)}:"]
    if with_owner:
        lines.append(f"  owner: {ALIAS_PREFIX if obj.owned else obj.context.get('owner', 'somebody else')}")
    for name, value in plain(obj, kinds).items():
        if name == "kind" or (kind and name in kind.key):
            continue
        if isinstance(value, list):
            lines.append(f"  {name}:")
            lines += [f"    - {_word(item)}" for item in value]
        else:
            lines.append(f"  {name}: {_word(value)}")
    return "\n".join(lines) + "\n"
