# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has to save: pure functions over the saved and the wanted items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.objects import Obj
from .._engine.planner import Kinds
from .._engine.render import plain
from . import store
from .store import Items, Stored

ItemKey = Callable[[Mapping[str, Any]], tuple[Any, ...]]
ItemTest = Callable[[Mapping[str, Any]], bool]


def never(_item: Mapping[str, Any]) -> bool:
    """No item."""
    return False


@dataclass(frozen=True)
class Saving:
    """A part's file that is to change. ``step`` says so in a sentence."""

    directory: str
    part: str
    data: bytes
    step: str

    def write(self) -> None:
        """Do it. EngineError if the disk does not take it."""
        store.write(self.directory, self.part, self.data)


def saving(
    directory: str,
    part: str,
    key: ItemKey,
    wanted: Sequence[Mapping[str, Any]],
    stored: Stored,
    *,
    state: str = "present",
    purge: bool = False,
    lasting: ItemTest = never,
) -> Saving | None:
    """What to write so that a restart brings back what this run leaves behind; None if the file says so already.

    As in the kernel: wanted items come, or go with ``state`` absent; the others stay unless ``purge``.
    """
    items = merged(stored.items, wanted, key, state=state, purge=purge, lasting=lasting)
    if items == stored.items and not stored.damage:
        return None
    data = store.render(part, items) if items else b""
    path = store.path_of(directory, part)
    step = f"save {len(items)} {'object' if len(items) == 1 else 'objects'} in {path}" if items else f"remove {path}"
    return Saving(directory, part, data, f"{step} ({stored.damage})" if stored.damage else step)


def merged(
    saved: Sequence[Mapping[str, Any]],
    wanted: Sequence[Mapping[str, Any]],
    key: ItemKey,
    *,
    state: str = "present",
    purge: bool = False,
    lasting: ItemTest = never,
) -> Items:
    """The items to save, in an order that does not depend on who saved them when. An item that is ``lasting`` is not
    purged, and with ``state`` absent loses only what is wanted of it.
    """
    given = {key(item): item for item in wanted}
    kept = [item for item in saved if key(item) not in given and (not purge or lasting(item))]
    if state == "absent":
        kept += [_rest(item, given[key(item)]) for item in saved if key(item) in given and lasting(item)]
    coming = wanted if state == "present" else ()
    found = (dict(item) for item in (*kept, *coming))
    return sorted((item for item in found if item), key=lambda item: str(key(item)))


def _rest(item: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """An item without what is given; nothing if only its kind is left."""
    rest = {name: value for name, value in item.items() if name == "kind" or name not in given}
    return rest if rest.keys() > {"kind"} else {}


def item_key(kinds: Kinds) -> ItemKey:
    """The key of a saved item, the same as its object's."""

    def key(item: Mapping[str, Any]) -> tuple[Any, ...]:
        kind = kinds.get(str(item.get("kind")))
        return kind.key_of(item) if kind else ("unknown", str(item))

    return key


def item_lasts(kinds: Kinds) -> ItemTest:
    """Whether a saved item is of a kind of which the node has just one, as that never goes."""

    def lasts(item: Mapping[str, Any]) -> bool:
        kind = kinds.get(str(item.get("kind")))
        return bool(kind) and not kind.key

    return lasts


def items_of(
    want: Sequence[Obj], kinds: Kinds, after: Sequence[Mapping[str, Any]], saved: Sequence[Mapping[str, Any]]
) -> Items:
    """Wanted objects as items: what the user said, and what of the node's own a restart would lose.

    ``want`` before the node filled in anything, ``after`` what the run shows, ``saved`` what was saved before.
    """
    key = item_key(kinds)
    now = {key(item): item for item in after}
    old = {key(item): item for item in saved}
    items = []
    for obj in want:
        attrs = kinds[obj.kind].remember(obj.attrs, now.get(obj.key, {}), old.get(obj.key, {}))
        items.append(plain(Obj(obj.kind, obj.key, attrs), kinds))
    return items
