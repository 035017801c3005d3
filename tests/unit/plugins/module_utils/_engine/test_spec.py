# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments: derived from the tables, and every mistake said at once, with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import argument_options, parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS, ROUTE, RULE, TUNNELS

TUNNEL_KINDS = list(TUNNELS.values())
PUBLIC = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="


def problems(argument: str, kinds: Any, *items: dict[str, Any]) -> list[str]:
    with pytest.raises(EngineError) as caught:
        parse_items(argument, kinds, items)
    return caught.value.problems


def test_all_mistakes_of_all_items_are_said_together() -> None:
    found = problems(
        "tunnels",
        TUNNEL_KINDS,
        {"kind": "gretap", "name": "leg0-with-a-long-name", "local": "10.0.0.300", "key": -1, "vni": 3},
        {"kind": "vxlan", "name": "leg1", "local": "10.0.0.1", "remote": "fd00::1", "vni": 1 << 24},
        {"kind": "vxlan", "name": "leg2", "local": "10.0.0.1", "remote": "fd00::1", "vni": 1},
        {"kind": "wireguard", "name": "wg0", "alias": "mine", "peers": [{"allowed_ips": ["10.0.0.1/24"]}]},
    )
    assert found == [
        "tunnels[0] (leg0-with-a-long-name): name: 'leg0-with-a-long-name' is no interface name: 1 to 15 of letters, "
        "digits, '_', '.', '-'",
        "tunnels[0] (leg0-with-a-long-name): local: Octet 300 (> 255) not permitted in '10.0.0.300'",
        "tunnels[0] (leg0-with-a-long-name): remote is missing: a gretap needs it",
        "tunnels[0] (leg0-with-a-long-name): key: -1 is not within 0 to 4294967295",
        "tunnels[0] (leg0-with-a-long-name): vni: a gretap has no such option",
        "tunnels[1] (leg1): vni: 16777216 is not within 0 to 16777215",
        "tunnels[2] (leg2): local and remote are not of the same IP version",
        "tunnels[3] (wg0): peers: [0]: 10.0.0.1/24 has host bits set",
        "tunnels[3] (wg0): alias: 'mine' does not start with 'linkagg.wan', by which links are known as ours",
    ]


def test_the_same_name_twice_is_refused() -> None:
    item = {"kind": "gretap", "name": "leg0", "local": "10.0.0.1", "remote": "10.0.0.2"}
    assert problems("tunnels", TUNNEL_KINDS, item, {**item, "kind": "vxlan", "vni": 1}) == [
        "tunnels: vxlan leg0 appears twice"
    ]


def test_an_option_that_the_mode_does_not_have_is_refused() -> None:
    item = {"name": "agg0", "mode": "balance-xor", "packets_per_slave": 3, "primary": "leg0"}
    assert problems("bonds", list(BONDS.values()), item) == [
        "bonds[0] (agg0): packets_per_slave: the kernel takes it only with mode balance-rr",
        "bonds[0] (agg0): primary: the kernel takes it only with mode active-backup or balance-tlb or balance-alb",
    ]


def test_a_primary_has_to_be_a_port() -> None:
    item = {"name": "agg0", "mode": "active-backup", "primary": "leg9", "ports": ["leg0"]}
    assert problems("bonds", list(BONDS.values()), item) == [
        "bonds[0] (agg0): primary: leg9 is none of its ports (leg0)"
    ]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"destination": "10.0.0.1/24", "device": "x"}, "10.0.0.1/24 has host bits set"),
        ({"destination": "10.0.0.0/24", "via": "fd00::1"}, "via: fd00::1 is not ipv4"),
        ({"destination": "default"}, "a unicast route needs one of them"),
        ({"destination": "default", "type": "blackhole", "device": "x"}, "device: a blackhole route has none"),
        ({"destination": "default", "via": "learn"}, "via: learn needs the device"),
        ({"destination": "default", "via": "modem", "device": "x"}, "'modem' does not appear to be an IPv4 or IPv6"),
    ],
)
def test_a_route_that_makes_no_sense_is_refused(item: dict[str, Any], message: str) -> None:
    (found,) = problems("routes", [ROUTE], item)
    assert message in found


def test_a_route_knows_its_family_and_the_kernels_metric() -> None:
    six, default6, four = parse_items(
        "routes",
        [ROUTE],
        [
            {"destination": "2001:db8::/32", "via": "fe80::1", "device": "x"},
            {"destination": "::/0", "type": "blackhole"},
            {"destination": "default", "device": "x", "via": None, "source": None},
        ],
    )
    assert (six.attrs["family"], six.attrs["metric"]) == ("ipv6", 1024)
    assert (default6.attrs["destination"], default6.attrs["family"]) == ("default", "ipv6")
    assert (four.attrs["family"], four.attrs["metric"], four.attrs["via"]) == ("ipv4", 0, "")


def test_rules_of_both_families_can_have_one_priority() -> None:
    rules = [{"priority": 7901, "table": 7600}, {"priority": 7901, "table": 7600, "family": "ipv6"}]
    assert len(parse_items("rules", [RULE], rules)) == 2
    assert problems("rules", [RULE], {"priority": 1, "table": 1, "from": "10.0.0.0/8", "family": "ipv6"}) == [
        "rules[0] (ipv6 1 10.0.0.0/8 1): from: 10.0.0.0/8 is not ipv6"
    ]


def test_options_of_one_kind_have_its_defaults_and_of_several_only_what_all_need() -> None:
    bond = argument_options(list(BONDS.values()))
    assert bond["mode"]["default"] == "balance-rr"
    assert bond["name"] == {"type": "str", "required": True}
    tunnel = argument_options(TUNNEL_KINDS)
    assert tunnel["kind"]["choices"] == ["wireguard", "gretap", "ip6gretap", "vxlan"]
    assert "required" not in tunnel["local"]
    assert "default" not in tunnel["ttl"]
    assert "private_key" not in tunnel
    assert tunnel["peers"]["options"]["public_key"]["no_log"] is False
