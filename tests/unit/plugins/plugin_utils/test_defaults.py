# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site gets that says nothing, and that what it says always wins."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.defaults import DEFAULT_PROXY
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import check, make_plan
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.ports import ports_of
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.proxy import (
    explain_proxy,
    proxy_carriers,
    proxy_notes,
    subflow_carriers,
)
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.queries import interface_kinds, programs
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.wiring import wire_inventory

SEED = [(6, 1), (6, 1), (6, 1), (5, 1), (3.5, 1), (2, 1)]


def links(*rates: tuple[float, float] | None, **more: Any) -> list[dict[str, Any]]:
    return [
        {"name": f"m{number}", "link_id": number, "interface": f"wwan{number}"}
        | ({"rate": {"down_mbit": rate[0], "up_mbit": rate[1]}} if rate else {})
        | more
        for number, rate in enumerate(rates, start=1)
    ]


def inventory(*rates: tuple[float, float] | None, **site: Any) -> dict[str, Any]:
    home = {"site_id": 1, "lan": {"subnets": ["192.168.1.0/24"]}, "links": links(*rates), **site}
    return {"concentrators": {"vps": {"address": "203.0.113.2"}}, "sites": {"home": home}}


def decided(*rates: tuple[float, float] | None, **site: Any) -> Any:
    found, problems = check(inventory(*rates, **site))
    assert problems == []
    return found.sites["home"]


def why(site: Any, what: str) -> str:
    (found,) = [choice.why for choice in site.choices if choice.what == what]
    return found


def used(site: Any) -> tuple[bool, str, bool]:
    """Whether it has the proxy, the schedule of its first bond, whether it is shaped."""
    return bool(site.proxy and site.proxy.enabled), site.bonds[0].schedule, site.qos is not None


def test_unequal_links_get_the_proxy_and_packets_by_weight_with_the_sums() -> None:
    site = decided(*SEED)
    assert used(site) == (True, "packet", True)
    assert "all 6 links at once, 28.5 Mbit/s down less headers, where the best alone has 6" in why(site, "proxy")
    assert "6 x 2 = 12 of 28.5 Mbit/s down, since m6 is 3 times slower than m1" in why(site, "bond agg0")
    assert "all links have a rate, and are shaped to 98 % of it" in why(site, "qos")


def subflows(*rates: tuple[float, float] | None) -> list[str]:
    (wiring,) = wire_inventory(check(inventory(*rates))[0])
    return [carrier.link.name for carrier in subflow_carriers(wiring)]


@pytest.mark.parametrize(
    ("rates", "with_subflow"),
    [
        (SEED, ["m1", "m2", "m3", "m4", "m5", "m6"]),
        ([(30, 5), (6, 1)], ["m1", "m2"]),
        ([(30, 5), (5.9, 1)], ["m1"]),
        ([(4.3, 2.5), (4.1, 1.7), (0.8, 0.8), (0.7, 0.5), (0.7, 0.5)], ["m1", "m2"]),
        ([(30, 9), (5, 1), (5, 1), (5, 1)], ["m1", "m4"]),  # all three are a third
        ([(30, 1), (5, 3), (30, 1)], ["m1", "m3"]),
        ([(12, 1), (2, 6)], ["m1", "m2"]),  # most of what goes up
        ([(30, 5), (1, 1), None], ["m1", "m2", "m3"]),
    ],
)
def test_the_proxy_leaves_out_slow_links_while_that_is_little(rates: list[Any], with_subflow: list[str]) -> None:
    assert subflows(*rates) == with_subflow


def test_what_the_proxy_leaves_out_is_said_and_not_counted() -> None:
    site = decided((30, 5), (10, 5), (5, 1))
    assert "goes over 2 of 3 links at once, 40 Mbit/s down less headers" in why(site, "proxy")


def test_links_of_unknown_rates_get_the_proxy_and_packets_all_alike() -> None:
    """In an order that nftables makes: where the bond did it by itself, some of the proxy's connections would fail to
    use more than one link."""
    site = decided((6, 1), None, (2, 1))
    assert used(site) == (True, "packet", False)
    assert "give link m2 a rate" in why(site, "bond agg0")
    assert "have to begin in order" in why(site, "bond agg0")
    assert site.bonds[0].mode == "balance-rr"
    assert site.bonds[0].weights == (("m1", 1.0), ("m2", 1.0), ("m3", 1.0))


