# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How options of a bond depend on each other."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import plan_steps
from ansible_collections.linkagg.wan.plugins.module_utils._engine.render import sentence
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.bond import BOND


def wanted(**options: Any) -> Obj:
    item = {"name": "agg0", "mode": "active-backup", "ports": ["leg0", "leg1"], **options}
    return parse_items("bonds", [BOND], [item])[0]


def problems(**options: Any) -> list[str]:
    with pytest.raises(EngineError) as caught:
        wanted(**options)
    return [problem.removeprefix("bonds[0] (agg0): ") for problem in caught.value.problems]


def changed(have: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The attributes that a step changes, with their new values."""
    want = wanted(**options)
    there = Obj("bond", want.key, {**want.attrs, "ports": ("leg0", "leg1"), **have}, True)
    steps = plan_steps([want], {want.key: there}, BONDS)
    return {name: steps[0].after.attrs.get(name) for name in steps[0].changed} if steps else {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"primary": "leg9"}, "primary: leg9 is none of its ports (leg0, leg1)"),
        ({"active_slave": "leg9"}, "active_slave: leg9 is none of its ports (leg0, leg1)"),
        ({"port_options": [{"port": "leg9"}]}, "port_options: leg9 is none of its ports (leg0, leg1)"),
        (
            {"mode": "balance-rr", "port_options": [{"port": "leg0", "prio": 1}]},
            "port_options: leg0: the kernel takes prio only with mode active-backup or balance-tlb or balance-alb",
        ),
        (
            {"port_options": [{"port": "leg0", "queue_id": 1}, {"port": "leg1", "queue_id": 1}]},
            "port_options: queue_id 1 is given to several ports",
        ),
        ({"port_options": [{"port": "leg0"}, {"port": "leg0"}]}, "port_options: leg0 appears twice"),
        (
            {"mode": "balance-xor", "queue_mark": 256},
            "queue_mark: the kernel looks at queues only with mode balance-rr or active-backup, this is balance-xor",
        ),
        (
            {"miimon": 100, "arp_interval": 200, "arp_ip_target": ["10.0.0.1"]},
            "arp_interval: is not used with miimon; leave out one of them: a bond watches its ports either way, "
            "not both",
        ),
        (
            {"miimon": 100, "updelay": 150},
            "updelay: 150 is no multiple of miimon (100), in which the kernel counts it; near are 100 and 200",
        ),
        ({"arp_interval": 200}, "arp_interval: needs somebody to ask: give arp_ip_target or ns_ip6_target"),
        ({"downdelay": 100}, "downdelay: the kernel takes it only with miimon above 0"),
        ({"lacp_rate": "fast"}, "lacp_rate: the kernel takes it only with mode 802.3ad"),
        (
            {"arp_ip_target": [f"10.0.0.{last}" for last in range(17)]},
            "arp_ip_target: 17 addresses, and the kernel takes 16 at most",
        ),
        (
            {"mac_address": "01:00:5e:00:00:01"},
            "mac_address: '01:00:5e:00:00:01' is no Ethernet address of an interface, such as '02:00:00:00:00:01'",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], message: str) -> None:
    assert problems(**options) == [message]


def test_a_port_and_its_options_may_be_given_in_part() -> None:
    have = {"port_options": ({"port": "leg0", "queue_id": 1, "prio": 3}, {"port": "leg1", "queue_id": 2, "prio": 0})}
    assert changed(have) == {}
    assert changed(have, port_options=[{"port": "leg0", "queue_id": 4}])["port_options"] == (
        {"port": "leg0", "queue_id": 4, "prio": 3},
        {"port": "leg1", "queue_id": 2, "prio": 0},
    )


def test_queues_go_with_the_mark_that_chose_them() -> None:
    have = {"port_options": ({"port": "leg0", "queue_id": 1, "prio": 3},), "queue_mark": 256}
    assert changed(have)["port_options"] == ({"port": "leg0", "queue_id": 0, "prio": 3},)
    assert changed(have, queue_mark=256) == {}


def test_a_port_that_leaves_takes_its_options_along() -> None:
    have = {"port_options": ({"port": "leg1", "queue_id": 2, "prio": 0},)}
    assert changed(have, ports=["leg0"]) == {"ports": ("leg0",), "port_options": ()}


def test_arp_monitoring_ends_that_of_the_carrier_and_the_other_way_round() -> None:
    arp = {"arp_interval": 200, "arp_ip_target": ["10.0.0.1"]}
    assert changed({"miimon": 100}, **arp)["miimon"] == 0
    back = changed({"arp_interval": 200, "arp_validate": "all"}, miimon=100)
    assert (back["arp_interval"], back["arp_validate"]) == (0, "none")


def test_a_mode_that_cannot_ask_gets_the_kernels_miimon() -> None:
    assert changed({"mode": "active-backup", "miimon": 0}, mode="802.3ad") == {"mode": "802.3ad", "miimon": 100}


def test_delays_follow_a_new_miimon_as_the_kernel_rounds_them() -> None:
    assert changed({"miimon": 50, "updelay": 250}, miimon=100) == {"miimon": 100, "updelay": 200}


def test_the_step_says_that_ports_are_released_or_that_it_goes_down() -> None:
    want = wanted(fail_over_mac="active")
    there = Obj("bond", want.key, {**want.attrs, "fail_over_mac": "none"}, True)
    (step,) = plan_steps([want], {want.key: there}, BONDS)
    assert "its ports are released and taken back; traffic over it stops meanwhile" in sentence(step, BONDS)
    want = wanted(mode="802.3ad", lacp_rate="fast")
    there = Obj("bond", want.key, {**want.attrs, "lacp_rate": "slow"}, True)
    (step,) = plan_steps([want], {want.key: there}, BONDS)
    assert sentence(step, BONDS) == (
        "change bond agg0: lacp_rate slow -> fast (it goes down and up; traffic over it stops meanwhile)"
    )
