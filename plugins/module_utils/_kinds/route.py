# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of our own protocol number. Identity as the kernel sees it: family, table, destination, metric."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Kind
from .route_rules import LEARN, METRICS, NEXTHOP, OVER_DEVICE, SCOPES, nexthops, problems, resolve, usual_scope

TYPES = {"unicast": 1, "local": 2, "blackhole": 6, "unreachable": 7, "prohibit": 8, "throw": 9}
MAIN_TABLE = 254
IPV6_METRIC = 1024


def destination(value: str) -> str:
    """``default`` or a network."""
    if value in ("default", "0.0.0.0/0", "::/0"):
        return "default"
    return normal.network(value)


def via(value: str) -> str:
    """An address, ``learn``, or nothing."""
    return value if value in ("", LEARN) else normal.address(value)


def source(value: str) -> str:
    """An address, or nothing."""
    return normal.address(value) if value else ""


def complete(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item with its family (from the addresses in it) and the metric that the kernel will show."""
    named = [item.get(name) for name in ("destination", "via", "source")]
    named += [hop.get("via") for hop in item.get("nexthops") or ()]
    addresses = [value for value in named if value and value not in ("default", LEARN)]
    family = item.get("family") or (normal.family_of(addresses[0]) if addresses else "ipv4")
    if item.get("destination") == "::/0":
        family = "ipv6"
    metric = item.get("metric") or (IPV6_METRIC if family == "ipv6" else 0)
    full = {**item, "family": family, "metric": metric, "type": item.get("type") or "unicast"}
    usual = {"onlink": False, "quickack": False, "nexthops": [], "scope": usual_scope(full)}
    return {name: None if name in usual and value == usual[name] else value for name, value in full.items()}


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What the rows cannot see alone."""
    found = problems(attrs)
    version = 6 if attrs["family"] == "ipv6" else 4
    for name in ("destination", "via", "source"):
        value = attrs.get(name)
        if value and value not in ("default", LEARN) and ipaddress.ip_interface(value).version != version:
            found.append(f"{name}: {value} is not {attrs['family']}")
    unicast = attrs["type"] == "unicast"
    given = [name for name in ("via", "source") if attrs.get(name) and not unicast]
    given += ["device"] if attrs.get("device") and attrs["type"] not in OVER_DEVICE else []
    found += [f"{name}: a {attrs['type']} route has none" for name in given]
    if attrs["type"] == "local" and not attrs.get("device"):
        found.append("device: a local route needs one, usually lo")
    if unicast and not any(attrs.get(name) for name in ("device", "via", "nexthops")):
        found.append("via and device: a unicast route needs one of them, or nexthops")
    if attrs.get("via") == LEARN and not attrs.get("device"):
        found.append("via: learn needs the device whose next hop is to be learnt")
    return found


def title(attrs: Mapping[str, Any]) -> str:
    """``default via 10.0.1.1 dev wwan0 table 7601``."""
    kind = "" if attrs.get("type", "unicast") == "unicast" else f"{attrs['type']} "
    text = f"{kind}{attrs['destination']}"
    for word, name in (("via", "via"), ("dev", "device"), ("src", "source")):
        text += f" {word} {attrs[name]}" if attrs.get(name) else ""
    for hop in attrs.get("nexthops") or ():
        words = (("via", "via"), ("dev", "device"), ("weight", "weight"))
        text += " nexthop" + "".join(f" {word} {hop[name]}" for word, name in words if hop[name])
    text += f" table {attrs['table']}" if attrs["table"] != MAIN_TABLE else ""
    text += f" metric {attrs['metric']}" if attrs["metric"] not in (0, IPV6_METRIC) else ""
    return f"-6 {text}" if attrs["family"] == "ipv6" and attrs["destination"] == "default" else text


def rank(attrs: Mapping[str, Any]) -> int:
    """A route to a next hop comes after the routes to devices: the kernel must know the way to it."""
    return 1 if attrs.get("via") or attrs.get("nexthops") else 0


ROUTE = Kind(
    name="route",
    noun="route",
    space="route",
    priority=40,
    key=("family", "table", "destination", "metric"),
    remove_first=False,
    complete=complete,
    check=check,
    title=title,
    rank=rank,
    resolve=resolve,
    attrs=(
        Attr("destination", required=True, normalise=destination),
        Attr("via", normalise=via, default=""),
        Attr("device", normalise=normal.interface_name, devices=True),
        Attr("table", "int", low=1, high=0xFFFFFFFF, default=MAIN_TABLE),
        Attr("metric", "int", low=0, high=0xFFFFFFFF, default=0),
        Attr("source", normalise=source, default=""),
        Attr("type", choices=TYPES, default="unicast"),
        Attr("family", choices=("ipv4", "ipv6")),
        Attr("nexthops", "list", elements="dict", options=NEXTHOP, normalise=nexthops),
        Attr("scope", choices=SCOPES),
        Attr("onlink", "bool"),
        Attr("give_way", "bool", noted=True),
        Attr("flow_mark", "int", low=0, high=0xFFFFFFFF, noted=True),
        Attr("flow_mask", "int", low=0, high=0xFFFFFFFF, noted=True),
        *METRICS,
    ),
)