def test_links_are_shaped_where_all_have_rates() -> None:
    assert "link m2 would need one" in why(decided((6, 1), None), "qos")
    assert "single link" in why(decided((6, 1)), "qos")
    assert "1.2 MB" in why(decided((6, 1), (3, 1), site_id=1024), "qos")
    assert decided((6, 1), (3, 1), site_id=1023).qos is not None
    assert decided((6, 1), (3, 1)).qos == decided((6, 1), (3, 1), qos={}).qos.__class__(True, 98, "diffserv4", 200)


def test_without_the_proxy_the_bond_sends_packets_round_by_itself() -> None:
    site = decided((6, 1), None, (2, 1), proxy={"enabled": False})
    assert used(site) == (False, "mode", False)
    assert "have to begin in order" not in why(site, "bond agg0")


def test_a_rate_in_one_direction_only_is_no_weight() -> None:
    one_way = links((6, 1), (2, 1))
    del one_way[1]["rate"]["up_mbit"]
    site = decided(links=one_way)
    assert {weight for _link, weight in site.bonds[0].weights} == {1.0}


def test_equal_links_are_used_all_alike() -> None:
    site = decided(*[(5, 1)] * 6)
    assert {weight for _link, weight in site.bonds[0].weights} == {1.0}
    assert "about equal" in why(site, "bond agg0")


def test_links_that_differ_in_one_direction_are_not_equal() -> None:
    site = decided((5, 1), (5, 3))
    assert used(site)[1] == "packet"
    assert "2 x 1 = 2 of 4 Mbit/s up, since m1 is 3 times slower than m2" in why(site, "bond agg0")


def test_links_whose_rates_are_followed_get_weights_also_where_they_are_equal() -> None:
    site = decided(links=followed((5, 1), (5, 1)))
    assert used(site)[:2] == (True, "packet")
    assert "rates are followed, and so are weights" in why(site, "bond agg0")


def followed(*rates: tuple[float, float] | None, which: int = 0) -> list[dict[str, Any]]:
    """Links of which the first ``which``, or all, have rates that are followed."""
    found = links(*rates)
    for link in found[: which or None]:
        link["rate"]["follow"] = True
    return found


def transport(site: Any) -> tuple[str | None, str]:
    """What its proxy goes by, and what was said of that."""
    reasons = [choice.why for choice in site.choices if choice.what == "proxy transport"]
    return site.proxy and site.proxy.transport, " ".join(reasons)


def test_the_proxy_of_links_whose_rates_change_goes_by_the_relay_and_nothing_is_shaped() -> None:
    site = decided(links=followed((6, 1), (5, 1), (4, 1), which=2))
    assert used(site) == (True, "packet", False)
    assert transport(site) == (
        "relay",
        "rates of links m1, m2 are followed, so they change; MPTCP would wait for whichever link has just become slow",
    )
    assert [choice.what for choice in site.choices] == ["proxy", "proxy transport", "bond agg0", "qos"]
    assert "the relay keeps its queues short by itself" in why(site, "qos")


def test_one_link_whose_rate_changes_is_enough() -> None:
    assert transport(decided(links=followed((6, 1), (5, 1), which=1)))[1].startswith("the rate of link m1 is followed")


def test_steady_links_have_mptcp_and_that_is_not_told() -> None:
    assert transport(decided(*SEED)) == ("mptcp", "")
    assert transport(decided(*SEED, proxy={})) == ("mptcp", "")


@pytest.mark.parametrize(
    ("said", "expected", "told"),
    [
        ({"proxy": {}}, "relay", True),
        ({"proxy": {"congestion_control": "bbr"}}, "relay", True),
        ({"proxy": {}, "bonds": [{"bond_id": 0, "mode": "balance-xor"}]}, "relay", True),
        ({"proxy": {"transport": "mptcp"}}, "mptcp", False),
        ({"proxy": {"transport": "relay"}}, "relay", False),
        ({"proxy": {"enabled": False}}, "mptcp", False),
        ({"bonds": [{"bond_id": 0, "links": ["m2", "m3"]}], "proxy": {}}, "mptcp", False),
    ],
)
def test_what_is_said_of_the_transport_wins(said: dict[str, Any], expected: str, told: bool) -> None:
    site = decided(links=followed((6, 1), (5, 1), (4, 1), which=1), **said)
    found, reason = transport(site)
    assert (found, bool(reason)) == (expected, told)
    assert all(choice.value == "relay" for choice in site.choices if choice.what == "proxy transport")


