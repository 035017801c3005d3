# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons of ours whose interfaces are missing, such as a session that no modem lets through, and what they say."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from .._daemons.units import PREFIX, UNITS, description_in, interface_in
from .converge import Open

_LINES = "6"


def journal(service: str) -> str:
    """What a unit has said last; nothing where that cannot be read."""
    command = ["journalctl", "--no-pager", "--boot", "--output=cat", f"--lines={_LINES}", f"--unit={service}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def about_makers(
    left: Iterable[Open], root: Path = Path("/"), last_words: Callable[[str], str] = journal
) -> Iterator[str]:
    """A sentence for each interface that a daemon of ours has not made, with the daemon's last words in lines below."""
    missing = {name for open_ in left for name in open_.devices}
    for path in sorted((root / UNITS.lstrip("/")).glob(f"{PREFIX}*.service")) if missing else ():
        unit = path.read_text(errors="replace")
        name = interface_in(unit)
        if name in missing:
            words = last_words(path.name) or "(nothing)"
            said = "".join(f"\n  {line}" for line in words.splitlines())
            yield f"interface {name} is to come from {path.name} ({description_in(unit)}), which said last:{said}"
