# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of an nftables table that hold the addresses of domains."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._agent import cli
from ansible_collections.linkagg.wan.tests.netns.node import Node

TABLE = """table inet linkagg {
	set near { type ipv4_addr; flags timeout; }
	set near6 { type ipv6_addr; flags timeout; }
	chain forward {
		type filter hook forward priority mangle; policy accept;
		ip daddr @near %s
		ip6 daddr @near6 accept
	}
}
"""
NAMES = {"near": ["localhost"], "near6": ["localhost"]}


@pytest.fixture(autouse=True)
def _nft() -> None:
    if not shutil.which("nft"):
        pytest.skip("NOT TESTED: the program nft is not installed")


def held(name: str = "near") -> str:
    done = subprocess.run(["nft", "list", "set", "inet", "linkagg", name], capture_output=True, text=True, check=True)
    return done.stdout


def load(node: Node, verdict: str = "accept", **arguments: Any) -> dict[str, Any]:
    return node.module("nft_table", content=TABLE % verdict, **arguments)


def test_a_set_holds_the_addresses_of_its_domains_and_that_is_no_change(node: Node) -> None:
    assert load(node, names=NAMES)["changed"]
    assert "127.0.0.1 timeout 1d" in held()
    assert not load(node, names=NAMES)["changed"]


def test_addresses_stay_when_the_table_is_replaced(node: Node) -> None:
    load(node)
    subprocess.run(["nft", "add element inet linkagg near { 192.0.2.7 timeout 1h }"], check=True)
    assert load(node, "drop")["changed"]
    assert "192.0.2.7 timeout 1h" in held()


def test_check_mode_fills_nothing(node: Node) -> None:
    load(node)
    load(node, names=NAMES, check=True)
    assert "127.0.0.1" not in held()


def test_a_domain_without_an_address_is_told(node: Node) -> None:
    result = load(node, names={"near": ["nowhere.invalid", "localhost"]})
    assert "nowhere.invalid does not resolve" in result["unresolved"][0]
    assert "127.0.0.1" in held()


def test_the_agents_command_looks_them_up_again(node: Node, capfd: pytest.CaptureFixture[str]) -> None:
    load(node, names=NAMES, persist=True)
    subprocess.run(["nft", "flush set inet linkagg near"], check=True)
    assert cli.main(["--state-directory", str(node.state), "names"]) == 0
    assert "127.0.0.1 timeout 1d" in held()
    load(node, names={"near": ["nowhere.invalid"]}, persist=True)
    assert cli.main(["--state-directory", str(node.state), "names"]) == 1
    assert "nowhere.invalid does not resolve" in capfd.readouterr().err


def test_preflight_names_policy_and_domain(node: Node) -> None:
    policies = [
        {"name": "bank", "match": {"domains": ["nowhere.invalid", "localhost"]}},
        {"name": "odd", "match": {"domains": "x"}},
        {"name": "none"},
    ]
    (problem,) = node.module("preflight", programs=[], policies=policies)["problems"]
    assert problem.startswith("policy bank: domains: 'nowhere.invalid' does not resolve on this node (")
