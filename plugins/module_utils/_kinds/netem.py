# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netem: delay, jitter, loss and what else a line can do to packets. Source: tc-netem(8), linux/pkt_sched.h.

The kernel keeps some values that a change does not repeat, so all are sent, zeros too.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from .._engine import units
from .._engine.tables import Attr, Codec, Kind
from .qdisc import INTERFACE, KEY, PARENT, PRIORITY, attribute, attributes, rank, title

_CORRELATIONS, _REORDER, _CORRUPT, _RATE, _ECN, _RATE64, _DELAY64, _JITTER64 = 1, 3, 4, 6, 7, 8, 10, 11
_QOPT = struct.Struct("=IIIIII")  # struct tc_netem_qopt: latency, limit, loss, gap, duplicate, jitter
_PAIR, _TRIPLE = struct.Struct("=II"), struct.Struct("=III")
_RATE_SPEC = struct.Struct("=IiIi")  # struct tc_netem_rate: rate, packet_overhead, cell_size, cell_overhead
_MOST = 0xFFFFFFFF


def complete(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of reorder and gap each needs the other; as in tc(8), every packet can be the one, and every gap is one."""
    reorder, gap = item.get("reorder"), item.get("gap")
    if reorder and gap is None:
        return {**item, "gap": 1}
    if gap and reorder is None:
        return {**item, "reorder": 100}
    return item


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What means nothing, which tc(8) refuses, too."""
    without = {
        "jitter": "delay",
        "delay_correlation": "jitter",
        "loss_correlation": "loss",
        "duplicate_correlation": "duplicate",
        "reorder": "delay",
        "reorder_correlation": "reorder",
        "corrupt_correlation": "corrupt",
        "ecn": "loss",
    }
    none = (0, False, "0us", "")
    return [
        f"{name}: means nothing without {other}"
        for name, other in without.items()
        if attrs[name] not in none and attrs[other] in none
    ]


def pack(attrs: Mapping[str, Any]) -> bytes:
    """TCA_OPTIONS of a netem: the structure, then attributes."""

    def share(name: str) -> int:
        return units.share_to_kernel(attrs[name])

    rate = units.byte_rate(attrs["rate"])
    correlations = (share("delay_correlation"), share("loss_correlation"), share("duplicate_correlation"))
    data = _QOPT.pack(0, attrs["limit"], share("loss"), attrs["gap"], share("duplicate"), 0)
    data += attribute(_CORRELATIONS, _TRIPLE.pack(*correlations))
    data += attribute(_REORDER, _PAIR.pack(share("reorder"), share("reorder_correlation")))
    data += attribute(_CORRUPT, _PAIR.pack(share("corrupt"), share("corrupt_correlation")))
    data += attribute(_RATE64, struct.pack("=Q", rate)) if rate > _MOST else b""
    data += attribute(_RATE, _RATE_SPEC.pack(min(rate, _MOST), 0, 0, 0))
    data += attribute(_ECN, struct.pack("=I", attrs["ecn"]))
    data += attribute(_DELAY64, struct.pack("=q", units.nanoseconds(attrs["delay"])))
    return data + attribute(_JITTER64, struct.pack("=q", units.nanoseconds(attrs["jitter"])))


def unpack(data: bytes) -> dict[str, Any]:
    """The inverse of ``pack``, for what the kernel shows."""
    share = units.share_from_kernel
    _latency, limit, loss, gap, duplicate, _jitter = _QOPT.unpack_from(data)
    parts = dict(attributes(data[_QOPT.size :]))
    delay_correlation, loss_correlation, duplicate_correlation = _TRIPLE.unpack_from(parts[_CORRELATIONS])
    reorder, reorder_correlation = _PAIR.unpack_from(parts[_REORDER])
    corrupt, corrupt_correlation = _PAIR.unpack_from(parts[_CORRUPT])
    rate = _RATE_SPEC.unpack_from(parts[_RATE])[0]
    rate = struct.unpack("=Q", parts[_RATE64])[0] if _RATE64 in parts else rate
    return {
        "delay": units.time_text(struct.unpack("=q", parts[_DELAY64])[0]),
        "jitter": units.time_text(struct.unpack("=q", parts[_JITTER64])[0]),
        "delay_correlation": share(delay_correlation),
        "loss": share(loss),
        "loss_correlation": share(loss_correlation),
        "duplicate": share(duplicate),
        "duplicate_correlation": share(duplicate_correlation),
        "reorder": share(reorder) if gap else 0.0,
        "reorder_correlation": share(reorder_correlation),
        "gap": gap,
        "corrupt": share(corrupt),
        "corrupt_correlation": share(corrupt_correlation),
        "rate": units.rate_or_unlimited(rate * 8),
        "limit": limit,
        "ecn": bool(_ECN in parts and struct.unpack("=I", parts[_ECN])[0]),
    }


def _time(name: str) -> Attr:
    return Attr(name, normalise=units.time, default="0us")


def _share(name: str) -> Attr:
    return Attr(name, "float", normalise=units.share, default=0.0)


NETEM = Kind(
    name="netem",
    noun="netem",
    space="qdisc",
    priority=PRIORITY,
    key=KEY,
    complete=complete,
    check=check,
    title=title,
    rank=rank,
    codec=Codec(pack, unpack),
    attrs=(
        INTERFACE,
        PARENT,
        _time("delay"),
        _time("jitter"),
        _share("delay_correlation"),
        _share("loss"),
        _share("loss_correlation"),
        _share("duplicate"),
        _share("duplicate_correlation"),
        _share("reorder"),
        _share("reorder_correlation"),
        Attr("gap", "int", low=0, high=0xFFFFFFFF, default=0),
        _share("corrupt"),
        _share("corrupt_correlation"),
        Attr("rate", normalise=units.rate_or_unlimited, default=units.UNLIMITED),
        Attr("limit", normalise=units.count, default=1000),
        Attr("ecn", "bool", default=False),
    ),
)
