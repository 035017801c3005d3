# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CAKE: shapes to a rate and keeps the queue short. Source: tc-cake(8), numbers: linux/pkt_sched.h."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import units
from .._engine.tables import Attr, Kind, Nla
from .qdisc import INTERFACE, KEY, PARENT, PRIORITY, rank, title

DIFFSERV = {"diffserv3": 0, "diffserv4": 1, "diffserv8": 2, "besteffort": 3, "precedence": 4}
FLOW_MODES = {
    "flowblind": 0,
    "srchost": 1,
    "dsthost": 2,
    "hosts": 3,
    "flows": 4,
    "dual-srchost": 5,
    "dual-dsthost": 6,
    "triple-isolate": 7,
}
_RAW = ""  # no overhead: packets count as they are


def _row(name: str, number: int, codec: str = "uint32", nla: str = "", **options: Any) -> Attr:
    return Attr(name, layer="data", nlas=(Nla(f"TCA_CAKE_{nla or name.upper()}", number, codec),), **options)


def _switch(name: str, number: int, nla: str = "", default: bool = False) -> Attr:
    return _row(name, number, nla=nla, type="bool", default=default)


def _encode_rate(value: str) -> dict[str, Any]:
    return {"TCA_CAKE_BASE_RATE64": units.byte_rate(value)}


def _decode_rate(nlas: Mapping[str, Any]) -> str:
    return units.rate_or_unlimited(nlas.get("TCA_CAKE_BASE_RATE64", 0) * 8)


def _encode_rtt(value: str) -> dict[str, Any]:
    """With the target that tc(8) gives it: a twentieth."""
    rtt_us = units.microseconds(value)
    return {"TCA_CAKE_RTT": rtt_us, "TCA_CAKE_TARGET": max(rtt_us // 20, 1)}


def _decode_rtt(nlas: Mapping[str, Any]) -> str | None:
    rtt_us = nlas.get("TCA_CAKE_RTT")
    return None if rtt_us is None else units.time_text(rtt_us * 1000)


def _encode_overhead(value: Any) -> dict[str, Any]:
    """The kernel goes on adding an overhead that it had before it was told of none, so that is 0 then."""
    return {"TCA_CAKE_OVERHEAD": 0, "TCA_CAKE_RAW": 0} if value == _RAW else {"TCA_CAKE_OVERHEAD": value}


def _decode_overhead(nlas: Mapping[str, Any]) -> Any:
    overhead = nlas.get("TCA_CAKE_OVERHEAD")
    if "TCA_CAKE_RAW" not in nlas:
        return overhead
    return f"raw {overhead}" if overhead else _RAW  # added to packets as they are: what only others can have


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """No overhead given means none. With autorate_ingress the kernel follows the line: its rate stays."""
    result = {"overhead": _RAW, **want}
    if have and have.get("autorate_ingress") and want.get("autorate_ingress"):
        result["rate"] = have.get("rate")
    return result


CAKE = Kind(
    name="cake",
    noun="cake",
    space="qdisc",
    priority=PRIORITY,
    key=KEY,
    resolve=resolve,
    title=title,
    rank=rank,
    attrs=(
        INTERFACE,
        PARENT,
        Attr(
            "rate",
            layer="data",
            nlas=(Nla("TCA_CAKE_BASE_RATE64", 2, "uint64"),),
            normalise=units.rate_or_unlimited,
            encode=_encode_rate,
            decode=_decode_rate,
            default=units.UNLIMITED,
        ),
        Attr(
            "rtt",
            layer="data",
            nlas=(Nla("TCA_CAKE_RTT", 7, "uint32"), Nla("TCA_CAKE_TARGET", 8, "uint32")),
            normalise=units.time_us,
            encode=_encode_rtt,
            decode=_decode_rtt,
            default="100ms",
        ),
        Attr(
            "overhead",
            "int",
            layer="data",
            nlas=(Nla("TCA_CAKE_OVERHEAD", 6, "int32"), Nla("TCA_CAKE_RAW", 12, "uint32")),
            encode=_encode_overhead,
            decode=_decode_overhead,
            low=-64,
            high=256,
        ),
        _row("mpu", 14, type="int", low=0, high=256, default=0),
        _row("atm", 4, choices={"none": 0, "atm": 1, "ptm": 2}, default="none"),
        _row("diffserv", 3, nla="DIFFSERV_MODE", choices=DIFFSERV, default="diffserv3"),
        _row("flow_mode", 5, choices=FLOW_MODES, default="triple-isolate"),
        _switch("nat", 11),
        _switch("wash", 13),
        _row("ack_filter", 16, choices={"none": 0, "filter": 1, "aggressive": 2}, default="none"),
        _switch("split_gso", 17, default=True),
        _switch("ingress", 15),
        _switch("autorate_ingress", 9, nla="AUTORATE"),
        _row("memory_limit", 10, nla="MEMORY", normalise=units.size, default=0),
        _row("fwmark", 18, type="int", low=0, high=0xFFFFFFFF, default=0),
    ),
)
