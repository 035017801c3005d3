# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters, as Ansible calls them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.linkagg.wan.plugins.filter import (
    link_subnets,
    mtu_budget,
    plan,
    plan_kinds,
    plan_ports,
    plan_problems,
    plan_programs,
    tunnel_id,
)

FILTERS = (plan, plan_problems, plan_kinds, plan_programs, link_subnets, mtu_budget, tunnel_id)
GOOD = {
    "concentrators": {"vps": {"address": "203.0.113.2"}},
    "sites": {"home": {"site_id": 1, "links": [{"name": "lte", "link_id": 1, "interface": "wwan0"}]}},
}
BAD = {"concentrators": {"vps": {}}, "sites": {"home": {"site_id": 1, "links": [{"name": "lte", "link_id": 1}]}}}


@pytest.mark.parametrize("module", FILTERS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_a_filter_is_called_and_documented_as_its_file(module: ModuleType) -> None:
    name = module.__name__.rpartition(".")[2]
    assert list(module.FilterModule().filters()) == [name]
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["name"] == name
    assert yaml.safe_load(module.EXAMPLES)
    assert "_value" in yaml.safe_load(module.RETURN)


def test_plan_puts_known_public_keys_where_they_belong() -> None:
    keys = {"vps": {"wg-linkagg": "V"}, "home": {"wg-lte": "H"}}
    nodes = plan.plan(GOOD, public_keys=keys)["nodes"]
    assert nodes["home"]["tunnels"][0]["peers"][0]["public_key"] == "V"
    assert nodes["vps"]["tunnels"][0]["peers"][0]["public_key"] == "H"


def test_plan_leaves_unknown_public_keys_open() -> None:
    nodes = plan.plan(GOOD)["nodes"]
    assert nodes["home"]["tunnels"][0]["peers"][0]["public_key"] is None


def test_plan_raises_with_one_mistake_a_line() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        plan.plan(BAD)
    first, *rest = str(caught.value).splitlines()
    assert first == "2 problems in the inventory:"
    assert rest == plan_problems.plan_problems(BAD)


def test_plan_problems_is_empty_when_all_is_well() -> None:
    assert plan_problems.plan_problems(GOOD, preflight={"home": []}) == []


def test_mtu_budget_explains_itself() -> None:
    result = mtu_budget.mtu_budget(1500)
    assert (result["mtu"], result["carrier_mtu"]) == (1398, 1440)
    assert result["layers"][0] == {"layer": "link", "bytes": 1500}


@pytest.mark.parametrize("options", [{"carrier": "pigeon"}, {"family": "ipx"}, {"colour": "blue"}])
def test_mtu_budget_refuses_what_it_does_not_know(options: dict[str, str]) -> None:
    with pytest.raises(AnsibleFilterError, match=r"linkagg\.wan\.mtu_budget"):
        mtu_budget.mtu_budget(1500, **options)


def test_tunnel_id_counts_or_refuses() -> None:
    assert tunnel_id.tunnel_id(1, link_id=1) == 513
    with pytest.raises(AnsibleFilterError, match="link_id: found 99; allowed: a whole number from 0 to 62"):
        tunnel_id.tunnel_id(1, link_id=99)


SITE = {
    "site_id": 7,
    "links": [
        {"name": "dsl", "link_id": 3, "interface": "eth1", "address": "10.0.3.2/24", "next_hop": "10.0.3.1"},
        {"name": "lte", "link_id": 1, "interface": "wwan-0", "address": "dhcp"},
    ],
}
FACTS = {
    "interfaces": ["lo", "wwan-0"],
    "default_ipv4": {"interface": "wwan-0", "address": "192.168.8.100"},
    "wwan_0": {
        "device": "wwan-0",
        "ipv4": {"address": "192.168.8.100", "prefix": "24", "network": "192.168.8.0"},
        "ipv4_secondaries": [{"address": "10.64.1.9", "prefix": "30"}],
        "ipv6": [{"address": "fe80::2", "prefix": "64"}, {"address": "2001:db8:7::9", "prefix": "64"}],
    },
    "eth1": {"device": "eth1", "ipv4": {"address": "172.16.0.1", "prefix": "16"}},
}


def subnets(result: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {entry["link"]: entry["subnets"] for entry in result}


def test_link_subnets_knows_static_ones_by_the_inventory_and_no_others() -> None:
    lte, dsl = link_subnets.link_subnets(SITE)
    assert lte == {
        "site": None,
        "site_id": 7,
        "link": "lte",
        "link_id": 1,
        "interface": "wwan-0",
        "address": "dhcp",
        "next_hop": None,
        "subnets": [],
    }
    assert (dsl["address"], dsl["next_hop"], dsl["subnets"]) == ("10.0.3.2/24", "10.0.3.1", ["10.0.3.0/24"])


def test_link_subnets_takes_ansibles_facts() -> None:
    found = subnets(link_subnets.link_subnets(SITE, facts=FACTS))
    assert found == {"lte": ["10.64.1.8/30", "192.168.8.0/24", "2001:db8:7::/64"], "dsl": ["10.0.3.0/24"]}


def test_link_subnets_takes_what_preflight_found_of_each_host() -> None:
    data = {"sites": {"b": SITE, "a": {**SITE, "site_id": 2}}}
    facts = {"b": {"problems": [], "addresses": {"wwan-0": ["192.168.8.100/24"]}}, "stranger": {"addresses": {}}}
    result = link_subnets.link_subnets(data, facts=facts)
    assert [(entry["site"], entry["link"]) for entry in result] == [
        ("a", "lte"),
        ("a", "dsl"),
        ("b", "lte"),
        ("b", "dsl"),
    ]
    assert [entry["subnets"] for entry in result if entry["link"] == "lte"] == [[], ["192.168.8.0/24"]]


def test_link_subnets_raises_with_one_mistake_a_line() -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        link_subnets.link_subnets({"sites": {"home": {"site_id": 0, "links": [{"name": "lte"}]}}})
    assert str(caught.value).startswith("3 problems in the inventory:\nsite home, key site_id: found 0")


def test_plan_ports_names_what_a_concentrator_listens_at_and_forwards_and_stumbles_over_nothing() -> None:
    site = {"site_id": 1, "lan": {"subnets": ["192.168.1.0/24"]}, "bonds": [{"leg": "vxlan"}], "links": [{"name": "a"}]}
    forwards = [{"port": "5000-5010", "to": "192.168.1.10", "protocol": "both"}, {"port": 0}, 7]
    data = {"concentrators": {"vps": {"address": "203.0.113.2"}}, "sites": {"home": {**site, "forwards": forwards}}}
    found = plan_ports.plan_ports(data, "vps")
    assert [(item["protocol"], item["port"], item["used_for"], item["addresses"]) for item in found] == [
        ("udp", "51820", "key listen_port", []),
        ("udp", "4789", "key vxlan_port", []),
        ("tcp", "5000-5010", "a forward of site home", ["203.0.113.2"]),
        ("udp", "5000-5010", "a forward of site home", ["203.0.113.2"]),
    ]
    assert plan_ports.plan_ports(data, "home") == []
    data["sites"]["home"]["proxy"] = {}
    assert plan_ports.plan_ports(data, "vps")[2] == {
        "protocol": "tcp",
        "port": "7600",
        "used_for": "key proxy_port",
        "addresses": ["10.208.0.1"],
        "interface": "",
        "kernel": False,
    }
    home = {"site_id": 2, "links": [{"name": "a", "link_id": 1}, {"name": "b", "carrier": "direct"}]}
    cabin = {"links": [{"name": "a", "openvpn": {"port": 1194}}]}
    data["sites"] = {"home": {**home, "carrier": "openvpn"}, "cabin": {**cabin, "carrier": "openvpn"}}
    assert len(plan_ports.plan_ports(data, "vps")) == 2
    assert plan_ports.plan_ports(data, "vps")[1]["port"] == "1194"
    assert plan_ports.plan_ports({"concentrators": {"vps": None}, "sites": [3]}, "vps") == []
    assert plan_ports.plan_ports(None, "vps") == []


@pytest.mark.parametrize(
    ("sites", "kinds"),
    [
        ({"home": {"links": []}}, ["wireguard", "gretap", "bond"]),
        ({"home": {"bonds": [{"leg": "vxlan"}]}}, ["wireguard", "vxlan", "bond"]),
        ({"home": {"bonds": [{"leg": "vxlan"}, {}]}}, ["wireguard", "gretap", "vxlan", "bond"]),
        ({"home": {"bonds": [{"leg": "vxlan"}]}, "cabin": {}}, ["wireguard", "gretap", "vxlan", "bond"]),
        (
            {"home": {"bonds": [{"leg": "pigeon"}, {"leg": ["vxlan"]}, 3]}, "a": None},
            ["wireguard", "gretap", "bond"],
        ),
        ({"home": {"carrier": "direct", "links": [{"name": "a"}]}}, ["gretap", "bond"]),
        ({"home": {"links": [{"carrier": "direct"}, {"carrier": "direct"}]}}, ["gretap", "bond"]),
        ({"home": {"links": [{"carrier": "direct"}, {}, 3]}}, ["wireguard", "gretap", "bond"]),
        ({"home": {"carrier": ["pigeon"], "links": {"carrier": 3}}}, ["wireguard", "gretap", "bond"]),
        ([1, 2], ["wireguard", "bond"]),
        (None, ["wireguard", "bond"]),
        ({"a": {"concentrator": "none"}}, []),
        ({"a": {"concentrator": "none", "bonds": [{"leg": "vxlan"}]}, "b": {}}, ["wireguard", "gretap", "bond"]),
    ],
)
def test_plan_kinds_names_what_is_used_and_stumbles_over_nothing(sites: Any, kinds: list[str]) -> None:
    assert plan_kinds.plan_kinds({"concentrators": {}, "sites": sites}) == kinds


TWO_CONCENTRATORS = {
    "concentrators": {"vps": None, "far": None},
    "sites": {
        "home": {"concentrator": "vps", "carrier": "openvpn", "links": [{}]},
        "boat": {"concentrator": "vps", "links": [{"name": 3}, 4]},
        "bare": {"concentrator": "vps", "carrier": "direct"},
        "cabin": {"concentrator": "far", "carrier": "pptp", "bonds": [{"leg": "vxlan"}], "proxy": {}},
        "alone": {"concentrator": "none"},
    },
}


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("vps", {"nft", "wg", "openvpn", "openssl"}),
        ("home", {"nft", "openvpn", "openssl"}),
        ("boat", {"nft", "wg"}),
        ("bare", {"nft"}),
        ("nobody", {"nft", "wg", "openvpn", "openssl", "pptpd", "pppd", "haproxy", "mptcpize"}),
        ("far", {"nft", "pptpd", "pppd", "haproxy", "mptcpize"}),
        ("cabin", {"nft", "pptp", "pppd", "haproxy", "mptcpize"}),
        ("alone", {"nft"}),
    ],
)
def test_plan_programs_names_what_a_node_runs(host: str, found: set[str]) -> None:
    assert set(plan_programs.plan_programs(TWO_CONCENTRATORS, host)) == found


