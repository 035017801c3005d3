# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bursts of shapers as the kernel keeps them: as the time that they take at the rate, in steps of 64 ns
(PSCHED_SHIFT in net/pkt_sched.h), so that one comes back a little smaller than it was given.
"""

from __future__ import annotations

_TICK_NS = 64
_NS = 10**9


def ticks(burst: int, byte_rate: int) -> int:
    """Of a burst in bytes."""
    return burst * _NS // byte_rate // _TICK_NS


def in_bytes(burst_ticks: int, byte_rate: int) -> int:
    """Rounded up, so that the kernel makes the same ticks of it again."""
    return -(-burst_ticks * _TICK_NS * byte_rate // _NS)


def settled(want: int, have: int, byte_rate: int) -> int:
    """What is wanted; what is there if that differs by less than the kernel can tell."""
    step_bytes = 2 + byte_rate * 2 * _TICK_NS // _NS
    return have if abs(want - have) <= step_bytes else want
