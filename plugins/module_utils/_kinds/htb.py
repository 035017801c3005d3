# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""htb: one interface, many classes, each with a rate of its own. Source: tc-htb(8), sch_htb.c; structures:
linux/pkt_sched.h.

A packet goes to the class that its priority names (``skb->priority``, ``meta priority`` of nft(8)), which costs one
look-up in a hash table however many classes there are; no filter is needed, and none is looked for. What names no class
passes unshaped. All classes are directly below the root: none lends anything to another. What waits in a class does so
in a discipline of its own, which is the object whose ``parent`` the class is.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from .._engine import units
from .._engine.tables import Attr, Codec, Kind
from .qdisc import INTERFACE, KEY, PRIORITY, RANK_CLASS, ROOT, attribute, attributes, class_id, rank, title
from .ticks import in_bytes, settled, ticks

# What a class may send at once after a pause: what its rate carries while a timer is late, and a packet at least.
BURST_MS = 10
LEAST_BURST = 1600

_INIT, _PARMS, _RATE64, _CEIL64 = 2, 1, 6, 7
_GLOB = struct.Struct("=IIIII")  # struct tc_htb_glob: version, rate2quantum, defcls, debug, direct_pkts
_VERSION, _SHOWN_VERSION = 3, 0x30011
_RATE = "BBHhHI"  # struct tc_ratespec: cell_log, linklayer, overhead, cell_align, mpu, rate
_OPT = struct.Struct(f"={_RATE}{_RATE}IIIII")  # struct tc_htb_opt: rate, ceil, buffer, cbuffer, quantum, level, prio
_ETHERNET = 1  # TC_LINKLAYER_ETHERNET: the kernel computes times itself and needs no table of them
_MOST = 0xFFFFFFFF
# How classes would share what a parent lends; none does, and without one the kernel warns of slow classes.
_QUANTUM = 1514
_RATE_TO_QUANTUM = 10


def pack_root(_attrs: Mapping[str, Any]) -> bytes:
    """TCA_OPTIONS of the root: no default class."""
    return attribute(_INIT, _GLOB.pack(_VERSION, _RATE_TO_QUANTUM, 0, 0, 0))


def unpack_root(_data: bytes) -> dict[str, Any]:
    """It has no options of its own."""
    return {}


def spoken(data: bytes) -> bytes:
    """TCA_OPTIONS of a root as the kernel shows them, in its own words: it shows a longer version than it takes."""
    return data.replace(struct.pack("=I", _SHOWN_VERSION), struct.pack("=I", _VERSION), 1)


def complete(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item with its burst, from the rate."""
    if item.get("burst") is not None:
        return item
    try:
        rate = units.byte_rate(units.rate(item.get("rate")))
    except ValueError:
        return item  # the row says what is wrong with the value
    return {**item, "burst": burst(rate)}


def burst(byte_rate: int) -> int:
    """Bytes for a class of that rate, in bytes a second."""
    return max(LEAST_BURST, byte_rate * BURST_MS // 1000)


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """A burst that differs by less than the kernel can tell is the kernel's."""
    result = dict(want)
    if have and have.get("rate") == want["rate"]:
        result["burst"] = settled(want["burst"], have["burst"], units.byte_rate(want["rate"]))
    return result


def pack(attrs: Mapping[str, Any]) -> bytes:
    """TCA_OPTIONS of a class: it never gets more than its rate."""
    rate = units.byte_rate(attrs["rate"])
    spec = (0, _ETHERNET, attrs["overhead"], 0, 0, min(rate, _MOST))
    burst_ticks = min(ticks(attrs["burst"], rate), _MOST)
    data = attribute(_PARMS, _OPT.pack(*spec, *spec, burst_ticks, burst_ticks, _QUANTUM, 0, 0))
    if rate > _MOST:
        data += attribute(_RATE64, struct.pack("=Q", rate)) + attribute(_CEIL64, struct.pack("=Q", rate))
    return data


def unpack(data: bytes) -> dict[str, Any]:
    """The inverse of ``pack``, for what the kernel shows, a ceiling above the rate, which ours never have, too."""
    parts = dict(attributes(data))
    numbers = _OPT.unpack_from(parts[_PARMS])
    overhead, rate, ceil, burst_ticks = numbers[2], numbers[5], numbers[11], numbers[12]
    rate = struct.unpack("=Q", parts[_RATE64])[0] if _RATE64 in parts else rate
    ceil = struct.unpack("=Q", parts[_CEIL64])[0] if _CEIL64 in parts else ceil
    shown = [units.rate_text(value * 8) for value in dict.fromkeys((rate, ceil))]
    return {
        "rate": " to ".join(shown),
        "burst": in_bytes(burst_ticks, rate),
        "overhead": overhead,
    }


def class_title(attrs: Mapping[str, Any]) -> str:
    """``7600:41 on wg-linkagg``."""
    return f"{attrs['classid']} on {attrs['interface']}"


def class_rank(_attrs: Mapping[str, Any]) -> int:
    """After the root, before what is in it."""
    return RANK_CLASS


HTB = Kind(
    name="htb",
    noun="htb",
    space="qdisc",
    priority=PRIORITY,
    key=KEY,
    title=title,
    rank=rank,
    codec=Codec(pack_root, unpack_root),
    attrs=(INTERFACE, Attr("parent", default=ROOT, choices=(ROOT,), internal=True)),
)

HTB_CLASS = Kind(
    name="htb_class",
    noun="htb class",
    space="qclass",
    priority=PRIORITY,
    key=("interface", "classid"),
    complete=complete,
    resolve=resolve,
    title=class_title,
    rank=class_rank,
    codec=Codec(pack, unpack),
    attrs=(
        INTERFACE,
        Attr("classid", required=True, normalise=class_id),
        Attr("rate", required=True, normalise=units.rate),
        Attr("burst", normalise=units.size),
        Attr("overhead", "int", low=0, high=0xFFFF, default=0),
    ),
)
