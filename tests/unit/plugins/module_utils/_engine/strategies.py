# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random wishes, drawn from the kind tables: a new row is drawn by its type, choices, bounds or normaliser.

Pools are small, so that wishes collide: names, VNIs, keys, destinations and ports of one are those of another.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._engine import normal, units
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj, Secret
from ansible_collections.linkagg.wan.plugins.module_utils._engine.order import claims_of
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._engine.tables import Attr, Kind
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import qdisc, route, rule, wireguard
from hypothesis import strategies as st

UPLINKS = ("wan1", "wan2")
LINKS = ("leg0", "leg1", "leg2", "agg0", "wg0")
BOND_NAMES = ("agg0", "agg1")
OUTSIDE = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2")
ADDRESSES = ("10.0.1.2/24", "10.0.1.3/24", "10.0.2.2/24", "fd01::2/64")
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
KEYS = tuple(base64.b64encode(bytes([number]) * 32).decode() for number in range(3))

Draw = Callable[..., Any]


def _some(pool: Iterable[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(tuple(pool)), unique=True, max_size=3)


PEERS = st.lists(
    st.fixed_dictionaries(
        {"allowed_ips": _some(("10.8.0.1/32", "10.8.0.2/32", "0.0.0.0/0")), "public_key": st.sampled_from(KEYS)},
        optional={"endpoint": st.just("192.0.2.1:51820"), "persistent_keepalive_s": st.integers(0, 2)},
    ),
    max_size=2,
    unique_by=(lambda peer: peer["public_key"], lambda peer: tuple(sorted(peer["allowed_ips"]))),
)

PORT_OPTIONS = st.lists(
    st.fixed_dictionaries(
        {"port": st.sampled_from(LINKS[:3])}, optional={"queue_id": st.integers(0, 2), "prio": st.integers(-1, 1)}
    ),
    max_size=2,
    unique_by=lambda option: option["port"],
)

BY_NORMALISER: dict[Any, st.SearchStrategy[Any]] = {
    normal.alias: st.sampled_from([normal.ALIAS_PREFIX, f"{normal.ALIAS_PREFIX}: other"]),
    normal.address: st.sampled_from(OUTSIDE),
    normal.ipv4_address: st.sampled_from(OUTSIDE[:3]),
    normal.ipv6_address: st.sampled_from(OUTSIDE[3:]),
    normal.addresses_with_prefix: _some(ADDRESSES),
    normal.network: st.sampled_from(["10.0.0.0/8", "192.168.1.0/24", "fd02::/64"]),
    normal.interface_name: st.sampled_from(UPLINKS),
    normal.interface_name_or_none: st.sampled_from(["", *UPLINKS]),
    normal.interface_names: _some(LINKS[:3]),
    route.destination: st.sampled_from(["default", "10.9.0.1/32", "10.9.0.0/24", "::/0", "fd09::/64"]),
    route.via: st.sampled_from(["", "10.0.1.1", "10.9.0.1", "fd01::1", "fd09::1"]),
    route.source: st.sampled_from(["", "10.0.1.2", "10.0.2.2"]),
    rule.protocol: st.sampled_from(["tcp", "17", "89"]),
    rule.ports: st.sampled_from(["443", "5000-5999", "1-1"]),
    rule.users: st.sampled_from(["0", "1000-1999"]),
    wireguard.peers: PEERS,
    qdisc.parent_place: st.sampled_from([qdisc.ROOT, "7600:1", "7600:2"]),
    qdisc.class_id: st.sampled_from(["7600:1", "7600:2"]),
    units.rate: st.sampled_from(["1mbit", "2mbit"]),
    units.rate_or_unlimited: st.sampled_from(["1mbit", "2mbit", "unlimited"]),
    units.size: st.sampled_from(["20kb", "40kb"]),
    units.time: st.sampled_from(["10ms", "20ms"]),
    units.time_us: st.sampled_from(["10ms", "20ms"]),
    units.count: st.sampled_from(["10", "20"]),
    units.share: st.sampled_from([0.0, 10.0]),
}
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(LINKS),
    "primary": st.sampled_from(["", *LINKS[:3]]),
    "arp_ip_target": st.lists(st.sampled_from(OUTSIDE[:3]), unique=True, min_size=1),
    "ns_ip6_target": st.lists(st.sampled_from(OUTSIDE[3:]), unique=True, min_size=1),
    "ad_actor_system": st.sampled_from(MACS),
    "mac_address": st.sampled_from(MACS),
    "port_options": PORT_OPTIONS,
    "congctl": st.sampled_from(["reno", "cubic", "lock reno"]),
    "nexthops": st.sampled_from(
        [
            [],
            [{"via": "10.0.1.1", "device": "wan1"}, {"device": "wan2", "weight": 3}],
            [{"via": "10.0.1.1", "device": "wan1"}, {"via": "10.9.0.1", "device": "wan1", "weight": 2}],
            [{"via": "fd01::1", "device": "wan1"}, {"via": "fd09::1", "device": "wan2"}],
        ]
    ),
    "port_range": st.sampled_from(["40000-40999", "41000-41999"]),
    "private_key": st.sampled_from([Secret(bytes([number]) * 32) for number in range(2)]),
}


