# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MPTCP endpoints: what the kernel would refuse is refused with the argument's name; what is not given."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import plan_steps
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MPTCP, MPTCP_ENDPOINT, MPTCP_LIMITS


def endpoint(**options: Any) -> Obj:
    return parse_items("endpoints", [MPTCP_ENDPOINT], [{"address": "10.0.0.1", **options}])[0]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"port": 8443, "subflow": True}, "port: the kernel takes it only with signal and without subflow"),
        ({"port": 8443, "subflow": True, "signal": True}, "port: the kernel takes it only with signal"),
        ({"signal": True, "fullmesh": True}, "fullmesh: the kernel does not take it with signal"),
        ({"id": 0}, "id: 0 is not within 1 to 255"),
        ({"port": 65536, "signal": True}, "port: 65536 is not within 0 to 65535"),
        ({"address": "wg0"}, "address: 'wg0' does not appear to be an IPv4 or IPv6 address"),
    ],
)
def test_what_the_kernel_refuses_is_refused_first(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(EngineError) as caught:
        endpoint(**options)
    assert len(caught.value.problems) == 1
    assert problem in caught.value.problems[0]


def test_one_address_can_be_announced_with_several_ports() -> None:
    items = [{"address": "10.0.0.1", "port": port, "signal": True} for port in (0, 443, 8443)]
    assert len({obj.key for obj in parse_items("endpoints", [MPTCP_ENDPOINT], items)}) == 3


def test_the_kernels_id_stays_and_a_device_that_is_not_given_goes() -> None:
    there = Obj("mptcp_endpoint", ("mptcp", "10.0.0.1", 0), {**endpoint(subflow=True).attrs, "id": 9, "device": ""})
    assert plan_steps([endpoint(subflow=True)], {there.key: there}, MPTCP) == []
    bound = Obj(there.kind, there.key, {**there.attrs, "device": "wg-lte1"})
    (step,) = plan_steps([endpoint(subflow=True)], {bound.key: bound}, MPTCP)
    assert (step.op, step.changed, step.after and step.after.attrs["id"]) == ("recreate", ("device",), 9)


def test_limits_are_one_object_without_a_name() -> None:
    with pytest.raises(EngineError) as caught:
        parse_items("limits", [MPTCP_LIMITS], [{"subflows": 256, "add_addr_accepted": -1}])
    assert caught.value.problems == [
        "limits: subflows: 256 is not within 0 to 255",
        "limits: add_addr_accepted: -1 is not within 0 to 255",
    ]


def test_an_id_is_for_one_endpoint_only() -> None:
    with pytest.raises(EngineError) as caught:
        parse_items("endpoints", [MPTCP_ENDPOINT], [{"address": f"10.0.0.{number}", "id": 7} for number in (1, 2)])
    (problem,) = caught.value.problems
    assert problem == "endpoints: MPTCP endpoint 10.0.0.1 and MPTCP endpoint 10.0.0.2 have the same id 7; only one can"
