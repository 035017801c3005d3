# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of reports, as aligned text and as Markdown: rows of cells, the first of which are the headings (pure)."""

from __future__ import annotations

from collections.abc import Sequence

Rows = Sequence[Sequence[str]]


def aligned(rows: Rows) -> list[str]:
    """Lines for a terminal, with a rule below the headings."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths).rstrip())
    return lines


def markdown(rows: Rows, words: Sequence[int] = (0,)) -> list[str]:
    """Lines of Markdown. Columns ``words`` hold words, the others numbers, which are aligned to the right."""
    head, *body = [[text.replace("|", "\\|") for text in row] for row in rows]
    ruler = " | ".join("---" if column in words else "---:" for column in range(len(head)))
    return [f"| {' | '.join(head)} |", f"| {ruler} |", *(f"| {' | '.join(row)} |" for row in body)]
