# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-test on a copy of the collection, with nothing beyond a package index: python ansible_test.py sanity.

ansible-test makes virtual environments in ~/.ansible and hides the user's environment from pip. Here it gets a home
below build/, with pip's settings as they are in effect now.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from collection_tree import ROOT, make_tree

BUILD = ROOT / "build" / "ansible-test"

# ansible-test fetches pip's own installer from a server of its project. This one, in the place where it looks for a
# fetched one, has the pip of the Python that runs ansible-test install what ansible-test asks for, pip first of all.
GET_PIP = """\
import subprocess
import sys

if __name__ == "__main__":
    options = [option for option in sys.argv[1:] if option not in ("--no-setuptools", "--no-wheel")]
    subprocess.run([{python!r}, "-m", "pip", "--python", sys.executable, "install", *options], check=True)
"""


def main() -> int:
    """Run ansible-test of the Python that runs this, its files below ``--build DIR``; returns its exit status."""
    words, build = sys.argv[1:], BUILD
    if words[:1] == ["--build"]:
        build, words = Path(words[1]), words[2:]
    return ansible_test(Path(sys.executable), build, *words)


def ansible_test(python: Path, build: Path, command: str, *arguments: str) -> int:
    """Run ``ansible-test COMMAND`` of the ansible-core that ``python`` has, with all its files below ``build``."""
    collection = make_tree(build)
    home = build / "home"
    _make_home(python, home)
    options = {"units": ["--venv"]}.get(command, [])
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return subprocess.run(
        [python.parent / "ansible-test", command, "--python", version, "--color", "no", *options, *arguments],
        cwd=collection,
        env=_environment(python, home),
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode


def _environment(python: Path, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    return {**kept, "HOME": str(home), "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}


def _make_home(python: Path, home: Path) -> None:
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in _pip_versions(python):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(
            GET_PIP.format(python=str(python)), encoding="utf-8"
        )
    settings = home / ".config" / "pip" / "pip.conf"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch(mode=0o600)  # an index can have a password in its address
    settings.write_text(_pip_settings(python), encoding="utf-8")


def _pip_versions(python: Path) -> list[str]:
    """The versions of pip for which that ansible-test would fetch an installer."""
    code = (
        "from ansible_test._internal.constants import CONTROLLER_PYTHON_VERSIONS as versions\n"
        "from ansible_test._internal.host_configs import VirtualPythonConfig as Python\n"
        "from ansible_test._internal.python_requirements import get_venv_packages\n"
        "print(*{get_venv_packages(Python(version=version))['pip'] for version in versions})\n"
    )
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.split()


def _pip_settings(python: Path) -> str:
    """The contents of a pip.conf with the settings of all pip.conf files and of PIP_* in the environment."""
    listed = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "config", "list"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    sections: dict[str, dict[str, str]] = {"global": {"quiet": "2"}}
    from_environment = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section == ":env:":
            from_environment[key] = ast.literal_eval(value)
        else:
            sections.setdefault(section, {})[key] = ast.literal_eval(value)
    sections["global"] |= from_environment
    lines = []
    for section, values in sections.items():
        lines += [f"[{section}]", *(f"{key} = {_indented(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _indented(value: str) -> str:
    return value.replace("\n", "\n    ")


if __name__ == "__main__":
    sys.exit(main())
