# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a daemon is: a systemd unit, the files it reads and the interface it makes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from .._engine import normal
from .._engine.errors import EngineError

DIRECTORY = "/etc/linkagg/daemons"
UNITS = "/etc/systemd/system"
PREFIX = "linkagg-"
TYPES = ("exec", "notify", "forking")

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_MARK = re.compile(r"^\[X-Linkagg\]\nDaemon=(\S+)$", re.MULTILINE)
_INTERFACE = re.compile(r"^Interface=(\S+)$", re.MULTILINE)
_DESCRIPTION = re.compile(r"^Description=linkagg.wan: (.*)$", re.MULTILINE)
_MADE = "# Made by linkagg.wan; changes are lost at its next run.\n"


@dataclass(frozen=True)
class File:
    """What a file holds, and who may read it. A secret one is never shown."""

    content: str
    mode: int = 0o644
    secret: bool = False


class Hint(NamedTuple):
    """What a daemon may say (a pattern), what that means, and whether it has failed then even if it may be late."""

    seen: str
    means: str
    refusal: bool = True


@dataclass(frozen=True)
class Daemon:
    """A daemon that is wanted. ``files`` by path. ``ready_s``: how long its interface may take to appear, and to come
    up if it ``brings_up``. One to ``keep`` is left as it is. One that ``may_be_late`` has only failed if it says so
    itself. ``instead_of``: units that must not run beside it. One that ``needs_network`` is on trial until that is
    there (see trial.py)."""

    name: str
    unit: str
    files: Mapping[str, File] = field(default_factory=dict)
    interface: str = ""
    ready_s: float = 0.0
    keep: bool = False
    brings_up: bool = False
    may_be_late: bool = False
    instead_of: tuple[str, ...] = ()
    description: str = ""
    hints: tuple[Hint, ...] = ()
    needs_network: bool = False

    @property
    def service(self) -> str:
        """The name of its unit."""
        return f"{PREFIX}{self.name}.service"

    @property
    def everything(self) -> dict[str, File]:
        """Its files and its unit, by path."""
        return {**self.files, f"{UNITS}/{self.service}": File(self.unit)}


def directory_of(name: str) -> str:
    """Where the files of a daemon are."""
    return f"{DIRECTORY}/{name}"


def is_ours(unit: str, name: str) -> bool:
    """Whether a unit is one of these, and not just called alike."""
    found = _MARK.search(unit)
    return bool(found) and found[1] == name


def interface_in(unit: str) -> str:
    """The interface that a unit of ours says its daemon makes."""
    found = _INTERFACE.search(unit)
    return found[1] if found else ""


def description_in(unit: str) -> str:
    """What a unit of ours says its daemon is for."""
    found = _DESCRIPTION.search(unit)
    return found[1] if found else ""


def parse(items: Sequence[Mapping[str, Any]], program: str = "") -> list[Daemon]:
    """The module's list. ``program``: the version of our own. EngineError with every mistake of every item."""
    problems: list[str] = []
    found: list[Daemon] = []
    for number, item in enumerate(items):
        where = f"daemons[{number}] ({item['name']})"
        wrong = list(_mistakes(item))
        problems += [f"{where}: {mistake}" for mistake in wrong]
        if not wrong:
            found.append(_daemon(item, program))
    names = [daemon.name for daemon in found]
    problems += [f"daemons: name {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    if problems:
        raise EngineError(problems)
    return found


def _mistakes(item: Mapping[str, Any]) -> list[str]:
    problems = []
    if not _NAME.fullmatch(item["name"]):
        problems.append(f"name: {item['name']!r} is none; allowed: 1 to 64 of a-z 0-9 . _ -")
    for words in [item["command"], *item["prepare"]]:
        if not words or not PurePosixPath(words[0]).is_absolute():
            problems.append(f"command: {' '.join(words) or 'nothing'} does not begin with the whole path of a program")
        if any("\n" in word for word in words):
            problems.append("command: a word has a line break in it")
    for file in item["files"]:
        if not _FILE.fullmatch(file["name"]):
            problems.append(f"files: {file['name']!r} is no name of a file; it is put in a directory of its own")
        if (file.get("content") is None) == (file.get("secret") is None):
            problems.append(f"files: {file['name']} needs one of content and secret")
        if file["executable"] and file.get("secret") is not None:
            problems.append(f"files: {file['name']} cannot be both secret and executable")
    if item.get("interface"):
        try:
            normal.interface_name(item["interface"])
        except ValueError as exc:
            problems.append(f"interface: {exc}")
    return problems


def _daemon(item: Mapping[str, Any], program: str) -> Daemon:
    directory = directory_of(item["name"])
    files = {}
    for file in item["files"]:
        secret = file.get("secret")
        content = file["content"] if secret is None else secret
        mode = 0o755 if file["executable"] else 0o644
        files[f"{directory}/{file['name']}"] = File(content, mode if secret is None else 0o600, secret is not None)
    return Daemon(
        item["name"],
        unit(item, program),
        files,
        item.get("interface") or "",
        item["ready_s"],
        item["keep"],
        item["brings_up"],
        item["may_be_late"],
        tuple(item["instead_of"]),
        item["description"],
        tuple(Hint(**hint) for hint in item["hints"]),
        item["needs_network"],
    )


def unit(item: Mapping[str, Any], program: str = "") -> str:
    """The unit, systemd.service(5).

    It starts before linkagg.service, which puts addresses, routes and bonds on the interface, at once or when it comes;
    and it never gives up, since what it needs may come late. One that runs in our own ``program`` names its version,
    so that it changes, and the daemon is restarted, when that does.
    """
    lines = [
        "[Unit]",
        f"Description=linkagg.wan: {item['description']}",
        "After=systemd-sysctl.service systemd-networkd.service",
        "Before=linkagg.service",
        "StartLimitIntervalSec=0",
        "",
        "[Service]",
        f"Type={item['type']}",
        *([f"PIDFile={item['pid_file']}"] if item.get("pid_file") else []),
        *(f"ExecStartPre={_words(words)}" for words in item["prepare"]),
        f"ExecStart={_words(item['command'])}",
        "Restart=always",
        "RestartSec=2",
        "TimeoutStartSec=30",
        "TimeoutStopSec=10",
        f"CapabilityBoundingSet={' '.join(item['capabilities'])}",
        "NoNewPrivileges=yes",
        "ProtectHome=yes",
        "ProtectSystem=full",
        *(
            f"BindReadOnlyPaths={directory_of(item['name'])}/{file['name']}:{file['seen_at']}"
            for file in item["files"]
            if file.get("seen_at")
        ),
        *(f"TemporaryFileSystem={path}" for path in item["own_directories"]),
        "",
        "[Install]",
        "WantedBy=multi-user.target",
        "",
        "[X-Linkagg]",
        f"Daemon={item['name']}",
        *([f"Interface={item['interface']}"] if item.get("interface") else []),
        *([f"Program={program}"] if item["program"] else []),
    ]
    return _MADE + "\n".join(lines) + "\n"


def _words(words: Sequence[str]) -> str:
    """A command as systemd reads it (systemd.service(5), COMMAND LINES)."""
    return " ".join(_word(word) for word in words)


def _word(word: str) -> str:
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return word if re.fullmatch(r"[^\s'\";\\]+", word) else f'"{word}"'
