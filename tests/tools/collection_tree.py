# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the collection as ansible-test wants it: in ansible_collections/linkagg/wan, and not through a link.

It has what ``ansible-galaxy collection build`` would pack (galaxy.yml's build_ignore decides) and the tests that are
written for ansible-test; the lab and the tools of development are no content of the collection.
"""

from __future__ import annotations

import fnmatch
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("tests/config.yml", "tests/netns/samples", "tests/perf/", "tests/sanity/", "tests/unit/")
OUTPUT = "tests/output"  # ansible-test's: reports and virtual environments, worth keeping


def make_tree(parent: Path) -> Path:
    """Make or renew the copy below ``parent``, as a git repository of its own; returns the collection's folder.

    Files that git does not know yet are copied, too, unless they are ignored.
    """
    collection = parent / "ansible_collections" / "linkagg" / "wan"
    collection.mkdir(parents=True, exist_ok=True)
    _empty(collection)
    for name in _content():
        target = collection / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    (collection / ".gitignore").write_text(f"/{OUTPUT}/\n__pycache__/\n", encoding="utf-8")
    # ansible-test asks git which files there are; without a repository here it would find the one around it.
    _git(collection, "init", "--quiet")
    _git(collection, "add", "--all")
    return collection


def _content() -> list[str]:
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    listed = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    packed = [name for name in listed if not any(fnmatch.fnmatch(name.split("/")[0], pattern) for pattern in ignored)]
    tests = [name for name in listed if name.startswith(TESTS)]
    return [name for name in packed + tests if (ROOT / name).is_file()]


def _empty(collection: Path) -> None:
    """Remove all but ansible-test's output."""
    for path in collection.iterdir():
        if path.name == "tests":
            for inner in path.iterdir():
                if inner != collection / OUTPUT:
                    _remove(inner)
        else:
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
