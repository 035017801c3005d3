# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded capacity of mobile links: csv files ``t_s,down_mbit,up_mbit`` in half-second steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

TRACES = Path(__file__).parent / "traces"
STEP_S = 0.5
HEADER = "t_s,down_mbit,up_mbit"


class TraceError(ValueError):
    """A trace that cannot be used; says where and why."""


@dataclass(frozen=True)
class Trace:
    """Capacity in Mbit/s, one value per half second and direction; it begins anew at its end."""

    name: str
    down_mbit: tuple[float, ...]
    up_mbit: tuple[float, ...]

    @property
    def length_s(self) -> float:
        """Length of one round in seconds."""
        return len(self.down_mbit) * STEP_S

    def mean(self, from_s: float = 0, to_s: float | None = None) -> tuple[float, float]:
        """Return the mean (down, up) between two times; of a whole round without them."""
        end_s = self.length_s if to_s is None else to_s
        if end_s <= from_s:
            raise ValueError(f"a window from {from_s} s to {end_s} s is empty")
        span_s = end_s - from_s
        return (
            (_integral(self.down_mbit, end_s) - _integral(self.down_mbit, from_s)) / span_s,
            (_integral(self.up_mbit, end_s) - _integral(self.up_mbit, from_s)) / span_s,
        )


def _integral(values: tuple[float, ...], until_s: float) -> float:
    """Return the Mbit offered from 0 until a time; before 0 counts as the round before."""
    rounds, steps = divmod(until_s / STEP_S, len(values))
    whole = int(steps)
    part = (steps - whole) * values[whole] if whole < len(values) else 0.0
    return STEP_S * (rounds * math.fsum(values) + math.fsum(values[:whole]) + part)


def shipped() -> list[str]:
    """Return the names of the shipped traces."""
    return sorted(path.stem for path in TRACES.glob("*.csv"))


def load(file: str, beside: Path) -> Trace:
    """Return the trace in ``file``, a path from the directory ``beside`` or the name of a shipped one."""
    name = file.removesuffix(".csv")
    path = beside / file
    if not path.is_file() and name in shipped():
        path = TRACES / f"{name}.csv"
    if not path.is_file():
        raise TraceError(f"no file {path}, and no shipped trace of that name; shipped: {', '.join(shipped())}")
    try:
        return _parse(str(path), path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"cannot be read: {error}") from error


def _parse(name: str, text: str) -> Trace:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines or lines[0][1].replace(" ", "") != HEADER:
        raise TraceError(f"{name} does not begin with the header {HEADER}")
    down, up = [], []
    for index, (number, line) in enumerate(lines[1:]):
        try:
            t_s, *rates = (float(word) for word in line.split(","))
            if t_s != index * STEP_S:
                raise ValueError(f"t_s is {t_s:g}, not {index * STEP_S:g} (steps of {STEP_S} s from 0)")
            if len(rates) != 2 or not all(0 <= rate <= 10000 for rate in rates):
                raise ValueError("wanted is t_s and two numbers of Mbit/s from 0 to 10000")
        except ValueError as error:
            raise TraceError(f"{name} line {number}: {line!r}: {error}") from error
        down.append(rates[0])
        up.append(rates[1])
    if not any(down) or not any(up):
        raise TraceError(f"{name} offers nothing down or nothing up")
    return Trace(name, tuple(down), tuple(up))