@pytest.mark.parametrize(
    ("host", "kinds"),
    [
        ("vps", ["wireguard", "tun", "gretap", "bond"]),
        ("home", ["tun", "gretap", "bond"]),
        ("far", ["ppp", "vxlan", "bond", "mptcp", "tproxy"]),
        ("cabin", ["ppp", "vxlan", "bond", "mptcp", "tproxy"]),
        ("alone", []),
        ("nobody", ["wireguard", "tun", "ppp", "gretap", "vxlan", "bond", "mptcp", "tproxy"]),
    ],
)
def test_plan_kinds_asks_a_node_for_what_its_own_sites_use(host: str, kinds: list[str]) -> None:
    assert sorted(plan_kinds.plan_kinds(TWO_CONCENTRATORS, host)) == sorted(kinds)


def test_a_gateway_is_asked_without_a_look_at_the_other_sites() -> None:
    class Sites(dict):
        """Of which nobody may look at all."""

        def __iter__(self) -> Any:
            raise AssertionError("all sites are looked at")

        items = values = keys = __iter__

    data = {**TWO_CONCENTRATORS, "sites": Sites(TWO_CONCENTRATORS["sites"])}
    for ask in (plan_kinds.plan_kinds, plan_programs.plan_programs):
        assert ask(data, "cabin") == ask(TWO_CONCENTRATORS, "cabin")
        with pytest.raises(AssertionError):
            ask(data, "far")


