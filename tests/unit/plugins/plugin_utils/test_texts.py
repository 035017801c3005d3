# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of files and of the nftables table."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import texts
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.splitting import unsplit_tcp
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.wiring import BondWiring

with_nft = pytest.mark.skipif(
    shutil.which("nft") is None or shutil.which("unshare") is None,
    reason="NOT TESTED: the programs nft or unshare are not installed",
)

SPLITTING = unsplit_tcp(
    (name, BondWiring(bond=None, mtu=1500, fit=fit, subnets=(), legs=()))
    for name, fit in (("agg0", 1398), ("agg1", 1500))
)

TABLES = {
    "gateway": texts.gateway_nft(["agg0"], ["wwan0", "wwan1", "eth0.7", "eth1"], "10.208.0.0/12"),
    "concentrator": texts.concentrator_nft([f"agg{site}-0" for site in range(1, 30)], None, "10.208.0.0/12"),
    "concentrator with interface": texts.concentrator_nft(["agg1-0"], "eth0", "10.208.0.0/12"),
    "concentrator hiding all of IPv6": texts.concentrator_nft(["agg1-0"], "eth0", "10.208.0.0/12", "all"),
    "concentrator hiding no IPv6": texts.concentrator_nft(["agg1-0"], None, "10.208.0.0/12", "none"),
    "concentrator without sites": texts.concentrator_nft([], None, "10.208.0.0/12"),
    "gateway whose legs split": texts.gateway_nft(["agg0", "agg1"], ["eth1"], "10.208.0.0/12", [SPLITTING]),
    "concentrator whose legs split": texts.concentrator_nft(["agg0"], None, "10.208.0.0/12", parts=[SPLITTING]),
}


@with_nft
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_nft_lists_the_table_as_it_was_written(table: str) -> None:
    command = ["unshare", "--map-root-user", "--net", "sh", "-c", "nft -f - && nft -s list table inet linkagg"]
    result = subprocess.run(command, input=table, capture_output=True, text=True, check=False)
    if "Operation not permitted" in result.stderr:
        pytest.skip(f"NOT TESTED: no network namespace here: {result.stderr.strip()}")
    assert result.stderr == ""
    assert result.stdout == table


GOLDEN = sorted((Path(__file__).parent / "golden" / "plans").glob("*.plan.yml"))


@with_nft
@pytest.mark.parametrize("plan", GOLDEN, ids=lambda path: path.name)
def test_nft_takes_every_table_of_the_recorded_plans(plan: Path) -> None:
    command = ["unshare", "--map-root-user", "--net", "sh", "-c", "nft -c -f -"]
    for host, node in yaml.safe_load(plan.read_text(encoding="utf-8"))["nodes"].items():
        result = subprocess.run(command, input=node["nft"], capture_output=True, text=True, check=False)
        if "Operation not permitted" in result.stderr:
            pytest.skip(f"NOT TESTED: no network namespace here: {result.stderr.strip()}")
        assert (host, result.stderr) == (host, "")


def test_a_site_without_dhcp_has_no_networkd_file() -> None:
    assert texts.networkd_network([], "home") == ""


def test_networkd_takes_the_address_and_nothing_else() -> None:
    lines = texts.networkd_network(["wwan1", "wwan0"], "home").splitlines()
    assert "Name=wwan0 wwan1" in lines
    assert {"UseRoutes=no", "UseGateway=no", "UseDNS=no", "ClientIdentifier=mac"} <= set(lines)
    assert {"LinkLocalAddressing=no", "IPv6AcceptRA=no"} <= set(lines)


def test_a_dot_in_an_interface_name_does_not_split_a_kernel_parameter() -> None:
    text = texts.gateway_sysctl(["eth0.7"], (4, 6), ["eth0.7"])
    assert "net.ipv4.conf.eth0/7.rp_filter = 2\n" in text
    assert "net.ipv6.conf.eth0/7.accept_ra = 2\n" in text


def test_nothing_of_ipv6_is_set_where_none_is_carried() -> None:
    assert "ipv6" not in texts.gateway_sysctl(["eth0"], (4,), ["eth0"])
    assert "ipv6" not in texts.concentrator_sysctl((4,), ["eth0"])


def test_whoever_learns_by_router_advertisements_goes_on_before_forwarding_makes_the_kernel_forget() -> None:
    lines = texts.concentrator_sysctl((4, 6), ["eth1", "eth0"]).splitlines()
    assert lines[-3:] == [
        "net.ipv6.conf.eth0.accept_ra = 2",
        "net.ipv6.conf.eth1.accept_ra = 2",
        "net.ipv6.conf.all.forwarding = 1",
    ]


def test_no_table_asks_for_what_debian_12s_kernel_refuses() -> None:
    """A protocol of one byte as the first part of an interval, see forwards.py; this machine's kernel may take it."""
    plans = list((Path(__file__).parent / "golden" / "plans").glob("*.plan.yml"))
    assert plans
    assert [plan.name for plan in plans if "meta l4proto ." in plan.read_text()] == []
