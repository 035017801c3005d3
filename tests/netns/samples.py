# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row of a kind table is tested with on a real kernel: see test_every_row.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """Values of a row to go through one after the other, and the words that the kernel's own tools show with each and
    not with the others; the empty text is none of them.

    ``given`` are options without which the row means nothing. Without words the tools of the distribution do not know
    the row yet, and what the engine reads back has to do.
    """

    values: tuple[Any, ...]
    words: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
