# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fq_codel: fair queues, each kept short; shapes nothing. Source: tc-fq_codel(8), numbers: linux/pkt_sched.h."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import units
from .._engine.tables import Attr, Kind, Nla
from .qdisc import INTERFACE, KEY, PARENT, PRIORITY, rank, title

_GRID_US = 2  # the kernel counts in 1024 ns and rounds down on both ways


def _row(name: str, number: int, nla: str = "", **options: Any) -> Attr:
    return Attr(name, layer="data", nlas=(Nla(f"TCA_FQ_CODEL_{nla or name.upper()}", number, "uint32"),), **options)


def _said_us(shown_us: int) -> int:
    """The time of which the kernel makes what it shows: 5000 of the 4999 that it makes of 5000."""
    kept_ns = shown_us * 1000 >> 10 << 10
    return shown_us if kept_ns // 1000 == shown_us else shown_us + 1


def _time(name: str, number: int, default: str) -> Attr:
    nla = f"TCA_FQ_CODEL_{name.upper()}"

    def encode(value: str) -> dict[str, Any]:
        return {nla: units.microseconds(value)}

    def decode(nlas: Mapping[str, Any]) -> str | None:
        value_us = nlas.get(nla)
        return None if value_us is None else units.time_text(_said_us(value_us) * 1000)

    return _row(name, number, normalise=units.time_us, encode=encode, decode=decode, default=default)


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """A time that differs by less than the kernel can tell is the kernel's."""
    result = dict(want)
    for name in ("target", "interval"):
        if have and want.get(name) and have.get(name):
            here, there = units.microseconds(want[name]), units.microseconds(have[name])
            result[name] = have[name] if abs(here - there) <= _GRID_US else want[name]
    return result


FQ_CODEL = Kind(
    name="fq_codel",
    noun="fq_codel",
    space="qdisc",
    priority=PRIORITY,
    key=KEY,
    resolve=resolve,
    title=title,
    rank=rank,
    attrs=(
        INTERFACE,
        PARENT,
        _row("limit", 2, normalise=units.count, default=10240),
        _row("flows", 5, type="int", low=1, high=65536, default=1024, create_only=True),
        _time("target", 1, "5ms"),
        _time("interval", 3, "100ms"),
        _row("quantum", 6, type="int", low=256, high=1 << 20),
        _row("ecn", 4, type="bool", default=True),
        _row("memory_limit", 9, normalise=units.size, default=32 << 20),
        _row("drop_batch", 8, nla="DROP_BATCH_SIZE", type="int", low=1, high=0xFFFFFFFF, default=64),
    ),
)
