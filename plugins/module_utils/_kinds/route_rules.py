# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What routes can have besides: next hops with weights, metrics; what is refused, and what a route no longer has."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Nla

LEARN = "learn"
# Types of routes that go over a device.
OVER_DEVICE = ("unicast", "local")
SCOPES = {"global": 0, "link": 253, "host": 254}


def _metric(name: str, number: int, high: int, nla: str = "") -> Attr:
    row = Nla(f"RTAX_{(nla or name).upper()}", number, "uint32")
    return Attr(name, "int", layer="metrics", nlas=(row,), low=1, high=high)


_LOCK = "lock "
_CC_ALGO = 16


def _congctl(value: str) -> str:
    """``bbr``, or ``lock bbr``, as ip-route(8) has it. ValueError for anything else."""
    words = value.split()
    if len(words) not in (1, 2) or words[:-1] not in ([], ["lock"]):
        raise ValueError(f"{value!r} is neither a congestion control nor one behind the word lock")
    return " ".join(words)


def _encode_congctl(value: str) -> dict[str, Any]:
    """RTAX_LOCK has a bit for each metric, that of its number."""
    locked = {"RTAX_LOCK": 1 << _CC_ALGO} if value.startswith(_LOCK) else {}
    return {"RTAX_CC_ALGO": value.removeprefix(_LOCK), **locked}


def _decode_congctl(nlas: Mapping[str, Any]) -> str | None:
    name = nlas.get("RTAX_CC_ALGO")
    return f"{_LOCK}{name}" if name and (nlas.get("RTAX_LOCK") or 0) >> _CC_ALGO & 1 else name


METRICS = (
    _metric("mtu", 2, 65535),
    _metric("window", 3, 0x7FFFFFFF),
    _metric("advmss", 8, 65495),
    _metric("reordering", 9, 0x7FFFFFFF),
    _metric("hoplimit", 10, 255),
    _metric("initcwnd", 11, 0x7FFFFFFF),
    _metric("rto_min_ms", 13, 0x7FFFFFFF, "rto_min"),
    _metric("initrwnd", 14, 0x7FFFFFFF),
    Attr("quickack", "bool", layer="metrics", nlas=(Nla("RTAX_QUICKACK", 15, "uint32"),)),
    Attr(
        "congctl",
        layer="metrics",
        nlas=(Nla("RTAX_CC_ALGO", _CC_ALGO, "asciiz"), Nla("RTAX_LOCK", 1, "uint32")),
        normalise=_congctl,
        encode=_encode_congctl,
        decode=_decode_congctl,
    ),
)
NEXTHOP = (
    Attr("via", normalise=normal.address),
    Attr("device", required=True, normalise=normal.interface_name, devices=True),
    Attr("weight", "int", low=1, high=256, default=1),
)
PLAIN = ("scope", "onlink", *(row.name for row in METRICS))


def nexthops(items: list[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Next hops in canonical form. ValueError names every bad one."""
    found, problems = [], []
    for number, item in enumerate(items):
        try:
            hop = {"via": normal.address(item["via"]) if item.get("via") else ""}
            hop["device"] = normal.interface_name(item.get("device") or "")
        except ValueError as exc:
            problems.append(f"[{number}]: {exc}")
            continue
        weight = item.get("weight") or 1
        if not 1 <= weight <= 256:
            problems.append(f"[{number}]: weight {weight} is not within 1 to 256")
        found.append({**hop, "weight": weight})
    ways = [(hop["via"], hop["device"]) for hop in found]
    problems += [f"{' '.join(filter(None, way))} appears twice" for way in sorted(set(ways)) if ways.count(way) > 1]
    if len(items) == 1:
        problems.append("one next hop is no multipath: write it as via and device")
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(sorted(found, key=lambda hop: (hop["device"], hop["via"])))


def usual_scope(attrs: Mapping[str, Any]) -> str:
    """The scope that a route has if nobody says one."""
    if attrs.get("type") == "local" and attrs["family"] == "ipv4":
        return "host"
    plain = attrs.get("type", "unicast") == "unicast" and not attrs.get("via") and not attrs.get("nexthops")
    return "link" if plain and attrs["family"] == "ipv4" else "global"


def problems(attrs: Mapping[str, Any]) -> list[str]:
    """What stands against the next hops, metrics and scope of a route."""
    found = [
        f"{name}: goes into nexthops then" for name in ("via", "device") if attrs.get("nexthops") and attrs.get(name)
    ]
    version = 6 if attrs["family"] == "ipv6" else 4
    for hop in attrs.get("nexthops", ()):
        if hop["via"] and ipaddress.ip_address(hop["via"]).version != version:
            found.append(f"nexthops: {hop['via']} is not {attrs['family']}")
        if version == 6 and not hop["via"]:
            found.append(f"nexthops: {hop['device']} needs via, as the kernel takes only gateways into IPv6 multipath")
    if attrs["type"] != "unicast":
        found += [f"{name}: a {attrs['type']} route has none" for name in ("nexthops", "onlink") if attrs.get(name)]
    if version == 6 and attrs.get("scope"):
        found.append(f"scope: {attrs['scope']} is of IPv4; IPv6 has only global ones")
    if attrs.get("onlink") and not (attrs.get("via") and attrs.get("device")):
        found.append("onlink: needs via and the device behind which it is")
    return found


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """A route is replaced as a whole: what is not said is not kept."""
    there = have or {}
    result = dict(want)
    for name in PLAIN:
        if want.get(name) is None and there.get(name):
            result[name] = ""
    if there.get("nexthops") and not want.get("nexthops"):
        result["nexthops"] = ()
    if there.get("device") and (want.get("nexthops") or want["type"] not in OVER_DEVICE):
        result["device"] = ""
    return result
