# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the relay."""

from __future__ import annotations


def main(words: list[str]) -> int:
    """Run an end of it; returns the exit status, 2 for a mistake."""
    return 2
