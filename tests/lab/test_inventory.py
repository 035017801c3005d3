# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inventory is one that the planner takes, whatever the profile."""

from __future__ import annotations

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import TESTS
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.problems import PlanError

from lab import inventory, job
from lab.profile import load_profile, shipped


def sites(profile: str, schedule: str = "mode") -> dict:
    children = inventory.inventory(load_profile(profile))["all"]["children"]
    site = children["gateways"]["hosts"]["gateway"]["linkagg_site"]
    site["bonds"] = [{"bond_id": 0, "mode": "balance-rr", "schedule": schedule}]  # templates in the inventory
    site["proxy"]["enabled"] = True
    concentrator = children["concentrators"]["hosts"]["concentrator"]["linkagg_concentrator"]
    return {"concentrators": {"concentrator": concentrator}, "sites": {"gateway": site}}


@pytest.mark.parametrize("profile", shipped())
def test_the_planner_takes_every_shipped_profile(profile: str) -> None:
    node = make_plan(sites(profile))["nodes"]["gateway"]
    assert len(node["bonds"][0]["ports"]) == len(load_profile(profile).links)


@pytest.mark.parametrize("profile", shipped())
def test_weights_are_measured_with_the_profiles_with_which_the_planner_has_some(profile: str) -> None:
    weighted = [method for method in job.METHODS if method.startswith("weighted-")]
    if job.possible(weighted, load_profile(profile)):
        assert make_plan(sites(profile, "flow"))["nodes"]["gateway"]["weights"]
    else:
        with pytest.raises(PlanError, match="has no weight"):
            make_plan(sites(profile, "flow"))


def test_methods_name_tests_that_there_are() -> None:
    assert {test for variables in job.METHODS.values() for test in variables.get("benchmark_tests", ())} <= set(TESTS)


def test_nodes_of_a_qemu_lab_are_reached_through_its_one_port_on_loopback() -> None:
    text = inventory.ssh_config(2222)
    assert "HostName 127.0.0.1\n    Port 2222" in text
    assert text.count("ProxyCommand ssh") == len(inventory.NODES)
    assert "labhost" not in inventory.ssh_config(None)


def test_control_sockets_fit_into_a_socket_address() -> None:
    longest = f"{inventory.paths.socket_dir()}/{'x' * 40}.{'y' * 16}"  # ssh's %C, and its temporary name
    assert len(longest) <= 107
