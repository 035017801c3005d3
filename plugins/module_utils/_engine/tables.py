# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind table is made of. A table that contradicts itself fails when it is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .normal import same

LAYERS = ("data", "link", "metrics", "port", "own")
NEEDS = ("down", "no_ports", "no_bond")

Claim = tuple[tuple[str, Any], ...]  # (attribute, value) pairs


@dataclass(frozen=True)
class Nla:
    """One netlink attribute: the kernel's name, its number, and how its payload is coded.

    ``codec`` is the name of a pyroute2 atom (uint8, be32, ip4addr, asciiz, ...). ``shared``: a field of bits, in
    which several rows have theirs; what they encode is joined.
    """

    name: str
    number: int
    codec: str
    shared: bool = False


@dataclass(frozen=True)
class Attr:
    """One row: an attribute of a kind, everything that argument spec, reader, differ and writer need.

    ``default`` None means: not given, leave as it is. ``layer``: ``data`` is IFLA_INFO_DATA, ``link`` the
    link message itself, ``metrics`` RTA_METRICS, ``port`` IFLA_INFO_SLAVE_DATA, ``own`` has code of its own in the
    adapter. ``create_only``: the kernel cannot change it in place; ``fixed(old, new)`` says so of two values.
    ``needs``: the state the kernel asks for before it changes the value. ``devices``: the value names other
    interfaces. ``only_with``: (attribute, values) without which the kernel does not take this one; values None is
    any but none and 0. ``resend_with``: attributes whose change makes the kernel forget this one. ``late``: to be
    set when all else is done, and moved by the kernel itself afterwards. ``internal`` is neither an argument nor
    shown, and what is ``noted`` is not even compared: it is the business of others.
    """

    name: str
    type: str = "str"
    elements: str | None = None
    options: tuple[Attr, ...] = ()
    required: bool = False
    default: Any = None
    choices: Mapping[str, int] | Sequence[str] | None = None
    low: int | None = None
    high: int | None = None
    normalise: Callable[[Any], Any] = same
    create_only: bool = False
    fixed: Callable[[Any, Any], bool] | None = None
    layer: str = "own"
    nlas: tuple[Nla, ...] = ()
    encode: Callable[[Any], dict[str, Any]] | None = None
    decode: Callable[[Mapping[str, Any]], Any] | None = None
    needs: tuple[str, ...] = ()
    only_with: tuple[str, tuple[str, ...] | None] | None = None
    resend_with: tuple[str, ...] = ()
    late: bool = False
    devices: bool = False
    internal: bool = False
    noted: bool = False

    def __post_init__(self) -> None:
        _require(self.layer in LAYERS, self, f"layer {self.layer!r} is none of {LAYERS}")
        _require(set(self.needs) <= set(NEEDS), self, f"needs {self.needs!r} are not all of {NEEDS}")
        _require(not (self.create_only and self.needs), self, "create_only and needs exclude each other")
        _require(not (self.create_only and self.fixed), self, "create_only and fixed exclude each other")
        _require((self.layer == "own") == (not self.nlas), self, "netlink attributes and layer contradict")
        _require(len(self.nlas) < 2 or (self.encode and self.decode), self, "several NLAs need a codec")
        _require(not (self.required and self.default is not None), self, "required with a default")
        if self.choices is not None and self.default is not None:
            _require(self.default in self.choices, self, f"default {self.default!r} is no choice")

    def remade(self, old: Any, new: Any) -> bool:
        """Whether only a new object can have the new value."""
        return self.create_only or (self.fixed is not None and self.fixed(old, new))

    def lacks(self, attrs: Mapping[str, Any]) -> str:
        """What of ``only_with`` these attributes do not have, in words; nothing if they have it."""
        if self.only_with is None:
            return ""
        other, values = self.only_with
        if values is None:
            return "" if attrs.get(other) else f"{other} above 0"
        return "" if attrs.get(other) in values else f"{other} {' or '.join(values)}"

    def to_netlink(self, value: Any) -> dict[str, Any]:
        """NLA name -> value for pyroute2."""
        if self.encode:
            return self.encode(value)
        if isinstance(self.choices, Mapping):
            value = self.choices[value]
        if self.type == "bool":
            value = int(value)
        return {self.nlas[0].name: value}

    def from_netlink(self, nlas: Mapping[str, Any]) -> Any:
        """The value in the form that the user writes, None if the kernel did not report it."""
        if self.decode:
            return self.decode(nlas)
        value = nlas.get(self.nlas[0].name)
        if value is None:
            return None
        if isinstance(self.choices, Mapping):
            names = {number: name for name, number in self.choices.items()}
            return names.get(value, f"unknown ({value})")
        if self.type == "bool":
            return bool(value)
        return self.normalise(value)


