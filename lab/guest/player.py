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

# A tc that takes lines for long keeps some memory of each (iproute2 6.1: 1.5 GB within 50 minutes of six links).
STEPS_OF_A_TC = 240


class Tc:
    """A tc of one network namespace that takes lines, since starting one each time is slow under emulation; another
    one every ``STEPS_OF_A_TC`` steps.
    """

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.steps = 0
        self.start()

    def start(self) -> None:
        """Start it; it lives as long as we do."""
        with effects.inside(self.namespace):
            self.process = subprocess.Popen(["tc", "-force", "-batch", "-"], stdin=subprocess.PIPE, text=True)

    def write(self, lines: list[str]) -> None:
        """Give it lines for this step."""
        self.process.stdin.write("\n".join(lines) + "\n")

    def end_step(self) -> None:
        """Let it do what it was given."""
        self.process.stdin.flush()
        self.steps += 1
        if self.steps % STEPS_OF_A_TC == 0:
            self.process.stdin.close()
            self.process.wait(timeout=10)
            self.start()


@dataclass
class Way:
    """One direction of one link as the player drives it."""

    link: Link
    down: bool
    device: str
    tc: Tc
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
            tc.end_step()
        # A machine that was held up goes on where the time is, not where it stopped.
        due = max(step + 1, int((time.monotonic() - begin) / step_s))
        if due > step + 1:
            playback["skipped"] += due - step - 1
            write_json(lab.state / "playback.json", playback)
        step = due
        time.sleep(max(0.0, begin + step * step_s - time.monotonic()))


def _ways(lab: Lab, namespaces: dict[str, str]) -> list[Way]:
    core = Tc(namespaces["modems"])
    ways = []
    for link in lab.links:
        if link.trace:
            ways.append(Way(link, True, shape.core_device(link), core))
            ways.append(Way(link, False, shape.MODEM_DEVICE, Tc(namespaces[link.namespace])))
    return ways


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
        way.tc.write(shape.trace_lines(way.device, wanted, trace.step_s))
    way.last_mbit = wanted.rate_mbit
