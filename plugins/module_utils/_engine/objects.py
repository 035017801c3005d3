# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects (what is wanted, what is there) and steps (what is done), as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Key = tuple[Any, ...]


class Secret:
    """A value that can be compared and used, and never shows itself."""

    __slots__ = ("reveal",)

    def __init__(self, value: bytes) -> None:
        self.reveal = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal == other.reveal

    def __hash__(self) -> int:
        return hash(self.reveal)

    def __repr__(self) -> str:
        return "(secret)"


@dataclass(frozen=True)
class Obj:
    """One object: its kind, its key (space first) and its attributes in canonical form.

    ``context`` is what the node knows besides, never compared: ``master`` (a leg's bond) and ``raw`` (the kernel's
    own message) put an object back, ``owner`` says in words whose it is.
    """

    kind: str
    key: Key
    attrs: Mapping[str, Any]
    owned: bool = True
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One thing to do. ``op`` is create, change, recreate or delete; ``changed`` names the attributes.

    ``again``: half of a re-creation that other steps come between; it was deleted, or is created, for that.
    """

    op: str
    key: Key
    before: Obj | None
    after: Obj | None
    changed: tuple[str, ...] = ()
    reason: str = ""
    again: bool = False

    @property
    def adopts(self) -> bool:
        """Whether somebody else's object becomes ours."""
        return bool(self.before and self.after and not self.before.owned and self.after.owned)

    @property
    def obj(self) -> Obj:
        """The object it is about: as it will be, or as it was."""
        found = self.after or self.before
        if found is None:
            raise ValueError("a step needs an object before or after")
        return found


_INVERSE = {"create": "delete", "delete": "create", "change": "change", "recreate": "recreate"}


def invert(step: Step) -> Step:
    """The step that undoes this one."""
    op = _INVERSE[step.op]
    return replace(step, op=op, before=step.after, after=step.before, reason="undo", again=False)