@pytest.mark.parametrize(
    ("proxy", "there"),
    [({}, True), ({"enabled": "yes"}, True), ({"enabled": "?"}, True), ({"enabled": False}, False), (3, False)],
)
def test_the_proxys_programs_and_kernel_parts_are_asked_for_where_it_is(proxy: Any, there: bool) -> None:
    data = {"concentrators": {"vps": None}, "sites": {"home": {"proxy": proxy}, "boat": {}}}
    for host, wanted in (("home", there), ("vps", there), ("boat", False)):
        assert ("haproxy" in plan_programs.plan_programs(data, host)) == wanted
    assert ("tproxy" in plan_kinds.plan_kinds(data)) == there


def test_a_node_that_dials_needs_pppoe_and_no_other_does() -> None:
    links = [{"name": "dsl", "link_id": 1, "interface": "eth1", "address": "pppoe"}]
    data = {"concentrators": {"vps": None}, "sites": {"home": {"links": links}, "office": {"links": None}}}
    assert plan_programs.plan_programs(data, "home")["pppd"] == "ppp"
    assert "pppoe" in plan_kinds.plan_kinds(data, "home")
    for host in ("office", "vps"):
        assert "pppd" not in plan_programs.plan_programs(data, host)
        assert "pppoe" not in plan_kinds.plan_kinds(data, host)


@pytest.mark.parametrize("data", [None, [], {"sites": 3}, {"sites": {"home": 3}}])
def test_plan_programs_stumbles_over_nothing(data: Any) -> None:
    assert set(plan_programs.plan_programs(data, "home")) == {"nft", "wg"}
