# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that were found, as the items of the lists by which a module takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .objects import Obj
from .planner import differing
from .render import listing
from .spec import argument_options
from .tables import Kind

Items = dict[str, list[dict[str, Any]]]


def as_items(objects: Sequence[Obj], lists: Mapping[str, Sequence[Kind]]) -> tuple[Items, Items]:
    """What is ours and what is not: list -> items, which the reconciling module takes as they are.

    An object that is never made counts as ours if it has something that would go with ``state: absent``, and always
    if the node has just one.
    """
    ours: Items = {}
    theirs: Items = {}
    for name, group in lists.items():
        kinds = {kind.name: kind for kind in group}
        options = argument_options(group)
        here = [obj for obj in objects if obj.key[0] in {kind.space for kind in group} and obj.kind in kinds]
        for found, owned in ((ours, True), (theirs, False)):
            items = listing((obj for obj in here if _is_ours(obj, kinds[obj.kind]) is owned), kinds)
            found[name] = [_as_taken(item, options) for item in items]
    return ours, theirs


def _as_taken(item: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """An item with only what an argument has options for: no secrets, nothing that the node alone knows."""
    result = {}
    for name, value in item.items():
        inner = options.get(name, {}).get("options")
        if name in options:
            result[name] = [_as_taken(one, inner) for one in value] if inner else value
    return result


def _is_ours(obj: Obj, kind: Kind) -> bool:
    if kind.creatable:
        return obj.owned
    return not kind.key or bool(differing(kind, kind.when_absent or {}, obj.attrs))
