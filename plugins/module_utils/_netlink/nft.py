# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One nftables table, made as written with the ``nft`` program: its own netlink is the one that nobody else speaks."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .._engine.errors import EngineError
from . import names as domains

PART = "nft_table"

# command, text on its input -> exit status, output, errors
Run: TypeAlias = "Callable[[list[str], str | None], tuple[int, str, str]]"


def table_key(item: Any) -> tuple[Any, ...]:
    """What tells saved tables apart."""
    return ("table", item["family"], item["name"])


def run_program(command: list[str], text: str | None) -> tuple[int, str, str]:
    """Run a program without Ansible."""
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, input=text or "", capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout, done.stderr


class Nft:
    """The nft program and the one table it is asked about. ``which(name)`` finds a program."""

    def __init__(
        self, family: str, name: str, run: Run = run_program, which: Callable[[str], str | None] = shutil.which
    ) -> None:
        self._run = run
        self._which = which
        self.table = f"{family} {name}"
        self._nft = self._program("nft", "nftables")

    def _program(self, name: str, package: str) -> str:
        path = self._which(name)
        if path is None:
            raise EngineError([f"the program {name} is missing on this node: install the package {package}"])
        return path

    def live(self) -> str:
        """The table as the kernel has it, without counters; empty if there is none."""
        code, output, errors = self._run([self._nft, "-s", "list", "table", *self.table.split()], None)
        if code and "No such file" not in errors:
            raise EngineError([f"table {self.table} could not be listed: {errors.strip()}"])
        return "" if code else output

    def rendered(self, content: str) -> str:
        """What the kernel would list for this content. EngineError with nft's words if it is wrong."""
        listing = f"{{ {self._nft} -s list table {self.table} 2>/dev/null || :; }}"
        script = f"{self._nft} -f - && {self._nft} list tables && {listing}"
        command = [self._program("unshare", "util-linux"), "--net", "--", "sh", "-c", script]
        code, output, errors = self._run(command, content)
        if code:
            raise EngineError([f"content: {errors.strip()}"])
        lines = output.splitlines(keepends=True)
        tables = [line.strip() for line in lines if line.startswith("table ") and not line.rstrip().endswith("{")]
        others = [table for table in tables if table != f"table {self.table}"]
        if others:
            raise EngineError([f"content: makes {', '.join(others)}, but only table {self.table} is managed here"])
        if not tables:
            raise EngineError([f"content: makes no table {self.table}"])
        return "".join(lines[len(tables) :])

    def load(self, content: str, then: str = "") -> None:
        """Replace the table in one transaction; empty content removes it. ``then``: commands of the same one."""
        self._transact(f"table {self.table}\ndelete table {self.table}\n{content}\n{then}", "loaded")

    def add(self, commands: str) -> None:
        """Run commands in one transaction."""
        if commands:
            self._transact(commands, "filled")

    def _transact(self, script: str, what: str) -> None:
        code, _output, errors = self._run([self._nft, "-f", "-"], script)
        if code:
            raise EngineError([f"table {self.table} could not be {what}, nothing was changed: {errors.strip()}"])


Names: TypeAlias = "Mapping[str, list[str]]"


def reconcile(nft: Nft, content: str, check: bool, names: Names | None = None) -> dict[str, Any]:
    """Make the table have that content (empty: no table); the module's result.

    ``names``: domains by the set that is to hold their addresses. Those are learnt, as is all in sets with timeouts:
    no difference, and kept when the table is replaced. What does not resolve now is left to ``refresh``.
    """
    listing = nft.live()
    before = domains.without_learnt(listing)
    after = nft.rendered(content) if content else ""
    changed = before != after
    found, failed = domains.resolve(_all(names)) if content and not check else ({}, {})
    filling = domains.fill(nft.table, after, names or {}, found)
    if changed and not check:
        there = domains.set_types(after)
        kept = {name: elements for name, elements in domains.learnt(listing).items() if name in there}
        lines = (f"add element {nft.table} {name} {{ {elements} }}\n" for name, elements in kept.items())
        nft.load(content, "".join(lines) + filling)
        if domains.without_learnt(nft.live()) != after:
            raise EngineError([f"read back after loading, table {nft.table} is not as written: {nft.live()}"])
    else:
        nft.add(filling)
    verb = "replace" if before and after else "create" if after else "remove"
    return {
        "changed": changed,
        "before": before,
        "after": after,
        "diff": {"before": before, "after": after},
        "steps": [f"{verb} table {nft.table}"] if changed else [],
        "unresolved": _sentences(failed),
    }


def refresh(nft: Nft, names: Names) -> list[str]:
    """Look domains up again; what stands against it, one sentence each."""
    found, failed = domains.resolve(_all(names))
    listing = nft.live()
    if not listing:
        return [f"table {nft.table} is not there"]
    nft.add(domains.fill(nft.table, listing, names, found))
    return _sentences(failed)


def _sentences(failed: Mapping[str, str]) -> list[str]:
    return [f"{name} does not resolve: {reason}" for name, reason in failed.items()]


def _all(names: Names | None) -> list[str]:
    return [name for some in (names or {}).values() for name in some]
