# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``linkagg weights``: show and change weights on the node itself, as a person or a program there does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from .._engine.errors import EngineError
from .._netlink.nft import Nft
from . import saved, table
from .apply import change
from .model import Weights, with_changes

Lock = Callable[[], AbstractContextManager[None]]


Dealt = Callable[[Sequence[Weights]], Sequence[Weights]]


def weights(directory: str, words: Sequence[str], lock: Lock, dealt: Dealt = list) -> list[str]:
    """Do what the words say, ``[BOND [LINK=WEIGHT ... | planned]]``; lines for a person. EngineError if they are
    wrong or it cannot be done, and then nothing has changed. ``dealt``: weights as they are for now, because something
    is measured.
    """
    if len(words) < 2:
        return _listed(dealt(saved.load(directory)), words)
    with lock():
        there = saved.load(directory)
        before = _of(there, words[0])
        after = with_changes(before, words[1:])
        everything = [after if one.bond == after.bond else one for one in there]
        change(Nft(table.FAMILY, table.NAME), before, after, dealt(everything))
        for file in saved.savings(directory, everything):
            file.write()
    return after.lines()


def _listed(there: Sequence[Weights], words: Sequence[str]) -> list[str]:
    some = [_of(there, words[0])] if words else there
    return [line for one in some for line in one.lines()] or ["no bond here has weights (schedule packet or flow)"]


def _of(there: Sequence[Weights], bond: str) -> Weights:
    for one in there:
        if one.bond == bond:
            return one
    names = ", ".join(one.bond for one in there)
    has = f"those that have are {names}" if names else "none here has: give one schedule packet or flow"
    raise EngineError([f"bond {bond} has no weights; {has}"])
