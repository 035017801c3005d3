# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tbf, the token bucket: shapes to a rate. Source: tc-tbf(8), sch_tbf.c; structures: linux/pkt_sched.h."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from .._engine import units
from .._engine.tables import Attr, Codec, Kind
from .qdisc import INTERFACE, KEY, PARENT, PRIORITY, attribute, attributes, rank, title
from .ticks import in_bytes, settled

_MOST = 0xFFFFFFFF
_ETHERNET = 1  # TC_LINKLAYER_ETHERNET: the kernel computes times itself and needs no table of them
_PARMS, _RATE64, _PEAKRATE64, _BURST, _PEAKBURST = 1, 4, 5, 6, 7
_RATE = "BBHhHI"  # struct tc_ratespec: cell_log, linklayer, overhead, cell_align, mpu, rate
_QOPT = struct.Struct(f"={_RATE}{_RATE}III")  # struct tc_tbf_qopt: rate, peakrate, limit, buffer, mtu


def complete(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item with its limit, from the latency, as tc(8) works it out."""
    if item.get("latency") is None or item.get("limit") is not None:
        return item
    try:
        latency_ns = units.nanoseconds(units.time(item["latency"]))
        limit = _bytes_in(item.get("rate"), latency_ns) + units.size(item.get("burst"))
        if item.get("peakrate") and item.get("mtu"):
            limit = min(limit, _bytes_in(item["peakrate"], latency_ns) + units.size(item["mtu"]))
    except ValueError:
        return item  # the rows say what is wrong with the value
    return {**item, "latency": None, "limit": limit}


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What the rows cannot see alone."""
    problems = []
    if "latency" in attrs:
        problems.append("latency and limit are two ways to say the same: give one of them")
    elif "limit" not in attrs:
        problems.append("latency or limit is missing: a tbf needs one of them")
    peak, mtu = attrs.get("peakrate"), attrs.get("mtu")
    if bool(peak) != bool(mtu):
        problems.append("peakrate and mtu go together: mtu is the burst at peakrate, in bytes")
    if peak and units.byte_rate(peak) <= units.byte_rate(attrs["rate"]):
        problems.append(f"peakrate: {peak} is not above the rate, {attrs['rate']}")
    return problems


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """No peak rate given means none. A burst that differs by less than the kernel can tell is the kernel's."""
    result = {"peakrate": "", "mtu": "", **want}
    for name, rate in (("burst", "rate"), ("mtu", "peakrate")):
        if have and result[name] and have.get(name) and have.get(rate) == result[rate]:
            result[name] = settled(result[name], have[name], units.byte_rate(result[rate]))
    return result


def pack(attrs: Mapping[str, Any]) -> bytes:
    """TCA_OPTIONS of a tbf."""
    rate, peak = units.byte_rate(attrs["rate"]), units.byte_rate(attrs.get("peakrate") or "")
    specs = (0, _ETHERNET, 0, 0, 0, min(rate, _MOST), 0, _ETHERNET, 0, 0, 0, min(peak, _MOST))
    data = attribute(_PARMS, _QOPT.pack(*specs, attrs["limit"], 0, 0))
    data += attribute(_RATE64, struct.pack("=Q", rate)) if rate > _MOST else b""
    data += attribute(_PEAKRATE64, struct.pack("=Q", peak)) if peak > _MOST else b""
    data += attribute(_BURST, struct.pack("=I", attrs["burst"]))
    return data + (attribute(_PEAKBURST, struct.pack("=I", attrs["mtu"])) if peak else b"")


def unpack(data: bytes) -> dict[str, Any]:
    """The inverse of ``pack``, for what the kernel shows: bursts as ticks at their rates."""
    parts = dict(attributes(data))
    numbers = _QOPT.unpack_from(parts[_PARMS])
    limit, buffer_ticks, mtu_ticks = numbers[12:]
    rate, peak = numbers[5], numbers[11]
    rate = struct.unpack("=Q", parts[_RATE64])[0] if _RATE64 in parts else rate
    peak = struct.unpack("=Q", parts[_PEAKRATE64])[0] if _PEAKRATE64 in parts else peak
    return {
        "rate": units.rate_text(rate * 8),
        "burst": in_bytes(buffer_ticks, rate),
        "limit": limit,
        "peakrate": units.rate_text(peak * 8) if peak else "",
        "mtu": in_bytes(mtu_ticks, peak) if peak else "",
    }


def _bytes_in(rate: Any, nanos: int) -> int:
    return units.byte_rate(units.rate(rate)) * nanos // 10**9


TBF = Kind(
    name="tbf",
    noun="tbf",
    space="qdisc",
    priority=PRIORITY,
    key=KEY,
    complete=complete,
    check=check,
    resolve=resolve,
    title=title,
    rank=rank,
    codec=Codec(pack, unpack),
    attrs=(
        INTERFACE,
        PARENT,
        Attr("rate", required=True, normalise=units.rate),
        Attr("burst", required=True, normalise=units.size),
        Attr("latency", normalise=units.time),
        Attr("limit", normalise=units.size),
        Attr("peakrate", normalise=units.rate),
        Attr("mtu", normalise=units.size),
    ),
)
