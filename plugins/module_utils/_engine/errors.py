# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the engine: always about the input or the node, written for the person who runs Ansible."""

from __future__ import annotations

from collections.abc import Sequence


class EngineError(Exception):
    """One or more problems, found together, each a sentence that says what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class KernelError(Exception):
    """The kernel refused a request: errno and, where it says so, its own words.

    ``keys`` are the attributes (of a kind table) that the refused request was about, or the one that the kernel blames.
    """

    def __init__(self, errno: int, reason: str, keys: Sequence[str] = ()) -> None:
        self.errno = errno
        self.reason = reason
        self.keys = tuple(keys)
        super().__init__(reason)
