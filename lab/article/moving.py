# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A download whose link dies under it: what to run, and what came of it. Pure."""

from __future__ import annotations

import json
from typing import Any

PORT = 5999
DURATION_S = 30
# When the link dies, in seconds of the download, and how much later the links are looked at again.
BREAK_AT_S = 8
LOOK_AGAIN_S = 12
# The seconds at the end that count as afterwards, and those before the break that count as before.
END_S = 8
BEFORE_S = 5
SILENT_MBIT = 0.05

# A line a leg: its name and the bytes it received in a second.
COUNT = (
    "cd /sys/class/net; for l in leg0-*; do echo $l $(cat $l/statistics/rx_bytes); done > /run/legs.first; sleep 1;"
    " while read l was; do echo $l $(($(cat $l/statistics/rx_bytes) - was)); done < /run/legs.first"
)


def client(server: str) -> str:
    """The command line of the download, with a line of numbers for each second."""
    return f"iperf3 -c {server} -p {PORT} -R -t {DURATION_S} -i 1 -J --connect-timeout 8000"


def busiest(counted: str) -> str:
    """The link whose leg received most, of what COUNT printed."""
    legs = {leg: int(count) for leg, count in (line.split() for line in counted.splitlines())}
    return max(legs, key=lambda leg: legs[leg]).removeprefix("leg0-")


def judged(output: str, first: str, second: str) -> dict[str, Any]:
    """The step's results: numbers (yes is 1, no is 0), and a note of where the connection was."""
    try:
        document = json.loads(output)
    except ValueError:
        document = {"error": (output.strip() or "iperf3 said nothing")[-200:]}
    parts = [part["sum"] for part in document.get("intervals", [])]
    rates = [part["bits_per_second"] / 1e6 for part in parts]
    starts = [part["start"] for part in parts]
    before = [rate for rate, start in zip(rates, starts, strict=True) if 0 <= BREAK_AT_S - 1 - start < BEFORE_S]
    after = [rate for rate, start in zip(rates, starts, strict=True) if start >= DURATION_S - END_S - 0.5]
    silent = [rate for rate, start in zip(rates, starts, strict=True) if start >= BREAK_AT_S and rate < SILENT_MBIT]
    lived = "error" not in document and len(after) > 0
    values = {
        "lived": int(lived),
        "moved": int(lived and first != second),
        "before_mbit": _mean(before),
        "after_mbit": _mean(after),
        "silent_s": len(silent),
    }
    note = f"first over {first}, which died after {BREAK_AT_S} s, then over {second}"
    return {"values": values, "note": note if lived else f"over {first}: {document.get('error', 'it ended early')}"}


def _mean(rates: list[float]) -> float:
    return round(sum(rates) / len(rates), 3) if rates else 0.0
