# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons that were started before what they need was there, such as the routes of their links.

They are on trial, in a file below /run, until linkagg.wan.network has made that and has seen them do their work. If the
other end refuses one, all that was changed with it is put back as it was when nobody was on trial; also by a later run,
if this one ends before that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .._engine.errors import EngineError
from .._persist import store
from .node import Node
from .steps import Have
from .units import Daemon, File, Hint

PATH = Path("/run/linkagg/daemons-on-trial.json")


@dataclass(frozen=True)
class Trial:
    """``waiting`` were started at ``since``, in seconds of time.time(); ``before``: all that was changed, by name."""

    since: float = 0.0
    waiting: Sequence[Daemon] = ()
    before: Mapping[str, Have] = field(default_factory=dict)


def read(path: Path = PATH) -> Trial:
    """Who is on trial; nobody if another version of this has written it."""
    try:
        found = json.loads(path.read_text())
        return Trial(
            found["since"],
            [_daemon(one) for one in found["waiting"]],
            {name: _have(one) for name, one in found["before"].items()},
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Trial()


def begin(
    since: float,
    started: Sequence[Daemon],
    before: Mapping[str, Have],
    wanted: Collection[str],
    path: Path = PATH,
) -> None:
    """Note that these were ``started``, and what was there ``before`` of all that was changed with them.

    Whoever is on trial already stays so while it is ``wanted``, and what was before that trial is what counts.
    """
    old = read(path)
    coming = {daemon.name: replace(daemon, unit="", files={}) for daemon in started if daemon.needs_network}
    waiting = {**{daemon.name: daemon for daemon in old.waiting if daemon.name in wanted}, **coming}
    if waiting:
        trial = Trial(since if coming else old.since, list(waiting.values()), {**before, **old.before})
        store.write_file(path, json.dumps(asdict(trial)).encode())
    else:
        path.unlink(missing_ok=True)


def end(make_node: Callable[[float], Node], stopped: Callable[[], str] = str, path: Path = PATH) -> list[str]:
    """Wait until those on trial do their work; a sentence for each that may be late and is.

    EngineError if one is refused or fails; then daemons are as they were before. ``make_node``: see ``Node.since``.
    """
    trial = read(path)
    if not trial.waiting:
        return []
    node = make_node(trial.since)
    try:
        late = node.wait_for(trial.waiting, stopped)
    except EngineError as exc:
        undone = node.put_back(trial.before.keys(), {name: have for name, have in trial.before.items() if have.files})
        path.unlink(missing_ok=True)
        raise EngineError([*exc.problems, undone]) from exc
    path.unlink(missing_ok=True)
    return late


def _have(found: Mapping[str, Any]) -> Have:
    return Have(**{**found, "files": {path: File(**file) for path, file in found["files"].items()}})


def _daemon(found: Mapping[str, Any]) -> Daemon:
    lists = {"instead_of": tuple(found["instead_of"]), "hints": tuple(Hint(*hint) for hint in found["hints"])}
    return Daemon(**{**found, **lists})
