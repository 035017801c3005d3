# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links do not answer, as the watching agent tells modules and commands, so that none of them fights it.

It holds only as long as the agent that said so lives: that one keeps a lock, which goes with its process, however that
ends. The files are below /run, and go with the boot.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._engine.errors import EngineError

RUN = Path("/run/linkagg")


def path_of(state_directory: str | Path, run: Path = RUN, what: str = "links") -> Path:
    """The file of the agent that looks after that saved state."""
    return run / f"{what}{str(Path(state_directory).resolve()).replace('/', '-')}.json"


class Report:
    """The agent's own hand on it."""

    def __init__(self, state_directory: str | Path, run: Path = RUN) -> None:
        self._path = path_of(state_directory, run)
        self._text = ""
        run.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._lock = os.open(_lock(self._path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise EngineError(
                [f"an agent watches {state_directory} already (linkagg.service?): stop that first"]
            ) from None

    def last(self) -> dict[str, dict[str, Any]]:
        """What was said last, also by an agent that is gone."""
        return _read(self._path)

    def tell(self, links: Mapping[str, Mapping[str, Any]]) -> None:
        """Say it, if it is news."""
        text = json.dumps(links, sort_keys=True)
        if text == self._text:
            return
        put(self._path, text)
        self._text = text

    def end(self) -> None:
        """Nothing is said any longer."""
        self._path.unlink(missing_ok=True)
        os.close(self._lock)


def put(path: Path, text: str) -> None:
    """The file anew: who reads it has the old text or this one, never a part."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.replace(path)


def lives(state_directory: str | Path, run: Path = RUN) -> bool:
    """Whether an agent looks after that saved state now."""
    return _lives(path_of(state_directory, run))


def links(state_directory: str | Path, run: Path = RUN) -> dict[str, dict[str, Any]]:
    """What a living agent says of its links: ``{interface: {target, alive, since, withdraws}}``; nothing without one.

    ``withdraws``: whether its routes go while it does not answer. Of bonds over which routes give way, ``target`` is
    ``_kinds.withdraw.LEGS``.
    ``since``: when that began, in seconds of the monotonic clock, which all processes share.
    """
    path = path_of(state_directory, run)
    return _read(path) if _lives(path) else {}


def silent(state_directory: str | Path, run: Path = RUN) -> dict[str, str]:
    """Those that do not answer: interface -> the address that was asked, or bond -> LEGS."""
    found = links(state_directory, run)
    return {name: link["target"] for name, link in found.items() if link["alive"] is False and link["withdraws"]}


def _lock(path: Path) -> Path:
    return path.with_suffix(".lock")


def _lives(path: Path) -> bool:
    try:
        handle = os.open(_lock(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
