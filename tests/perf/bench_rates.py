# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What following a changing rate gives on recorded mobile links, beside CAKE at a fixed rate.

Run where ``ansible_collections`` is in the path, in a checkout, as the traces are the lab's::

    python -m ansible_collections.linkagg.wan.tests.perf.bench_rates [SECONDS]

Somebody sends all the time as much as the shaper lets through. ``used`` is the share of the offered capacity, the
waits are those in the modem's queue of 60 packets. While a recorded link carries nothing at all, nobody can do anything
about them: they are the same in every line.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import mean

from ansible_collections.linkagg.wan.plugins.module_utils._rates.direction import Direction
from ansible_collections.linkagg.wan.plugins.module_utils._rates.estimate import Bounds
from ansible_collections.linkagg.wan.tests.perf.moving_link import Fixed, Link, Seen

TRACES = ("att-lte-driving", "tmobile-umts-driving", "verizon-evdo-driving")
SHARES = (0.95, 2.0)
HEADER = f"{'link':<26} {'Mbit/s':>6}  {'shaper':<14} {'used':>5} {'wait p50':>9} {'p75':>6} {'p90':>6} ms"


def recorded(name: str) -> dict[str, list[float]]:
    """Bit/s by direction, a value each half second."""
    text = (Path(__file__).parents[2] / "lab" / "traces" / f"{name}.csv").read_text()
    rows = [line.split(",") for line in text.splitlines() if line[:1].isdigit()]
    return {way: [float(row[column]) * 1e6 for row in rows] for column, way in ((1, "down"), (2, "up"))}


def following(nominal: float) -> Direction:
    """With the bounds that the planner has by default, rates.py there."""
    return Direction(Bounds(nominal, nominal * 0.05, nominal * 3), 0.0)


def line(name: str, capacity: float, shaper: str, seen: Seen) -> str:
    """A row of the table."""
    waits = (seen.wait_ms(share) for share in (0.5, 0.75, 0.9))
    figures = " ".join(f"{wait:6.0f}" for wait in waits)
    return f"{name:<26} {capacity / 1e6:6.2f}  {shaper:<14} {seen.used:4.0%} {'':>2} {figures}"


def main(seconds: float) -> None:
    """Print the table."""
    links = {f"{name} {way}": values for name in TRACES for way, values in recorded(name).items()}
    links["steady"] = [5e6]
    links["falls to a twelfth"] = [6e6] * 60 + [0.5e6] * 60
    sys.stdout.write(f"{HEADER}\n")
    for name, capacity in links.items():
        offered = mean(capacity)
        for share in SHARES:
            seen = Link(capacity, Fixed(offered * share)).run(seconds)
            sys.stdout.write(line(name, offered, f"{share:g} x mean", seen) + "\n")
        sys.stdout.write(line(name, offered, "follows", Link(capacity, following(offered)).run(seconds)) + "\n")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 400.0)
