# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playback of recorded traces: a process beside the modems that sets each link's rate every half second."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass

from . import effects, shape
from .config import Lab, Link
from .shape import Faults
from .state import namespace_paths, read_faults, write_json


@dataclass
class Way:
    """One direction of one link as the player drives it."""

    link: Link
    down: bool
    device: str
    tc: subprocess.Popen
    last_mbit: float = 0


def play(lab: Lab, modems_pid: int) -> None:
    """Play for ever.

    Writes ``playback.json`` when it begins and whenever the machine was too busy for a step:
    ``started_at`` (epoch, lab host's clock), ``step_s``, ``skipped`` steps so far.
    """
    os.nice(-15)  # half seconds pass for a busy machine as well
    namespaces = namespace_paths(lab, {"modems": modems_pid})
    ways = _ways(lab, namespaces)
    step_s = next(iter(lab.traces.values())).step_s
    faults, seen = {}, None
    begin = time.monotonic()
    playback = {"started_at": time.time(), "step_s": step_s, "skipped": 0}
    write_json(lab.state / "playback.json", playback)
    step = 0
    while True:
        stamp = _stamp(lab)
        if stamp != seen:
            faults, seen = read_faults(lab), stamp
        for way in ways:
            _set(lab, way, step * step_s, faults.get(way.link.index, Faults()))
        for tc in {id(way.tc): way.tc for way in ways}.values():
            tc.stdin.flush()
        # A machine that was held up goes on where the time is, not where it stopped.
        due = max(step + 1, int((time.monotonic() - begin) / step_s))
        if due > step + 1:
            playback["skipped"] += due - step - 1
            write_json(lab.state / "playback.json", playback)
        step = due
        time.sleep(max(0.0, begin + step * step_s - time.monotonic()))


def _ways(lab: Lab, namespaces: dict[str, str]) -> list[Way]:
    ways = []
    with effects.inside(namespaces["modems"]):
        core = _tc()
        for link in lab.links:
            if link.trace:
                device = shape.core_device(link)
                ways.append(Way(link, True, device, core))
    for link in lab.links:
        if link.trace:
            with effects.inside(namespaces[link.namespace]):
                device = shape.MODEM_DEVICE
                ways.append(Way(link, False, device, _tc()))
    return ways


def _tc() -> subprocess.Popen:
    """Start a tc that takes lines as long as we live: starting one each time is slow under emulation."""
    return subprocess.Popen(["tc", "-force", "-batch", "-"], stdin=subprocess.PIPE, text=True)


def _stamp(lab: Lab) -> int | None:
    try:
        return (lab.state / "faults.json").stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _set(lab: Lab, way: Way, playback_s: float, faults: Faults) -> None:
    trace = lab.traces[way.link.trace]
    down, up = shape.shapes(way.link, faults, trace.at(playback_s + way.link.offset_s))
    wanted = down if way.down else up
    if wanted.rate_mbit or way.last_mbit:
        way.tc.stdin.write("\n".join(shape.trace_lines(way.device, wanted, trace.step_s)) + "\n")
    way.last_mbit = wanted.rate_mbit
