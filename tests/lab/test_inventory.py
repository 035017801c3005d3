# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inventory is one that the planner takes, whatever the profile."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import TESTS
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.problems import PlanError

from lab import expect, inventory, job
from lab.alone import generated
from lab.profile import load_profile, shipped, site_links


def sites(profile: str, schedule: str = "mode") -> dict:
    children = inventory.inventory(load_profile(profile))["all"]["children"]
    gateways = {host: each["linkagg_site"] for host, each in children["gateways"]["hosts"].items()}
    for site in gateways.values():
        site["bonds"] = [{"bond_id": 0, "mode": "balance-rr", "schedule": schedule}]  # templates in the inventory
        site["proxy"] = {"enabled": True}
    concentrator = children["concentrators"]["hosts"]["concentrator"]["linkagg_concentrator"]
    return {"concentrators": {"concentrator": concentrator}, "sites": gateways}


@pytest.mark.parametrize("profile", shipped())
def test_the_planner_takes_every_shipped_profile(profile: str) -> None:
    nodes = make_plan(sites(profile))["nodes"]
    ports = [port for host in nodes if host != "concentrator" for port in nodes[host]["bonds"][0]["ports"]]
    assert len(ports) == len(load_profile(profile).links)


@pytest.mark.parametrize("profile", shipped())
def test_weights_are_measured_with_the_profiles_with_which_the_planner_has_some(profile: str) -> None:
    weighted = [method for method in job.METHODS if method.startswith("weighted-")]
    if job.possible(weighted, load_profile(profile)):
        assert make_plan(sites(profile, "flow"))["nodes"]["gateway"]["weights"]
    else:
        with pytest.raises(PlanError, match="has no weight"):
            make_plan(sites(profile, "flow"))


def test_links_that_play_a_trace_have_rates_that_are_followed_and_others_have_not() -> None:
    trace, steady = (
        [link["rate"].get("follow") for link in site_links(load_profile(name))] for name in ("umts-trace", "seed-3g")
    )
    assert set(trace) == {True}
    assert set(steady) == {None}


def test_a_link_that_loses_packets_says_so(tmp_path: Path) -> None:
    path = tmp_path / "random-6.yml"
    path.write_text(yaml.safe_dump(generated.profile("random-6")), encoding="utf-8")
    losses = [link["rate"].get("loss_percent") for link in site_links(load_profile(path))]
    assert losses == [0.87, 1.54]
    assert not any("loss_percent" in link["rate"] for link in site_links(load_profile("seed-3g")))


@pytest.mark.parametrize(
    ("name", "method", "transport"),
    [
        ("umts-trace", "default", "relay"),
        ("umts-trace", "mptcp-proxy", "mptcp"),
        ("seed-3g", "default", "mptcp"),
        ("seed-3g", "mptcp-proxy", "mptcp"),
        ("seed-3g", "relay", "relay"),
    ],
)
def test_the_proxy_of_a_method_crosses_the_links_as_its_name_or_the_links_say(
    name: str, method: str, transport: str
) -> None:
    planned = make_plan(expect.planner_data(load_profile(name), job.METHODS[method]))["sites"]["gateway"]
    assert planned["proxy"]["transport"] == transport


def test_methods_name_tests_that_there_are() -> None:
    assert {test for variables in job.METHODS.values() for test in variables.get("benchmark_tests", ())} <= set(TESTS)


def test_nodes_of_a_qemu_lab_are_reached_through_its_one_port_on_loopback() -> None:
    profile = load_profile("seed-3g")
    text = inventory.ssh_config(profile, 2222)
    assert "HostName 127.0.0.1\n    Port 2222" in text
    assert text.count("ProxyCommand ssh") == len(inventory.nodes(profile)) == 5
    assert "labhost" not in inventory.ssh_config(profile, None)


def test_a_second_site_is_in_the_inventory_with_the_first_ones_lan_and_numbers_but_its_own_site_id() -> None:
    profile = load_profile("two-sites")
    children = inventory.inventory(profile)["all"]["children"]
    first, second = (host["linkagg_site"] for host in children["gateways"]["hosts"].values())
    assert (first["site_id"], second["site_id"]) == (1, 2)
    assert first["lan"] == second["lan"]
    assert [link["link_id"] for link in first["links"]] == [link["link_id"] for link in second["links"]] == [1, 2]
    assert [link["interface"] for link in second["links"]] == ["wwan3", "wwan4"]
    assert list(children["lab_clients"]["hosts"]) == ["client", "client2"]
    assert list(children["benchmark_clients"]["hosts"]) == ["client"]
    assert "Host client2\n    HostName 198.18.255.17\n" in inventory.ssh_config(profile, 2222)
    assert list(inventory.inventory(load_profile("seed-3g"))["all"]["children"]["lab_clients"]["hosts"]) == ["client"]


def test_control_sockets_fit_into_a_socket_address() -> None:
    longest = f"{inventory.paths.socket_dir()}/{'x' * 40}.{'y' * 16}"  # ssh's %C, and its temporary name
    assert len(longest) <= 107
