# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a report that sets the default against each link alone, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lab import tables
from lab.alone.verdict import is_decided

TITLE = "The default against the best link alone"
NOTE = (
    "Mbit/s that arrived; a link alone is measured straight through its modem, without a tunnel, and counts with what "
    "a tunnel leaves of it"
)
_HEAD = ["profile", "links", "test", "best link alone", "default", "times", ""]


def cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row of headings, then one for each profile and test."""
    return [_HEAD] + [
        [
            row["profile"],
            str(row["links"]),
            row["test"],
            f"{row['best_mbit']:.1f} ({row['best_link']})",
            f"{row['default_mbit']:.1f}",
            f"{row['times']:.2f}",
            _verdict(row),
        ]
        for row in rows
    ]


def _verdict(row: Mapping[str, Any]) -> str:
    if row["holds"]:
        return ""
    return "SLOWER" if is_decided(row) else f"not tested: processors {100 * row['busy']:.0f} % busy"


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Aligned text for a terminal; ends with a line break."""
    return "\n".join([f"{TITLE}. {NOTE}.", "", *tables.aligned(cells(rows))]) + "\n"


def markdown(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same as lines of Markdown."""
    words = [_HEAD.index(heading) for heading in ("profile", "test", "")]
    return ["", f"## {TITLE}", "", f"{NOTE}.", "", *tables.markdown(cells(rows), words)]
