# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies as planned, on a kernel: what goes which way, what happens when that way is gone."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._netlink import conntrack
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns import policy_site
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.policy_site import (
    BANK,
    SHOP,
    SHOP_IPV6,
    TV,
    PolicySite,
    inside,
    inventory,
)

EF = 46


@pytest.fixture
def site(node: Node, tmp_path: Path) -> Iterator[PolicySite]:
    """Namespaces for the client and the internet; the test itself runs on the gateway."""
    for name in ("nft", "sysctl"):
        if not shutil.which(name):
            pytest.skip(f"NOT TESTED: the program {name} is not installed")
    names = {other: f"{node.name}-{other}" for other in ("client", "internet")}
    try:
        for name in names.values():
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        yield PolicySite(node, tmp_path, **names)
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


KINDS: list[dict[str, Any]] = [
    {
        "name": "bank",
        "match": {"destinations": ["198.51.100.0/28"], "protocols": ["tcp"], "ports": [443]},
        "via": "dsl",
    },
    {"name": "tv", "match": {"sources": [TV]}, "via": "lte1"},
    {"name": "ranges", "match": {"ports": ["8000-8999", 5060]}, "via": "lte2"},
    {"name": "mail", "match": {"ports": [25]}, "via": "drop"},
    {"name": "voice", "match": {"dscp": ["ef"]}, "via": "calls"},
    {"name": "lan", "match": {"interfaces": ["lan0"], "protocols": ["udp"]}, "via": "lte1"},
]
BONDS = [{"bond_id": 0}, {"bond_id": 1, "name": "calls", "mode": "broadcast", "links": ["lte1", "dsl"]}]


def test_each_kind_of_match_goes_its_way_and_all_else_by_the_first_bond(site: PolicySite) -> None:
    site.build(inventory(KINDS, bonds=BONDS))
    with site.servers():
        assert site.way(BANK, 443) == "dsl"
        assert site.way(BANK, 7000) == "agg0"
        assert site.way(SHOP, 443) == "agg0"
        assert site.way(SHOP, 443, source=TV) == "lte1"
        assert site.way(SHOP, 8443) == "lte2"
        assert site.datagram(SHOP, 5060)[0] == "lte2"
        assert site.datagram(SHOP, 7000)[0] == "lte1"
        assert site.datagram(SHOP, 7000, EF) == ("calls", EF)
        assert site.datagram(SHOP_IPV6, 7000, EF) == ("calls", EF)
        with pytest.raises(OSError):
            site.connect(SHOP, 25, timeout_s=2)


def test_applying_it_again_changes_nothing(site: PolicySite) -> None:
    spread = {"name": "rest", "via": "spread", "weights": {"lte1": 1, "dsl": 2}, "dscp": "cs1"}
    data = inventory([*KINDS, spread], bonds=BONDS)
    site.build(data)
    assert site.apply(data) is False


def test_the_gateways_own_traffic_follows_policies_and_the_modems_stay_in_reach(site: PolicySite) -> None:
    site.build(inventory([{"name": "all", "via": "dsl"}]))
    with site.servers():
        assert site.datagram(SHOP, 7000, here=True)[0] == "dsl"
        assert site.way("10.0.1.1", 7000) == "lte1"


def test_a_policy_without_a_way_keeps_what_it_matches_on_the_aggregate_and_gives_it_a_class(site: PolicySite) -> None:
    site.build(
        inventory(
            [
                {"name": "calls", "match": {"ports": [5060]}, "dscp": "ef"},
                {"name": "bulk", "match": {"ports": [8443]}, "via": "dsl", "dscp": "cs1"},
                {"name": "rest", "via": "lte1"},
            ]
        )
    )
    with site.servers():
        assert site.datagram(SHOP, 5060) == ("agg0", EF)
        assert site.datagram(SHOP_IPV6, 5060) == ("agg0", EF)
        assert site.datagram(SHOP, 8443) == ("dsl", 8)
        assert site.datagram(SHOP, 7000, 10) == ("lte1", 10)


def test_a_domains_addresses_go_its_way_as_soon_as_they_are_known(site: PolicySite) -> None:
    site.build(inventory([{"name": "shop", "match": {"domains": ["shop.invalid"], "ports": [443]}, "via": "dsl"}]))
    with site.servers():
        assert site.way(SHOP, 443) == "agg0"
        subprocess.run(["nft", f"add element inet linkagg domains_shop_ipv4 {{ {SHOP} timeout 1d }}"], check=True)
        assert (site.way(SHOP, 443), site.way(SHOP, 7000), site.way(BANK, 443)) == ("dsl", "agg0", "agg0")


def _gone(site: PolicySite, how: str, number: int) -> None:
    """Take a link away: its interface, its carrier, or (as a check of the next hop does) its default routes."""
    if how == "down":
        ip(f"link set wan{number} down")
    elif how == "unplugged":
        ip(f"link del wan{number}")
    elif how == "no carrier":
        with inside(site.internet):
            ip(f"link set modem{number} down")
    else:
        for route in ip(f"-j route show table all dev wan{number}"):
            if route["dst"] == "default":
                ip(f"route del default dev wan{number} table {route.get('table', 'main')}")


