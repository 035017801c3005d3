# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of routes and rules goes together, and how they are called."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import plan_steps, referenced_devices
from ansible_collections.linkagg.wan.plugins.module_utils._engine.render import sentence
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import ROUTE, ROUTING, RULE
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.route import title as route_title
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.rule import title as rule_title
from ansible_collections.linkagg.wan.plugins.module_utils._netlink import nexthops

HOPS = [{"via": "10.0.2.1", "device": "wan2", "weight": 3}, {"via": "10.0.1.1", "device": "wan1"}]


def route(**options: Any) -> Obj:
    return parse_items("routes", [ROUTE], [{"destination": "default", "table": 7600, **options}])[0]


def rule(**options: Any) -> Obj:
    return parse_items("rules", [RULE], [{"priority": 7600, "table": 7600, **options}])[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nexthops": HOPS, "via": "10.0.1.1"}, "via: goes into nexthops then"),
        ({"nexthops": HOPS[:1]}, "nexthops: one next hop is no multipath: write it as via and device"),
        ({"nexthops": [HOPS[0], HOPS[0]]}, "nexthops: 10.0.2.1 wan2 appears twice"),
        (
            {"nexthops": [HOPS[0], {"device": "wan1", "weight": 257}]},
            "nexthops: [1]: weight 257 is not within 1 to 256",
        ),
        ({"nexthops": HOPS, "family": "ipv6"}, "nexthops: 10.0.1.1 is not ipv6"),
        ({"nexthops": HOPS, "type": "blackhole"}, "nexthops: a blackhole route has none"),
        ({"destination": "default", "type": "local"}, "device: a local route needs one, usually lo"),
        ({"destination": "default", "type": "local", "device": "lo", "via": "10.0.1.1"}, "via: a local route has none"),
        ({"via": "fd00::1", "scope": "link"}, "scope: link is of IPv4; IPv6 has only global ones"),
        ({"via": "10.0.1.1", "onlink": True}, "onlink: needs via and the device behind which it is"),
        ({}, "via and device: a unicast route needs one of them, or nexthops"),
    ],
)
def test_routes_that_contradict_themselves_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as caught:
        route(**options)
    assert message in "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"from": "10.0.0.0/8", "to": "fd00::/8"}, "to: fd00::/8 is not ipv4"),
        ({"tos": 3}, "tos: the kernel takes multiples of 4 up to 28, not 3"),
        ({"tos": 0x40}, "tos: the kernel takes multiples of 4 up to 28, not 64"),
        ({"fwmask": 255}, "fwmask: the kernel takes it only with fwmark above 0"),
        ({"dport": "9-5"}, "dport: '9-5' is neither a number nor a range LOW-HIGH within 1 to 65535"),
        ({"ipproto": "tpc"}, "ipproto: 'tpc' is no IP protocol: one of icmp, tcp, udp"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as caught:
        rule(**options)
    assert message in "\n".join(caught.value.problems)


def test_their_names_say_what_they_are() -> None:
    assert route_title(route(nexthops=HOPS).attrs) == (
        "default nexthop via 10.0.1.1 dev wan1 weight 1 nexthop via 10.0.2.1 dev wan2 weight 3 table 7600"
    )
    options = {"to": "10.0.0.0/8", "fwmark": 0x7601, "fwmask": 0xFF00, "ipproto": "6", "dport": "443-443"}
    assert rule_title(rule(**options).attrs) == (
        "7600: to 10.0.0.0/8 fwmark 0x7601/0xff00 ipproto tcp dport 443 lookup 7600"
    )


def test_the_devices_of_next_hops_are_known_before_anything_is_done() -> None:
    assert set(referenced_devices([route(nexthops=HOPS)], ROUTING)) == {"wan1", "wan2"}


def test_what_a_route_no_longer_says_it_no_longer_has() -> None:
    was, want = route(via="10.0.1.1", device="wan1", mtu=1300), route(nexthops=HOPS)
    (step,) = plan_steps([want], {was.key: was}, ROUTING)
    words = sentence(step, ROUTING)
    assert "via 10.0.1.1 -> none, device wan1 -> none, nexthops " in words
    assert "mtu 1300 -> none" in words
    (back,) = plan_steps([was], {want.key: want}, ROUTING)
    assert "via none -> 10.0.1.1" in sentence(back, ROUTING)
    assert plan_steps([was], {was.key: was}, ROUTING) == []


def test_next_hops_go_to_bytes_and_back() -> None:
    hops = route(nexthops=[*HOPS, {"device": "wan1"}]).attrs["nexthops"]
    indexes = {"wan1": 4, "wan2": 5}
    names = {index: name for name, index in indexes.items()}
    assert nexthops.unpack(nexthops.pack(hops, indexes.get), names) == hops
