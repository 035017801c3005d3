# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plan hands over is what roles and modules take: nothing more, nothing less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items, parse_lists
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MODULES
from ansible_collections.linkagg.wan.plugins.modules import bonds, link_routes, shapers, tunnels

COLLECTION = Path(__file__).parents[4]
GOLDEN = Path(__file__).parent / "golden" / "plans"
ROLES = ("gateway", "concentrator", "node")


def plans() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.plan.yml"))]


NODES = [node for plan in plans() for node in plan["nodes"].values()]


def desired_spec(role: str) -> dict[str, Any]:
    specs = yaml.safe_load((COLLECTION / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return specs["argument_specs"]["main"]["options"][f"{role}_desired"]["options"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_takes_the_keys_that_a_node_of_the_plan_has(role: str) -> None:
    spec = desired_spec(role)
    for node in NODES:
        assert set(node) == set(spec)
        assert ArgumentSpecValidator(spec).validate(node).error_messages == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_described_the_same_as_the_others_that_take_a_node(role: str) -> None:
    assert desired_spec(role) == desired_spec("node")


def arguments(module: Any, node: dict[str, Any]) -> dict[str, Any]:
    """The arguments that role node gives to a module, by the names that they share with the plan."""
    spec = module.argument_spec()
    given = {name: node[name] for name in spec if name in node}
    result = ArgumentSpecValidator(spec).validate({**given, "purge": True})
    assert result.error_messages == []
    return result.validated_parameters


@pytest.mark.parametrize("node", NODES)
def test_tunnels_takes_the_plans_tunnels(node: dict[str, Any]) -> None:
    items = arguments(tunnels, node)["tunnels"]
    assert len(parse_items("tunnels", tunnels.KINDS, items)) == len(node["tunnels"])
    assert node["tunnels"] or not node["bonds"]


@pytest.mark.parametrize("node", NODES)
def test_bonds_takes_the_plans_bonds(node: dict[str, Any]) -> None:
    assert len(parse_items("bonds", bonds.KINDS, arguments(bonds, node)["bonds"])) == len(node["bonds"])


@pytest.mark.parametrize("node", NODES)
def test_shapers_takes_the_plans_shapers(node: dict[str, Any]) -> None:
    assert len(parse_items("shapers", shapers.KINDS, arguments(shapers, node)["shapers"])) == len(node["shapers"])


@pytest.mark.parametrize("node", NODES)
def test_link_routes_takes_the_plans_links_routes_and_rules(node: dict[str, Any]) -> None:
    count = len(node["links"]) + len(node["routes"]) + len(node["rules"])
    assert len(parse_lists(MODULES["link_routes"], arguments(link_routes, node))) == count


def test_each_key_of_a_node_is_used_by_a_role_or_the_playbook() -> None:
    paths = [*(COLLECTION / "roles").glob("*/tasks/*.yml"), COLLECTION / "playbooks" / "site.yml"]
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    for key in desired_spec("node"):
        assert f".{key}" in text or f"_desired.{key}" in text
