# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark in which a connection keeps where it goes: made of ids, so that no change of policies moves a connection.

::

    31 29 28   27   21 20   14 13    7 6       0
    101   drop third   second  first   in use

Each choice is a link_id, or 64 + bond_id; 0 is none. "In use" is the one that the connection's first packet left by,
which is asked first: a connection stays there when a better link comes back, and moves when that one is gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from .policy_keys import MOST_CHOICES

OURS = 0xA0000000
OURS_MASK = 0xE0000000
DROP_BIT = 0x10000000
CHOICE_BITS = 7
CHOICE_MASK = (1 << CHOICE_BITS) - 1
FIRST_BOND = 64


def bond_choice(bond_id: int) -> int:
    """A bond's number among the choices; a link's is its link_id."""
    return FIRST_BOND + bond_id


def policy_mark(choices: Sequence[int], *, drop: bool) -> int:
    """The mark of a new connection: its choices in order, and whether it is dropped when none of them works."""
    if len(choices) > MOST_CHOICES or not all(0 < choice <= CHOICE_MASK for choice in choices):
        raise ValueError(f"choices: found {choices!r}; allowed: {MOST_CHOICES} numbers from 1 to {CHOICE_MASK}")
    mark = OURS | (DROP_BIT if drop else 0)
    for place, choice in enumerate(choices, start=1):
        mark |= choice << CHOICE_BITS * place
    return mark


def place_match(place: int, choice: int) -> tuple[int, int]:
    """``(mark, mask)`` of connections with that choice at a place: 0 is the one in use, 1 the first."""
    shift = CHOICE_BITS * place
    return OURS | choice << shift, OURS_MASK | CHOICE_MASK << shift


def drop_match() -> tuple[int, int]:
    """``(mark, mask)`` of connections that are dropped when none of their choices works."""
    return OURS | DROP_BIT, OURS_MASK | DROP_BIT
