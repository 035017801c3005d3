# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How busy the lab host's processors were in given seconds: where they do all they can, a rate says nothing of
links."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lab.host import Host

Sample = tuple[float, int, int]
_LOOP = "while sleep 1; do date +%s.%N; head -n 1 /proc/stat; done"


def parse(text: str) -> list[Sample]:
    """(epoch seconds, busy ticks, all ticks) of lines in turn: a time, then the first line of /proc/stat (proc(5): user
    nice system idle iowait irq softirq steal). A last line that was cut off is left out."""
    lines = text.split("\n")[:-1]
    found = []
    for at, stat in zip(lines[::2], lines[1::2], strict=False):
        ticks = [int(word) for word in stat.split()[1:9]]
        found.append((float(at), sum(ticks) - ticks[3] - ticks[4], sum(ticks)))
    return found


def busy(samples: list[Sample], began: float, ended: float) -> float | None:
    """The share of all processors that was used then, from 0 to 1; None where there is nothing to tell it by."""
    inside = [sample for sample in samples if began <= sample[0] <= ended]
    if len(inside) < 2 or inside[-1][2] == inside[0][2]:
        return None
    return (inside[-1][1] - inside[0][1]) / (inside[-1][2] - inside[0][2])


@contextmanager
def watched(host: Host) -> Iterator[Callable[[], list[Sample]]]:
    """Take a sample each second while in the block; what it gives returns those so far."""
    with tempfile.TemporaryFile("w+") as kept:
        # ssh makes what it is given non-blocking, and Ansible refuses to share that.
        own = {"stdin": subprocess.DEVNULL, "stdout": kept, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(host.command(["sh", "-c", _LOOP]), **own)

        def samples() -> list[Sample]:
            kept.seek(0)
            return parse(kept.read())

        try:
            yield samples
        finally:
            process.terminate()
            process.wait(20)
