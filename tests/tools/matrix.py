# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sanity, units and unit tests on each ansible-core that the collection supports: python matrix.py (make test-matrix).

Each has a virtual environment and its logs in a folder of its own below build/matrix. The last lines are a table.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collection_tree import ROOT

BUILD = ROOT / "build" / "matrix"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
REQUIREMENTS = ["pytest", "--requirement", str(ROOT / "tests" / "unit" / "requirements.txt")]
LIMIT_S = 1200


@dataclass
class Row:
    """One ansible-core: what pip is asked for, on which of the Pythons here; then what came out of it."""

    name: str
    wish: str
    pythons: Sequence[str]  # the first that is here
    python: str = ""
    version: str = ""
    results: dict[str, str] = field(default_factory=dict)


# The oldest Python of modules and controllers below, the newest one above.
ROWS = (
    Row("2.18", "ansible-core ~= 2.18.0", ("3.11", "3.12", "3.13")),
    Row("2.19", "ansible-core ~= 2.19.0", ("3.12", "3.11", "3.13")),
    Row("newest", "ansible-core", PYTHONS[::-1]),
)
STEPS = ("sanity", "units", "unit")


def main() -> int:
    """Run all, or the rows named by arguments, and show the table; returns 0 if all is well."""
    rows = [row for row in ROWS if row.name in (sys.argv[1:] or [row.name])]
    pythons = {version: path for version in PYTHONS if (path := find_python(version))}
    print(f"Pythons here: {', '.join(pythons)}", flush=True)
    for row in rows:
        run(row, pythons)
    print(table(rows))
    failed = [f"{row.name} {step}" for row in rows for step, result in row.results.items() if "FAILED" in result]
    print(f"\nFAIL: {', '.join(failed)}" if failed else "\nPASS: test-matrix")
    return 1 if failed else 0


def find_python(version: str) -> Path | None:
    """The path of a Python that runs and can make virtual environments; pyenv's shims can be there without one."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *sorted(map(str, kept.glob(f"{version}.*/bin/python")), reverse=True)]
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for path in filter(None, found):
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
        words = done.stdout.split()
        if done.returncode == 0 and words[0] == version:
            return Path(words[1])
    return None


def run(row: Row, pythons: dict[str, Path]) -> None:
    """Fill in the row's results."""
    row.python = next((version for version in row.pythons if version in pythons), "")
    if not row.python:
        row.results["install"] = f"FAILED: it needs one of Python {', '.join(row.pythons)}"
        return
    home = BUILD / row.name
    home.mkdir(parents=True, exist_ok=True)
    python = home / "venv" / "bin" / "python"
    if not step(row, "install", lambda log: install(row.wish, pythons[row.python], python, log)):
        return
    row.version = version_of(python)
    here = Path(__file__).with_name("ansible_test.py")
    for name in STEPS:
        command = [str(python), str(here), "--build", str(home), name]
        if name == "unit":
            command = [str(python), "-m", "pytest", "-q", "tests/unit"]
        step(row, name, lambda log, command=command: logged(command, log, home))


def step(row: Row, name: str, work: Callable[[Path], int]) -> bool:
    """Do it, say how it went, and show the end of its log if it failed."""
    log, started = BUILD / row.name / f"{name}.log", time.monotonic()
    log.write_text("")
    status = work(log)
    seconds = f"{time.monotonic() - started:.0f} s"
    row.results[name] = f"ok, {seconds}" if status == 0 else f"FAILED, {seconds}"
    print(f"==> ansible-core {row.version or row.name}, Python {row.python}: {name}: {row.results[name]}", flush=True)
    if status:
        print("\n".join(log.read_text(errors="replace").splitlines()[-40:]), f"\n(all of it: {log})", flush=True)
    return status == 0


def install(wish: str, base: Path, python: Path, log: Path) -> int:
    """A fresh virtual environment with that ansible-core and what the unit tests need."""
    shutil.rmtree(python.parents[1], ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wish, *REQUIREMENTS]
    return logged([str(base), "-m", "venv", str(python.parents[1])], log, ROOT) or logged(pip, log, ROOT)


def logged(command: list[str], log: Path, home: Path) -> int:
    """Run it in the collection, where imports find it; its exit status, 124 if it does not end."""
    collections = ROOT / "build" / "collections"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    environment = {
        **kept,
        "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(map(str, (collections, ROOT))),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_HOME": str(home / "ansible"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    folder = collections / "ansible_collections" / "linkagg" / "wan"
    with log.open("ab") as out:
        try:
            return subprocess.run(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=LIMIT_S
            ).returncode
        except subprocess.TimeoutExpired:
            out.write(f"\nended after {LIMIT_S} s\n".encode())
            return 124


def version_of(python: Path) -> str:
    """The ansible-core that it has."""
    code = "import importlib.metadata as it; print(it.version('ansible-core'))"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def table(rows: Sequence[Row]) -> str:
    """All results, a line for each ansible-core."""
    lines = [["ansible-core", "Python", *STEPS]]
    for row in rows:
        missing = row.results["install"] if "FAILED" in row.results["install"] else "not run"
        lines.append([row.version or row.name, row.python or "-", *(row.results.get(name, missing) for name in STEPS)])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = "\n".join("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in lines)
    newest = max((tuple(map(int, re.findall(r"\d+", row.version)[:2])) for row in rows if row.version), default=())
    if newest <= (2, 19):
        text += "\nNOT TESTED: ansible-core newer than 2.19, which needs Python 3.12 or newer: none is here"
    return f"\n{text}"


if __name__ == "__main__":
    sys.exit(main())
