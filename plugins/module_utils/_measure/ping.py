# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ping of iputils: its command line and what it prints.

Source: ping(8) of iputils; outputs recorded from 20221126.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError, PassingError
from ansible_collections.linkagg.wan.plugins.module_utils._measure.statistics import percentile

INTERVAL_S = 0.1
# A late reply counts: queues of cheap modems hold seconds.
LAST_REPLY_S = 5

_REPLY = re.compile(r"icmp_seq=(?P<seq>\d+) .*time=(?P<ms>[\d.]+) ms(?P<copy> \(DUP!\))?")
_TOTAL = re.compile(r"^(?P<sent>\d+) packets transmitted, (?P<received>\d+) received", re.MULTILINE)


@dataclass(frozen=True)
class RoundTrips:
    """Round trip times in milliseconds, of the replies that came; a second copy of a reply does not count."""

    sent: int
    received: int
    p50_ms: float
    p95_ms: float
    max_ms: float

    @property
    def loss_percent(self) -> float:
        return 100 * (self.sent - self.received) / self.sent


def command(
    address: str, duration_s: int, source: str | None = None, device: str | None = None, program: str = "ping"
) -> list[str]:
    """The command line: ten echo requests a second for `duration_s`, numeric, waiting for late replies."""
    count = max(1, round(duration_s / INTERVAL_S))
    words = [program, "-n", "-i", str(INTERVAL_S), "-c", str(count), "-W", str(LAST_REPLY_S)]
    for origin in (source, device):
        if origin:
            words += ["-I", origin]
    return [*words, address]


def parse(output: str, address: str, stderr: str = "") -> RoundTrips:
    """What ping printed as `RoundTrips`.

    :raises PassingError: nothing came back.
    :raises MeasureError: ping could not even send; its own words in the text.
    """
    total = _TOTAL.search(output)
    if total is None:
        said = stderr.strip() or output.strip() or "nothing"
        raise MeasureError(f"ping {address}: it could not send ({said[-300:]}); check the address and the routes")
    first: dict[int, float] = {}
    for reply in _REPLY.finditer(output):
        if reply["copy"] is None:
            first.setdefault(int(reply["seq"]), float(reply["ms"]))
    sent = int(total["sent"])
    times = list(first.values())
    if not times:
        raise PassingError(
            f"ping {address}: none of {sent} echo requests was answered; is the way there up,"
            " and does a firewall drop ICMP?"
        )
    return RoundTrips(sent, len(times), percentile(times, 50), percentile(times, 95), max(times))
