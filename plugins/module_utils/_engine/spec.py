# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From kind tables to Ansible's argument specs, and from arguments to objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .errors import EngineError
from .objects import Obj
from .order import claims_of
from .tables import Attr, Kind


def argument_options(kinds: Sequence[Kind]) -> dict[str, dict[str, Any]]:
    """The ``options`` of a list argument whose items are of these kinds.

    With several kinds an item has ``kind``, and defaults are filled in by ``parse_items``, as they can differ.
    """
    options: dict[str, dict[str, Any]] = {}
    if len(kinds) > 1:
        options["kind"] = {"type": "str", "required": True, "choices": [kind.name for kind in kinds]}
    for kind in kinds:
        for attr in kind.attrs:
            if not attr.internal and attr.name not in options:
                everywhere = all(_required(other, attr.name) for other in kinds)
                options[attr.name] = _option(attr, everywhere, with_default=len(kinds) == 1)
    return options


def parse_items(argument: str, kinds: Sequence[Kind], items: Iterable[Mapping[str, Any]]) -> list[Obj]:
    """Objects in canonical form, in the order given. EngineError with every mistake of every item."""
    by_name = {kind.name: kind for kind in kinds}
    objects: list[Obj] = []
    problems: list[str] = []
    for number, item in enumerate(items):
        kind = by_name[item["kind"]] if len(kinds) > 1 else kinds[0]
        try:
            attrs, found = _attributes(kind, kind.complete(item))
        except ValueError as exc:
            attrs, found = {}, [str(exc)]
        name = _name(kind, item)
        where = f"{argument}[{number}] ({name})" if name else argument
        found += [] if found else kind.check(attrs)
        problems += [f"{where}: {problem}" for problem in found]
        if not found:
            objects.append(Obj(kind.name, kind.key_of(attrs), attrs))
    problems += _duplicates(argument, objects, by_name)
    if problems:
        raise EngineError(problems)
    return objects


def list_arguments(lists: Mapping[str, Sequence[Kind]], *, empty: bool = True) -> dict[str, dict[str, Any]]:
    """Several list arguments of a module: name -> kinds of its items. One that is not given is ``empty``, or None."""
    default: dict[str, Any] = {"default": []} if empty else {}
    return {
        name: {"type": "list", "elements": "dict", **default, "options": argument_options(kinds)}
        for name, kinds in lists.items()
    }


def parse_lists(lists: Mapping[str, Sequence[Kind]], params: Mapping[str, Any]) -> list[Obj]:
    """The objects of several list arguments. EngineError with every mistake of all of them."""
    objects: list[Obj] = []
    problems: list[str] = []
    for argument, kinds in lists.items():
        try:
            objects += parse_items(argument, kinds, params[argument])
        except EngineError as exc:
            problems += exc.problems
    if problems:
        raise EngineError(problems)
    return objects


def _required(kind: Kind, name: str) -> bool:
    return any(attr.name == name and attr.required for attr in kind.attrs)


def _option(attr: Attr, required: bool, with_default: bool) -> dict[str, Any]:
    option: dict[str, Any] = {"type": attr.type}
    if attr.type == "list":
        option["elements"] = attr.elements
    if required:
        option["required"] = True
    if attr.choices is not None:
        option["choices"] = list(attr.choices)
    if attr.options:
        option["options"] = {sub.name: _option(sub, sub.required, True) for sub in attr.options}
    if attr.name.endswith(("key", "key_file", "keys")):
        option["no_log"] = False
    # Before 2.19 Ansible refuses null, which a plan has for what is not set, where a text has a default.
    if with_default and attr.default not in (None, ""):
        option["default"] = list(attr.default) if isinstance(attr.default, tuple) else attr.default
    return option


def _attributes(kind: Kind, item: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    attrs: dict[str, Any] = {}
    problems: list[str] = []
    for attr in kind.attrs:
        value = item.get(attr.name)
        if value is None:
            value = attr.default
        if value is None:
            if attr.required:
                problems.append(f"{attr.name} is missing: a {kind.name} needs it")
            continue
        try:
            attrs[attr.name] = _value(attr, value)
        except ValueError as exc:
            problems.append(f"{attr.name}: {exc}")
    known = {attr.name for attr in kind.attrs}
    for name, value in item.items():
        if value is not None and name not in known and name != "kind":
            problems.append(f"{name}: a {kind.name} has no such option")
    return attrs, problems + _conditions(kind, item, attrs)


def _value(attr: Attr, value: Any) -> Any:
    if attr.type == "int":
        low, high = attr.low, attr.high
        if (low is not None and value < low) or (high is not None and value > high):
            raise ValueError(f"{value} is not within {low} to {high}")
    if attr.choices is not None and value not in attr.choices:
        raise ValueError(f"{value!r} is none of {', '.join(attr.choices)}")
    return attr.normalise(value)


def _conditions(kind: Kind, item: Mapping[str, Any], attrs: Mapping[str, Any]) -> list[str]:
    return [
        f"{attr.name}: the kernel takes it only with {lack}"
        for attr in kind.attrs
        if item.get(attr.name) is not None and (lack := attr.lacks(attrs))
    ]


def _name(kind: Kind, item: Mapping[str, Any]) -> str:
    return " ".join(str(item.get(name)) for name in kind.key if item.get(name) is not None)


def _duplicates(argument: str, objects: Sequence[Obj], kinds: Mapping[str, Kind]) -> list[str]:
    seen: set[Any] = set()
    problems = []
    for obj in objects:
        if obj.key in seen:
            problems.append(f"{argument}: {kinds[obj.kind].call(obj.attrs)} appears twice")
        seen.add(obj.key)
    return problems + _rivals(argument, objects, kinds)


def _rivals(argument: str, objects: Sequence[Obj], kinds: Mapping[str, Kind]) -> list[str]:
    """Two objects that claim what only one can have."""
    holders: dict[Any, Obj] = {}
    problems = []
    for obj in objects:
        for held in sorted(claims_of(obj, kinds), key=repr):
            other = holders.setdefault(held, obj)
            if other is not obj and other.key != obj.key:
                names = [kinds[one.kind].call(one.attrs) for one in (other, obj)]
                claim = ", ".join(f"{name} {'none' if value is None else value}" for name, value in held[1])
                problems.append(f"{argument}: {' and '.join(names)} have the same {claim}; only one can")
    return problems