def test_a_link_that_the_proxy_cannot_go_over_may_change_as_it_likes() -> None:
    all_links = followed((2, 1), *SEED, which=1)
    all_links[0] |= {"carrier": "direct", "address": "198.51.100.2/24", "next_hop": "198.51.100.1"}
    assert transport(decided(links=all_links)) == ("mptcp", "")


def lossy(*percents: float | None) -> list[dict[str, Any]]:
    """A link of 20 Mbit/s for each, that says so or nothing of its loss."""
    found = links(*[(20, 10)] * len(percents))
    for link, percent in zip(found, percents, strict=True):
        link["rate"] |= {} if percent is None else {"loss_percent": percent}
    return found


def controls(said: dict[str, Any], host: str) -> list[tuple[str, str, str]]:
    """Routes that have a congestion control: where to, over what, and which."""
    routes = make_plan(said)["nodes"][host]["routes"]
    return [(route["destination"], route["device"], route["congctl"]) for route in routes if route.get("congctl")]


def test_subflows_over_links_that_lose_packets_have_bbr_at_both_ends() -> None:
    said = inventory(links=lossy(0.9, None, 0.05, 1.5))
    (site,) = check(said)[0].sites.values()
    (choice,) = [choice for choice in site.choices if choice.what == "proxy congestion control"]
    assert choice.value == "bbr over links m1, m4"
    assert choice.why.startswith("links m1, m4 lose 0.9, 1.5 % of their packets")
    inner = "10.208.0.1/32"
    assert controls(said, "home") == [(inner, "wg-m1", "lock bbr"), (inner, "wg-m4", "lock bbr")]
    assert controls(said, "vps") == [(f"10.208.0.{64 + link}/32", "wg-linkagg", "lock bbr") for link in (1, 4)]


@pytest.mark.parametrize(
    "proxy",
    [{"enabled": False}, {"congestion_control": "cubic"}, {"congestion_control": "bbr"}, {"transport": "relay"}],
)
def test_what_is_said_of_the_proxy_is_not_explained_by_losses(proxy: dict[str, Any]) -> None:
    (site,) = check(inventory(links=lossy(2, 2), proxy=proxy))[0].sites.values()
    assert [choice for choice in site.choices if choice.what == "proxy congestion control"] == []


def test_a_link_too_slow_for_a_subflow_may_lose_what_it_likes() -> None:
    said = inventory(links=[*lossy(None, None), *lossy(2)])
    said["sites"]["home"]["links"][2] |= {"name": "m3", "link_id": 3, "interface": "wwan3"}
    said["sites"]["home"]["links"][2]["rate"] |= {"down_mbit": 1, "up_mbit": 1}
    assert controls(said, "home") == controls(said, "vps") == []
    assert "bbr" not in interface_kinds(said, "home")
    assert "proxy congestion control" not in [choice.what for choice in check(said)[0].sites["home"].choices]


@pytest.mark.parametrize(
    ("said", "shaped"),
    [
        ({}, False),
        ({"qos": {}}, True),
        ({"qos": {"enabled": False}}, False),
        ({"proxy": {"transport": "mptcp"}}, True),
        ({"proxy": {"enabled": False}}, True),
    ],
)
def test_links_are_shaped_beside_the_relay_only_if_that_is_said(said: dict[str, Any], shaped: bool) -> None:
    assert used(decided(links=followed((6, 1), (2, 1)), **said))[2] is shaped


def test_asked_for_the_relay_is_not_shaped_either() -> None:
    assert used(decided(*SEED, proxy={"transport": "relay"})) == (True, "packet", False)


def lanes(**site: Any) -> list[str]:
    (wiring,) = wire_inventory(check(inventory(**site))[0])
    assert explain_proxy(wiring)["proxy"]["lanes"] == [carrier.link.name for carrier in proxy_carriers(wiring)]
    return explain_proxy(wiring)["proxy"]["lanes"]


def test_the_relay_leaves_out_neither_slow_links_nor_any_beyond_eight() -> None:
    many = followed((30, 5), *[(3, 1)] * 9)
    assert lanes(links=many) == [f"m{number}" for number in range(1, 11)]
    assert "all 10 links at once, 57 Mbit/s down" in why(decided(links=many), "proxy")
    assert used(decided(links=followed(*[(3, 1)] * 12)))[0] is True
    (wiring,) = wire_inventory(check(inventory(links=many))[0])
    assert proxy_notes(wiring) == []


