# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent on a node is a copy of the engine that works by itself, switched to as a whole."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._install import files

PARENT = "ansible_collections.linkagg.wan.plugins.module_utils"


def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **more}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def test_the_copy_runs_without_the_collection(tmp_path: Path) -> None:
    files.install(tmp_path, files.program(PARENT))
    done = run(sys.executable, str(tmp_path / files.CURRENT), "--state-directory", str(tmp_path / "state"), "status")
    assert (done.returncode, done.stdout, done.stderr) == (0, "all that is saved is there (nothing)\n", "")
    package = run(sys.executable, "-m", "linkagg", "help", PYTHONPATH=str(tmp_path / files.CURRENT))
    assert package.stdout.startswith("linkagg [--state-directory DIRECTORY] VERB")


def test_the_relay_gets_all_further_words_and_loads_nothing_of_the_agent(tmp_path: Path) -> None:
    script = b"""
import sys

def main(words):
    print(words, [name for name in ("linkagg._agent", "linkagg._netlink", "pyroute2") if name in sys.modules])
    return 7
"""
    files.install(tmp_path, {**files.program(PARENT), "linkagg/_relay/cli.py": script})
    home = tmp_path / files.CURRENT
    # -S: without pyroute2, which is in site-packages
    done = run(sys.executable, "-S", str(home), "relay", "gateway", "--lane", "lte1")
    assert (done.returncode, done.stdout, done.stderr) == (7, "['gateway', '--lane', 'lte1'] []\n", "")
    package = run(sys.executable, "-S", "-m", "linkagg", "relay", PYTHONPATH=str(home))
    assert (package.returncode, package.stdout) == (7, "[] []\n")


def test_the_help_names_the_relay(tmp_path: Path) -> None:
    files.install(tmp_path, files.program(PARENT))
    assert "\n  relay    carry TCP" in run(sys.executable, str(tmp_path / files.CURRENT), "help").stdout


def test_another_program_is_another_unit() -> None:
    unit = files.unit("/usr/bin/python3", "v1")
    assert unit.endswith("\n[X-Linkagg]\nProgram=v1\n")
    assert files.unit("/usr/bin/python3", "v2") == unit.replace("v1", "v2")


UTILS = Path(files.__file__).parents[1]


def imported(path: Path) -> Iterator[Path]:
    """The files of ``module_utils`` that one imports anywhere in it, as Ansible looks for what to send along."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        elif (node.module or "").startswith(PARENT):
            base = UTILS.joinpath(*(node.module or "").removeprefix(PARENT).split("."))
        else:
            continue
        tried = [base, *(base / alias.name for alias in node.names)]
        found = [one for name in tried for one in (name / "__init__.py", name.with_name(f"{name.name}.py"))]
        yield from (one for one in found if one.is_file())


def test_ansible_sends_along_what_the_program_begins_with_and_something_of_each_package() -> None:
    todo, sent = [UTILS.parent / "modules" / "agent.py"], set()
    while todo:
        path = todo.pop()
        if path not in sent:
            sent.add(path)
            todo += imported(path)
    begins = re.findall(
        r"^ *from linkagg\.(\S+) import main$", files.program(PARENT)["__main__.py"].decode(), re.MULTILINE
    )
    assert len(begins) == 2
    assert {UTILS / f"{module.replace('.', '/')}.py" for module in begins} - sent == set()
    assert {f"linkagg/{module.replace('.', '/')}.py" for module in begins} - files.program(PARENT).keys() == set()
    assert {UTILS / package for package in files.PACKAGES} - {path.parent for path in sent} == set()


def test_it_is_compiled_beforehand(tmp_path: Path) -> None:
    files.install(tmp_path, files.program(PARENT))
    compiled = list((tmp_path / files.CURRENT).rglob("*.pyc"))
    assert len(compiled) == len(files.program(PARENT))
    assert str(tmp_path).encode() not in compiled[0].read_bytes()


def test_an_archive_as_ansible_sends_it_has_the_same_program(tmp_path: Path) -> None:
    archive = tmp_path / "payload.zip"
    with zipfile.ZipFile(archive, "w") as payload:
        payload.writestr("parent/__init__.py", "")
        for path, content in files.program(PARENT).items():
            if path.count("/") > 1:  # the engine's packages; the rest is made on the node
                payload.writestr(f"parent/{path.removeprefix('linkagg/')}", content)
    script = f"from {PARENT}._install import files; print(files.version(files.program('parent')))"
    done = run(sys.executable, "-c", script, PYTHONPATH=os.pathsep.join([str(archive), *filter(None, sys.path)]))
    assert done.stdout.strip() == files.version(files.program(PARENT)), done.stderr


def test_a_newer_version_replaces_an_older_one(tmp_path: Path) -> None:
    older = {"__main__.py": b"print(1)\n"}
    newer = {"__main__.py": b"print(2)\n"}
    assert files.installed(tmp_path) is None
    files.install(tmp_path, older)
    assert (files.is_whole(tmp_path, older), files.is_whole(tmp_path, newer)) == (True, False)
    files.install(tmp_path, newer)
    assert run(sys.executable, str(tmp_path / files.CURRENT)).stdout == "2\n"
    left = sorted(path.name for path in (tmp_path / files.HOME).iterdir())
    assert left == sorted([files.version(newer), "current"])


@pytest.mark.parametrize("damage", ["cut", "missing", "half-installed"])
def test_a_damaged_program_is_installed_again(tmp_path: Path, damage: str) -> None:
    program = {"__main__.py": b"print(1)\n", "linkagg/x.py": b"x = 1\n"}
    files.install(tmp_path, program)
    home = tmp_path / files.CURRENT
    if damage == "cut":
        (home / "linkagg" / "x.py").write_bytes(b"x")
    elif damage == "missing":
        (home / "linkagg" / "x.py").unlink()
    else:
        shutil.copytree(home, tmp_path / files.HOME / f".{files.version(program)}.new")
        (tmp_path / files.CURRENT).unlink()
    assert not files.is_whole(tmp_path, program)
    files.install(tmp_path, program)
    assert files.is_whole(tmp_path, program)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="NOT TESTED: systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    files.install(tmp_path, files.program(PARENT))
    path = tmp_path / files.SERVICE
    path.write_text(files.unit(sys.executable, files.version(files.program(PARENT))))
    done = run("systemd-analyze", "verify", "--man=no", str(path))
    words = [line for line in (done.stdout + done.stderr).splitlines() if files.SERVICE in line]
    assert words == []
