# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights on the node's disk: their own file for whoever changes them, and the table that the agent brings back."""

from __future__ import annotations

from collections.abc import Sequence

from .._netlink.nft import PART as TABLES
from .._netlink.nft import table_key
from .._persist import store
from .._persist.saving import Saving, saving
from . import table
from .model import Weights, from_item

PART = "weights"


def load(directory: str) -> list[Weights]:
    """What is saved; nothing if the file is damaged, which the next run puts right."""
    return [from_item(item) for item in store.read(directory, PART).items]


def savings(directory: str, weights: Sequence[Weights]) -> list[Saving]:
    """The files that are to change so that these weights, and no others, are saved."""
    content = table.content(weights)
    item = {"family": table.FAMILY, "name": table.NAME, "content": content}
    items = [one.item() for one in weights]
    stored = store.read(directory, PART)
    due = [
        saving(directory, PART, lambda item: ("bond", item["bond"]), items, stored, purge=True),
        saving(
            directory,
            TABLES,
            table_key,
            [item],
            store.read(directory, TABLES),
            state="present" if content else "absent",
        ),
    ]
    return [one for one in due if one]