def values(attr: Attr) -> st.SearchStrategy[Any]:
    """Values that a person could write for this row. LookupError for a row that nobody taught us."""
    if attr.name in BY_NAME:
        return BY_NAME[attr.name]
    if attr.choices is not None:
        return st.sampled_from(list(attr.choices))
    if attr.normalise in BY_NORMALISER:
        return BY_NORMALISER[attr.normalise]
    if attr.type == "bool":
        return st.booleans()
    if attr.type == "int" and attr.low is not None and attr.high is not None:
        return st.integers(attr.low, min(attr.low + 2, attr.high)) | st.integers(attr.low, attr.high)
    raise LookupError(f"say in BY_NORMALISER what to draw for {attr.name}")


def drawn(kind: Kind) -> list[Attr]:
    """The rows that a wish can have; a file to read a key from is not the engine's business."""
    return [attr for attr in kind.attrs if not attr.noted and attr.type != "path"]


@st.composite
def wish(draw: Draw, kind: Kind) -> Obj | None:
    """One object of the kind, None if what was drawn makes no sense."""
    item: dict[str, Any] = {}
    internal = {}
    for attr in drawn(kind):
        if attr.required or attr.name in kind.key or draw(st.booleans()):
            (internal if attr.internal else item)[attr.name] = draw(values(attr))
    if kind.name == "bond":
        item["name"] = draw(st.sampled_from(BOND_NAMES))
    for attr in kind.attrs:
        if attr.lacks(item):
            item.pop(attr.name, None)
    try:
        (obj,) = parse_items("items", [kind], [item])
    except EngineError:
        return None
    return Obj(obj.kind, obj.key, {**obj.attrs, **internal})


@st.composite
def wishes(draw: Draw, kinds: Mapping[str, Kind], most: int = 5) -> Sequence[Obj]:
    """A list of objects of these kinds that can be together."""
    found: dict[Any, Obj] = {}
    claimed: set[Any] = set()
    for _number in range(draw(st.integers(0, most))):
        obj = draw(wish(kinds[draw(st.sampled_from(sorted(kinds)))]))
        if obj is None or obj.key in found or claims_of(obj, kinds) & claimed or _takes(obj, found.values()):
            continue
        found[obj.key] = obj
        claimed |= claims_of(obj, kinds)
    return list(found.values())


def _takes(obj: Obj, others: Iterable[Obj]) -> bool:
    """Whether it wants a port that another one wants, or itself."""
    ports = set(obj.attrs.get("ports", ()))
    return obj.key in {("link", name) for name in ports} or any(
        ports & set(other.attrs.get("ports", ())) for other in others
    )
