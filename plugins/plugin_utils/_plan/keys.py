# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a table of keys is made of. A table that contradicts itself fails when it is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .deps import IPNetwork
from .kinds import Kind


@dataclass(frozen=True)
class Key:
    """One key: either of a scalar ``kind`` or a nested ``table``; ``many`` makes it a list of those.

    ``also_called``: what people write for it who know it by another name. ``words``: what may be written in place
    of a mapping, each with the mapping that it stands for. ``secret``: what is found is
    never shown."""

    name: str
    kind: Kind | None = None
    table: Table | None = None
    many: bool = False
    required: bool = False
    default: Any = None
    remedy: str = "correct it"
    also_called: tuple[str, ...] = ()
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secret: bool = False

    def __post_init__(self) -> None:
        if (self.kind is None) == (self.table is None):
            raise TypeError(f"key {self.name} needs a kind or a table, and not both")
        if self.required and self.default is not None:
            raise TypeError(f"key {self.name} is required, so its default would never be used")
        # Without netaddr tables must load, too: the pipeline says what to install, and ansible-doc needs no netaddr.
        if self.kind is not None and self.default is not None and IPNetwork is not None:
            self.kind.parse(self.default)


@dataclass(frozen=True)
class Table:
    """The keys of one mapping. ``named_by`` is the key whose value names an element of a list to people,
    ``variable`` the Ansible variable that holds the mapping. ``refused`` has keys that people may well expect,
    with the reason why they would be of no use. ``secret``: as of a key, where something else is found."""

    noun: str
    keys: tuple[Key, ...]
    named_by: str = ""
    variable: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    secret: bool = False
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = tuple(key.name for key in self.keys)
        if len(set(names)) != len(names):
            raise TypeError(f"table {self.noun} has a key twice")
        if set(names) & set(self.refused):
            raise TypeError(f"table {self.noun} both has and refuses a key")
        object.__setattr__(self, "names", names)