@pytest.mark.parametrize("how", ["down", "unplugged", "no carrier", "withdrawn"])
def test_the_next_link_of_the_list_takes_over(site: PolicySite, how: str) -> None:
    site.build(
        inventory(
            [
                {"name": "bank", "match": {"ports": [443]}, "via": ["dsl", "lte2"], "otherwise": "drop"},
                {"name": "rest", "match": {"ports": [7000]}, "via": ["dsl", "lte1"]},
            ]
        )
    )
    with site.servers():
        assert (site.way(BANK, 443), site.way(BANK, 7000)) == ("dsl", "dsl")
        _gone(site, how, 3)
        assert (site.way(BANK, 443), site.way(BANK, 7000)) == ("lte2", "lte1")
        _gone(site, how, 2)
        _gone(site, how, 1)
        assert site.way(BANK, 7000) == "agg0"
        with pytest.raises(OSError):
            site.connect(BANK, 443, timeout_s=2)


def test_a_connection_stays_where_it_is_when_a_better_link_comes_back(site: PolicySite) -> None:
    data = inventory([{"name": "bank", "match": {"ports": [443]}, "via": ["dsl", "lte2"]}])
    site.build(data)
    with site.servers():
        _gone(site, "withdrawn", 3)
        with site.connect(BANK, 443) as connection:
            assert site.way_of(connection) == "lte2"
            site.apply(data)
            assert site.way(BANK, 443) == "dsl"
            assert [site.way_of(connection) for _again in range(3)] == ["lte2"] * 3


def test_a_flow_of_udp_finds_another_link_when_its_own_is_gone(site: PolicySite) -> None:
    site.build(inventory([{"name": "calls", "match": {"ports": [5060]}, "via": ["dsl", "lte2"]}]))
    with site.servers(), inside(site.client), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.settimeout(0.5)
        seen = []
        for number in range(8):
            flow.sendto(b"?", (BANK, 5060))
            try:
                seen.append(site.ways[flow.recv(64).decode().split()[0]])
            except TimeoutError:
                seen.append("")
            if number == 1:
                ip(f"-n {site.node.name} route del default dev wan3 table 7667")
    assert seen[:2] == ["dsl", "dsl"]
    assert seen[-3:] == ["lte2"] * 3


def test_a_flow_of_udp_finds_a_link_when_its_bond_is_gone(site: PolicySite) -> None:
    """Over the bond it had no address of the gateway's; over the link it needs one."""
    data = inventory([{"name": "calls", "match": {"ports": [5060]}, "via": ["agg0", "dsl"]}])
    site.build(data)
    given = next(route for route in make_plan(data)["nodes"]["home"]["routes"] if route.get("give_way"))
    with site.servers(), inside(site.client), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.settimeout(0.5)
        seen = []
        for number in range(8):
            flow.sendto(b"?", (BANK, 5060))
            try:
                seen.append(site.ways[flow.recv(64).decode().split()[0]])
            except TimeoutError:
                seen.append("")
            if number == 1:  # as the agent does it
                ip(f"-n {site.node.name} route del default dev agg0 table 7728")
                with inside(site.node.name):
                    conntrack.forget(given["flow_mark"], given["flow_mask"])
    assert seen[:2] == ["agg0", "agg0"]
    assert seen[-3:] == ["dsl"] * 3


def _ways_of_many(site: PolicySite, count: int) -> tuple[Counter[str], list[socket.socket]]:
    connections = [site.connect(SHOP, 443) for _number in range(count)]
    return Counter(site.way_of(connection) for connection in connections), connections


def test_connections_are_spread_by_weight_and_each_stays_on_its_link(site: PolicySite) -> None:
    weights = {"lte1": 1, "dsl": 3, "lte2": 0}
    site.build(inventory([{"name": "web", "match": {"ports": [443]}, "via": "spread", "weights": weights}]))
    with site.servers():
        count, connections = _ways_of_many(site, 200)
        assert set(count) == {"lte1", "dsl"}
        assert 130 <= count["dsl"] <= 170
        before = [site.way_of(connection) for connection in connections]
        site.apply(inventory([{"name": "web", "match": {"ports": [443]}, "via": "spread", "weights": {"lte2": 1}}]))
        assert [site.way_of(connection) for connection in connections] == before
        assert site.way(SHOP, 443) == "lte2"
        for connection in connections:
            connection.close()


def test_the_others_share_what_a_dead_link_leaves(site: PolicySite) -> None:
    site.build(inventory([{"name": "web", "match": {"ports": [443]}, "via": "spread"}]))
    with site.servers():
        count, connections = _ways_of_many(site, 120)
        assert all(20 <= count[name] <= 60 for name in policy_site.LINKS)
        _gone(site, "withdrawn", 1)
        count, more = _ways_of_many(site, 120)
        assert set(count) == {"lte2", "dsl"}
        assert min(count.values()) >= 40
        for connection in (*connections, *more):
            connection.close()


@pytest.mark.parametrize(("per", "together"), [("destination", {443, 7000}), ("source", {443, 7000})])
def test_what_is_to_stay_together_stays_together(site: PolicySite, per: str, together: set[int]) -> None:
    site.build(inventory([{"name": "web", "via": "spread", "per": per}]))
    with site.servers():
        assert len({site.way(SHOP, port) for port in together for _again in range(5)}) == 1


def test_without_a_concentrator_all_is_spread_over_all_links_and_policies_come_first(site: PolicySite) -> None:
    site.build(inventory([{"name": "bank", "match": {"destinations": [BANK]}, "via": "dsl"}], concentrator="none"))
    with site.servers():
        count, connections = _ways_of_many(site, 90)
        assert all(15 <= count[name] <= 45 for name in policy_site.LINKS)
        assert {site.way(BANK, 443) for _again in range(5)} == {"dsl"}
        assert site.datagram(SHOP, 7000, here=True)[0] in policy_site.LINKS
        for number in (1, 3):
            _gone(site, "down", number)
        assert {site.way(SHOP, 443) for _again in range(5)} == {"lte2"}
        for connection in connections:
            connection.close()
