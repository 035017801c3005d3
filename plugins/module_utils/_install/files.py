# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's files on a node, as the module ``agent`` brings them: a copy of the engine, a command, a unit.

Everything of the engine is imported relatively, so that a copy works as a package of another name.
"""

from __future__ import annotations

import compileall
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

PACKAGES = ("_agent", "_daemons", "_engine", "_kinds", "_netlink", "_persist", "_rates", "_relay", "_weights")
HOME = Path("usr/local/lib/linkagg")
CURRENT = HOME / "current"
COMMAND = Path("usr/local/sbin/linkagg")
UNIT = Path("etc/systemd/system/linkagg.service")
SERVICE = UNIT.name

# The relay loads nothing of the agent: it starts fast, stays small and does without pyroute2.
_MAIN = """\
import sys

if sys.argv[1:2] == ["relay"]:
    from linkagg._relay.cli import main

    sys.exit(main(sys.argv[2:]))

from linkagg._agent.cli import main

sys.exit(main())
"""
_MADE = "# Made by linkagg.wan; changes are lost at its next run.\n"


def program(parent: str) -> dict[str, bytes]:
    """The program's files below its directory: path -> content. ``parent``: the package that PACKAGES are in."""
    found = {"__main__.py": _MAIN.encode(), "linkagg/__init__.py": b"", "linkagg/__main__.py": _MAIN.encode()}
    for package in PACKAGES:
        for path, content in _sources(resources.files(f"{parent}.{package}"), package):
            found[f"linkagg/{path}"] = content
    return found


def _sources(directory: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in directory.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _sources(entry, f"{path}/{entry.name}")
        elif entry.name.endswith(".py"):
            yield f"{path}/{entry.name}", entry.read_bytes()


def version(files: Mapping[str, bytes]) -> str:
    """A name for exactly these files."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def command(python: str) -> str:
    """The command for people."""
    return f'#!/bin/sh\n{_MADE}exec {python} /{CURRENT} "$@"\n'


def unit(python: str, version: str) -> str:
    """The unit, systemd.service(5). It names the program's version, so that it changes when that does.

    Before what wants the network online, but not before network.target: a modem that does not come must not keep sshd
    waiting. After those who would flush our nftables table, and after networkd, whose leases tell next hops.
    """
    return f"""{_MADE}[Unit]
Description=linkagg.wan: bring back links, tunnels, bonds and routes, and complete what comes late
Documentation=https://github.com/linkagg/linkagg.wan
After=systemd-sysctl.service systemd-networkd.service NetworkManager.service
After=nftables.service firewalld.service ufw.service
Before=network-online.target

[Service]
Type=notify
ExecStart={python} /{CURRENT} watch
Restart=on-failure
RestartSec=5
TimeoutStartSec=120
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_ADMIN
ProtectHome=yes
ProtectSystem=full

[Install]
WantedBy=multi-user.target

[X-Linkagg]
Program={version}
"""


def installed(root: Path) -> str | None:
    """The version that is in use, if its link leads to one."""
    try:
        return os.readlink(root / CURRENT)
    except OSError:
        return None


def is_whole(root: Path, files: Mapping[str, bytes]) -> bool:
    """Whether exactly these files are what is in use, none of them damaged."""
    if installed(root) != version(files):
        return False
    try:
        return all((root / CURRENT / path).read_bytes() == content for path, content in files.items())
    except OSError:
        return False


def install(root: Path, files: Mapping[str, bytes]) -> None:
    """Put the files beside an older version and switch, so that at any time one of the two is whole."""
    name = version(files)
    temporary = root / HOME / f".{name}.new"
    shutil.rmtree(temporary, ignore_errors=True)
    for path, content in files.items():
        target = temporary / path
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        target.write_bytes(content)
    # Now, with the path that it will have: the service may not write there.
    home = f"/{HOME}/{name}"
    compileall.compile_dir(str(temporary), quiet=2, stripdir=str(temporary), prependdir=home)
    os.sync()
    if installed(root) == name:  # what is in use is damaged
        (root / CURRENT).unlink()
    shutil.rmtree(root / HOME / name, ignore_errors=True)
    temporary.rename(root / HOME / name)
    link = root / HOME / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(root / CURRENT)
    for other in (root / HOME).iterdir():
        if other.name not in (name, CURRENT.name):
            shutil.rmtree(other, ignore_errors=True)