def _as_wanted(want: Mapping[str, Any], _have: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(want)


def _all_said(want: Mapping[str, Any], _now: Mapping[str, Any], _saved: Mapping[str, Any]) -> Mapping[str, Any]:
    return want


def _no_rank(_attrs: Mapping[str, Any]) -> int:
    return 0


def _no_claims(_attrs: Mapping[str, Any]) -> tuple[Claim, ...]:
    return ()


def _no_problem(_attrs: Mapping[str, Any]) -> list[str]:
    return []


@dataclass(frozen=True)
class Codec:
    """Options that are a C structure and not attributes: all of them to bytes, and what the kernel shows back."""

    pack: Callable[[Mapping[str, Any]], bytes]
    unpack: Callable[[bytes], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """A kind of object: its rows, its place in the order, and what the planner must know of it.

    ``space``: objects of all kinds of one space share their keys (two links cannot have one name).
    ``priority``: created in this order, removed in reverse. ``remove_first``: removals come before creations
    (a name or an address must be free first), else after (new routes before the old ones go).
    ``creatable`` False: somebody else's objects; "absent" then means ``when_absent``.
    ``complete(item)`` derives arguments from others; ``resolve(want, have)`` fills in what only the node knows.
    ``remember(want, now, saved)`` adds what of the node's own a restart would lose to what is saved.
    ``check(attrs)`` returns what the rows cannot see alone, ``title(attrs)`` the name in sentences.
    ``rank(attrs)`` orders objects of the kind, lower ones are made first. ``claims(attrs)``: combinations of values
    that only one object of the kind can have at a time.
    ``resend``: the kernel forgets what a change does not repeat, so all of ``data`` is sent.
    ``codec``: the options are one structure, which goes and comes whole.
    """

    name: str
    noun: str
    space: str
    priority: int
    key: tuple[str, ...]
    attrs: tuple[Attr, ...]
    remove_first: bool = True
    creatable: bool = True
    when_absent: Mapping[str, Any] | None = None
    resend: bool = False
    resolve: Callable[[Mapping[str, Any], Mapping[str, Any] | None], dict[str, Any]] = _as_wanted
    remember: Callable[[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]] = _all_said
    check: Callable[[Mapping[str, Any]], list[str]] = _no_problem
    complete: Callable[[Mapping[str, Any]], Mapping[str, Any]] = same
    title: Callable[[Mapping[str, Any]], str] | None = None
    rank: Callable[[Mapping[str, Any]], int] = _no_rank
    claims: Callable[[Mapping[str, Any]], tuple[Claim, ...]] = _no_claims
    codec: Codec | None = None

    def __post_init__(self) -> None:
        names = [attr.name for attr in self.attrs]
        _require(len(names) == len(set(names)), self, "an attribute appears twice")
        _require(set(self.key) <= set(names), self, f"key {self.key} is not among its attributes")
        _require(self.creatable or self.when_absent is not None, self, "not creatable: say what absent means")
        rows = {(attr.layer, nla) for attr in self.attrs for nla in attr.nlas if nla.shared}
        numbers = [(layer, nla.number) for layer, nla in rows]
        numbers += [(attr.layer, nla.number) for attr in self.attrs for nla in attr.nlas if not nla.shared]
        _require(len(numbers) == len(set(numbers)), self, "a netlink attribute number appears twice")
        for attr in self.attrs:
            others = {*attr.resend_with, *(attr.only_with or ())[:1]}
            _require(others <= set(names), self, f"{attr.name} depends on an unknown attribute")

    def attr(self, name: str) -> Attr:
        """The row of that name; KeyError if there is none."""
        for attr in self.attrs:
            if attr.name == name:
                return attr
        raise KeyError(name)

    def key_of(self, attrs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The object's key: its space, then the values of the key attributes."""
        return (self.space, *(attrs.get(name) for name in self.key))

    def call(self, attrs: Mapping[str, Any]) -> str:
        """What to call the object in a sentence: ``leg leg0-lte1``."""
        return f"{self.noun} {self.title(attrs) if self.title else attrs[self.key[0]]}"

    def applicable(self, attrs: Mapping[str, Any]) -> dict[str, Any]:
        """The attributes without those that mean nothing with the others (a primary in a mode that has none)."""
        idle = {attr.name for attr in self.attrs if attr.only_with and attr.lacks(attrs)}
        return {name: value for name, value in attrs.items() if name not in idle and value is not None}

    def compared(self) -> list[Attr]:
        """The rows in which a wanted and a found object can differ."""
        return [attr for attr in self.attrs if attr.name not in self.key and not attr.noted]


def _require(condition: object, owner: Any, message: str) -> None:
    if not condition:
        raise ValueError(f"kind table, {owner.name}: {message}")