def test_the_relay_is_told_of_links_only_that_it_cannot_go_over() -> None:
    data = inventory(links=followed(*SEED, (1, 1)), bonds=[{"bond_id": 0, "mode": "balance-rr"}], proxy={})
    data["sites"]["home"]["links"][6] |= {"carrier": "direct", "address": "198.51.100.2/24", "next_hop": "198.51.100.1"}
    (wiring,) = wire_inventory(check(data)[0])
    assert proxy_notes(wiring) == [
        "link m7: the proxy does not go over it, since carrier direct has no addresses of its own in it"
    ]


def test_one_link_has_nothing_to_share_out() -> None:
    site = decided((50, 10))
    assert used(site) == (False, "mode", False)
    assert [choice.what for choice in site.choices] == ["proxy", "qos"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"bonds": [{"bond_id": 0, "mode": "balance-rr"}]}, (False, "mode", False)),
        ({"bonds": [{"bond_id": 0, "mode": "active-backup", "prefer": ["m1"]}]}, (False, "mode", False)),
        ({"bonds": [{"bond_id": 0, "schedule": "flow"}]}, (False, "flow", False)),
        ({"bonds": [{"bond_id": 0, "schedule": "mode"}]}, (False, "mode", False)),
        ({"bonds": [{"bond_id": 0, "packets_per_slave": 3}]}, (False, "mode", False)),
        ({"bonds": [{"bond_id": 0, "mode": "balance-rr"}], "proxy": {}}, (True, "mode", False)),
        ({"bonds": [{"bond_id": 0, "leg": "vxlan", "arp_interval": 500}]}, (True, "packet", True)),
        ({"proxy": {"enabled": False}}, (False, "packet", True)),
        ({"proxy": {"quic": "reject"}}, (True, "packet", True)),
        ({"qos": {}}, (True, "packet", True)),
        ({"qos": {"enabled": False, "share": 90}}, (True, "packet", False)),
    ],
)
def test_what_is_said_wins(said: dict[str, Any], expected: tuple[bool, str, bool]) -> None:
    assert used(decided(*SEED, **said)) == expected


def test_what_is_said_is_not_explained() -> None:
    said = {"bonds": [{"bond_id": 0, "mode": "balance-rr"}], "proxy": {}, "qos": {}}
    assert decided(*SEED, **said).choices == ()


def test_a_template_that_gives_nothing_says_nothing() -> None:
    assert used(decided(*SEED, bonds=None, proxy=None, qos=None)) == (True, "packet", True)


def test_a_bond_beside_the_first_is_decided_by_its_own_links() -> None:
    bonds = [{"bond_id": 0, "mode": "balance-xor"}, {"bond_id": 2, "links": ["m1", "m6"]}]
    site = decided(*SEED, bonds=bonds)
    assert [bond.schedule for bond in site.bonds] == ["mode", "packet"]
    assert [choice.what for choice in site.choices] == ["bond agg2"]


def test_no_proxy_over_links_that_the_bond_leaves_alone() -> None:
    site = decided(*SEED, bonds=[{"bond_id": 0, "links": ["m1", "m2", "m3", "m4"]}])
    assert used(site)[0] is False
    assert "links m5, m6" in why(site, "proxy")


@pytest.mark.parametrize("subnets", [["2001:db8:1::/64"], ["fd12:3456:789a:1::/64"]])
def test_no_proxy_without_a_lan_of_ipv4(subnets: list[str]) -> None:
    assert used(decided(*SEED, lan={"subnets": subnets})) == (False, "packet", True)


def test_no_proxy_where_no_lan_is_known() -> None:
    assert used(decided(*SEED, lan=None)) == (False, "packet", True)


@pytest.mark.parametrize(
    ("fast", "wanted", "text"),
    [
        ((6.0, 1.0), True, "goes over 6 of 7 links at once"),
        ((60.0, 1.0), False, "it cannot go over link m7, which is 68 % of all"),
        (None, False, "it cannot go over link m7, and without rates nobody knows"),
    ],
)
def test_the_proxy_leaves_out_little_or_is_left_out(fast: Any, wanted: bool, text: str) -> None:
    all_links = links(*SEED, fast)
    all_links[6] |= {"carrier": "direct", "address": "198.51.100.2/24", "next_hop": "198.51.100.1"}
    site = decided(links=all_links)
    assert used(site)[0] is wanted
    assert text in why(site, "proxy")


