# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From counters of the kernel to what something cost (pure)."""

from __future__ import annotations

from dataclasses import dataclass

GB = 1e9
# USER_HZ, of which proc(5) counts (sysconf _SC_CLK_TCK); 100 on every platform of Debian.
TICKS = 100


@dataclass(frozen=True)
class Counters:
    """Read at one moment: ``at_s`` of a clock, ``busy_s`` of all processors, ``haproxy_s`` and ``haproxy_kb``
    (resident) by node, 0 where none runs, ``free_kb`` of the lab host."""

    at_s: float
    busy_s: float
    haproxy_s: dict[str, float]
    haproxy_kb: dict[str, int]
    free_kb: int


def busy_s(stat: str) -> float:
    """Seconds of all processors but those idle or waiting, out of /proc/stat (proc(5): user nice system idle iowait irq
    softirq steal)."""
    line = next(line for line in stat.splitlines() if line.startswith("cpu "))
    user, nice, system, _idle, _iowait, irq, softirq, *_more = map(int, line.split()[1:])
    return (user + nice + system + irq + softirq) / TICKS


def process_s(stat: str) -> float:
    """Seconds of a process in user and kernel, out of /proc/<pid>/stat; 0 of an empty text."""
    if not stat.strip():
        return 0.0
    after_name = stat.rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def kilobytes(text: str, key: str) -> int:
    """A line such as ``VmRSS:  1234 kB`` of /proc/<pid>/status or /proc/meminfo; 0 where it is not."""
    lines = (line.split() for line in text.splitlines() if line.startswith(f"{key}:"))
    return next((int(words[1]) for words in lines), 0)


def per_gb(
    method: str, idle: tuple[Counters, Counters], load: tuple[Counters, Counters], received: int, bits_per_s: float
) -> dict:
    """What ``received`` bytes cost between the two readings of ``load``, less what is used meanwhile by an idle
    machine, as between those of ``idle``."""
    idle_rate = (idle[1].busy_s - idle[0].busy_s) / (idle[1].at_s - idle[0].at_s)
    seconds = load[1].at_s - load[0].at_s
    used = load[1].busy_s - load[0].busy_s - idle_rate * seconds
    return {
        "method": method,
        "goodput_mbit": round(bits_per_s / 1e6, 2),
        "cpu_s_per_gb": round(max(0.0, used) * GB / received, 1),
        "haproxy_s_per_gb": {
            node: round((load[1].haproxy_s[node] - before) * GB / received, 1)
            for node, before in load[0].haproxy_s.items()
        },
    }


def per_connection(count: int, opened_s: float, before: Counters, after: Counters) -> dict:
    """Memory in kB for each of so many connections that stay open."""
    return {
        "count": count,
        "opened_s": round(opened_s, 1),
        "haproxy_kb": {
            node: round((after.haproxy_kb[node] - kilobytes_before) / count, 1)
            for node, kilobytes_before in before.haproxy_kb.items()
        },
        "host_kb": round((before.free_kb - after.free_kb) / count, 1),
    }
