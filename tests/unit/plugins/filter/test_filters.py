# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters, as Ansible calls them."""

from __future__ import annotations

from types import ModuleType

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.linkagg.wan.plugins.filter import mtu_budget, plan, plan_problems, tunnel_id

FILTERS = (plan, plan_problems, mtu_budget, tunnel_id)
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