@pytest.mark.parametrize(("count", "wanted"), [(8, True), (10, True), (12, False)])
def test_the_kernel_takes_eight_subflows(count: int, wanted: bool) -> None:
    assert used(decided(*[None] * count))[0] is wanted


def test_sixteen_links_cannot_have_weights() -> None:
    site = decided(*SEED, *SEED, *SEED)
    assert used(site) == (False, "mode", True)
    assert "15 at most" in why(site, "bond agg0")


@pytest.mark.parametrize(("rates", "how"), [([(6, 1), (2, 1)], "by their rates"), ([None, None], "all alike")])
def test_without_a_concentrator_connections_are_spread_and_nothing_else(rates: Any, how: str) -> None:
    data = inventory(*rates, concentrator="none")
    found, problems = check({**data, "concentrators": {}})
    assert problems == []
    (choice,) = found.sites["home"].choices
    assert (choice.what, choice.value) == ("connections", "spread")
    assert how in choice.why
    assert found.sites["home"].proxy is None


def test_the_proxy_of_the_rule_is_that_of_a_site_that_says_no_more_than_that_it_wants_one() -> None:
    asked = decided(*SEED, proxy={})
    assert asked.proxy.where != ""
    for name in ("enabled", "quic", "congestion_control", "max_connections", "destinations", "ports"):
        assert getattr(DEFAULT_PROXY, name) == getattr(asked.proxy, name)


def test_a_mistake_in_what_is_said_is_no_reason_to_decide_it() -> None:
    found, problems = check(inventory(*SEED, proxy={"enabled": "perhaps"}))
    assert len(problems) == 1
    assert found.sites["home"].choices == ()


def test_nodes_are_asked_for_what_the_rule_decides_on() -> None:
    data = inventory(*SEED)
    data["sites"]["hut"] = {"site_id": 2, "lan": {"subnets": ["192.168.2.0/24"]}, "links": links((6, 1))}
    assert "haproxy" in programs(data, "home")
    assert "haproxy" in programs(data, "vps")
    assert "haproxy" not in programs(data, "hut")
    assert "tproxy" in interface_kinds(data, "home")
    assert "tproxy" not in interface_kinds(data, "hut")
    assert "key proxy_port" in [port["used_for"] for port in ports_of(data, "vps")]
    assert [port["protocol"] for port in ports_of(data, "vps") if port["used_for"] == "key proxy_port"] == ["tcp"]
    data["sites"]["home"]["proxy"] = {"transport": "relay"}
    taken = [port for port in ports_of(data, "vps") if port["used_for"] == "key proxy_port"]
    assert [(port["protocol"], port["addresses"]) for port in taken] == [
        ("tcp", ["10.208.0.1"]),
        ("udp", ["10.208.0.1"]),
    ]
    data["sites"]["home"]["proxy"] = {"enabled": False, "transport": "relay"}
    assert "haproxy" not in programs(data, "vps")
    assert "key proxy_port" not in [port["used_for"] for port in ports_of(data, "vps")]


def test_the_kernel_is_asked_for_what_shapes_links() -> None:
    """At the concentrator by class as well; nothing where nothing is shaped."""
    data = inventory((6, 1), (2, 1))
    assert interface_kinds(data, "home")[-1:] == ["cake"]
    assert interface_kinds(data, "vps")[-2:] == ["cake", "htb"]
    for unshaped in (inventory((6, 1), (2, 1), qos={"enabled": False}), inventory((6, 1), None)):
        assert "cake" not in interface_kinds(unshaped, "home")
    said = inventory((6, 1), (2, 1), bonds=[{"bond_id": 0, "mode": "balance-rr"}], qos={})
    assert "htb" in interface_kinds(said, "vps")


@pytest.mark.parametrize(
    ("percents", "proxy", "asked"),
    [
        ((1.0, None), None, True),
        ((0.05, None), None, False),
        ((1.0, None), {"congestion_control": "cubic"}, False),
        ((None, None), {"congestion_control": "bbr"}, True),
        ((1.0, None), {"enabled": False}, False),
    ],
)
def test_the_kernel_is_asked_for_the_congestion_control_that_links_are_to_have(
    percents: tuple[float | None, ...], proxy: dict[str, Any] | None, asked: bool
) -> None:
    data = inventory(links=lossy(*percents), proxy=proxy)
    assert [("bbr" in interface_kinds(data, host)) for host in ("home", "vps")] == [asked, asked]
