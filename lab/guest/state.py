# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab remembers in its state directory, and how its namespaces are reached.

``config.json`` as given, ``state.json`` (process ids, times), ``faults.json`` (link index -> faults),
``playback.json`` (when the player began), ``<node>.pid`` and ``<node>.log`` of podman, and ``inside/``,
which the nodes see.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from .config import Lab
from .shape import Faults


def write_json(path: Path, value: object) -> None:
    """Write a file so that readers see the old or the new one, never half of it."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(value))
    new.replace(path)


def read_json(path: Path) -> dict:
    """Return what a file holds, {} if it is not there."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}


def start_time(pid: int) -> str | None:
    """Return when a process was started (kernel's ticks): tells it from a later one with its number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    return None if state == "Z" else rest[18]


def alive(process: dict | None) -> bool:
    """Return whether a process noted as ``{"pid", "start"}`` still runs."""
    return bool(process) and start_time(process["pid"]) == process["start"]


def note(pid: int) -> dict:
    """Return a process as ``alive`` wants it noted."""
    return {"pid": pid, "start": start_time(pid)}


def namespace_paths(lab: Lab, pids: dict[str, int]) -> dict[str, str]:
    """Return the path of every network namespace: nodes and modems."""
    paths = {node: f"/proc/{pid}/ns/net" for node, pid in pids.items()}
    for link in lab.links:
        paths[link.namespace] = f"/proc/{pids['modems']}/root/run/netns/{link.namespace}"
    return paths


def read_faults(lab: Lab) -> dict[int, Faults]:
    """Return the faults in force by link index; links without any are left out."""
    return {int(index): Faults(**entry) for index, entry in read_json(lab.state / "faults.json").items()}


def write_faults(lab: Lab, faults: dict[int, Faults]) -> None:
    """Remember the faults in force."""
    write_json(
        lab.state / "faults.json", {index: asdict(entry) for index, entry in faults.items() if entry != Faults()}
    )


@contextmanager
def locked(lab_id: str) -> Iterator[None]:
    """Let one command at a time change a lab."""
    handle = os.open(f"/run/linkagg-lab-{lab_id}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
