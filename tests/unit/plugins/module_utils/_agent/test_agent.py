# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent does at boot and on events: as much as can be, for nothing but what it waits for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._agent.agent import Agent
from ansible_collections.linkagg.wan.plugins.module_utils._agent.attention import (
    RETRY_S,
    AddressEvent,
    Attention,
    LinkEvent,
)
from ansible_collections.linkagg.wan.plugins.module_utils._agent.converge import possible
from ansible_collections.linkagg.wan.plugins.module_utils._agent.links import Told
from ansible_collections.linkagg.wan.plugins.module_utils._agent.saved import Saved, objects
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS, PARTS, ROUTING, TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.withdraw import LEGS
from ansible_collections.linkagg.wan.tests.unit.plugins.module_utils._engine.fake_kernel import FakeKernel

LEG = {"local": "10.0.0.1", "remote": "10.0.0.2"}


class Machine(FakeKernel):
    """A kernel with modems (name -> index, up) and leases (name -> next hop)."""

    def __init__(self) -> None:
        super().__init__()
        self.modems: dict[str, tuple[int, bool]] = {}
        self.leases: dict[str, str] = {}

    def interfaces(self) -> Mapping[str, tuple[int, bool]]:
        return dict(self.modems)

    def peers(self) -> Mapping[str, str]:
        return {}

    def learn_next_hops(self, want: Sequence[Obj], timeout_s: float, check: bool) -> list[Obj]:
        assert (timeout_s, check) == (0, True)
        known = {name: hop for name, hop in self.leases.items() if name in self.modems}
        return [
            replace(obj, attrs={**obj.attrs, "via": known[obj.attrs["device"]]})
            if obj.attrs.get("via") == "learn" and obj.attrs["device"] in known
            else obj
            for obj in want
        ]

    def plug(self, name: str, index: int, up: bool = False) -> None:
        """A modem appears; it is nobody's, as far as the engine is concerned."""
        self.modems[name] = (index, up)
        key = ("uplink", name)
        theirs = ("10.0.2.2/24", "192.168.8.2/24", "192.168.9.2/24")  # of a lease
        attrs = {"interface": name, "up": up, "addresses": (), "others_addresses": theirs}
        self.objects[key] = Obj("link", key, attrs, owned=False)

    def unplug(self, name: str) -> None:
        """It goes, with the routes over it."""
        del self.modems[name]
        self.objects = {
            key: obj for key, obj in self.objects.items() if key[1] != name and obj.attrs.get("device") != name
        }


def saved(**parts: Any) -> Saved:
    kinds = {"tunnels": list(TUNNELS.values()), "bonds": list(BONDS.values())}
    found = {part: parse_items(part, kinds[part], parts[part]) for part in kinds if part in parts}
    for name, item in parts.get("routing", ()):
        found.setdefault("link_routes", []).extend(parse_items(name, [ROUTING[name]], [item]))
    return Saved({part: found[part] for part in PARTS if part in found}, parts.get("tables", ()))


class World:
    """A machine, an agent on it, and a clock."""

    def __init__(self, state: Saved) -> None:
        self.machine = Machine()
        self.state = state
        self.now = 0.0
        self.tables: list[str] = []
        self.table_error = ""
        self.silent: dict[str, str] = {}
        self.forgotten: list[tuple[int, int]] = []
        self.agent = Agent(
            lambda: self.state,
            self.kernel,
            nullcontext,
            lambda: self.now,
            self.table,
            lambda mark, mask: self.forgotten.append((mark, mask)),
            Told(lambda: self.silent),
        )

    @contextmanager
    def kernel(self) -> Iterator[Machine]:
        yield self.machine

    def table(self, family: str, name: str, _content: str, act: bool) -> list[str]:
        if self.table_error:
            raise EngineError([self.table_error])
        step = f"create table {family} {name}"
        if step in self.tables:
            return []
        self.tables += [step] if act else []
        return [step]

    def hears(self, event: Any, after_s: float = 2.0) -> list[str] | None:
        """An event, and what is done about it once some time has gone by; None if no look is due."""
        self.agent.attention.heard(event, self.now)
        return self.waits(after_s)

    def waits(self, seconds: float) -> list[str] | None:
        self.now += seconds
        devices = self.agent.attention.due(self.now)
        return None if devices is None else self.agent.look(devices)


TWO_MODEMS = {
    "tunnels": [{"kind": "vxlan", "name": "leg0", "vni": 1, **LEG}, {"kind": "vxlan", "name": "leg1", "vni": 2, **LEG}],
    "bonds": [{"name": "agg0", "ports": ["leg0", "leg1"]}],
    "routing": [
        ("link", {"interface": "wwan0"}),
        ("link", {"interface": "wwan1"}),
        ("route", {"destination": "default", "via": "learn", "device": "wwan0", "table": 7601}),
        ("route", {"destination": "default", "via": "10.0.2.1", "device": "wwan1", "table": 7602}),
        ("rule", {"priority": 7601, "table": 7601}),
    ],
    "tables": [{"family": "inet", "name": "linkagg", "content": "..."}],
}


@pytest.fixture
def world() -> World:
    return World(saved(**TWO_MODEMS))


def test_everything_comes_back_in_the_order_of_the_table(world: World) -> None:
    world.machine.plug("wwan0", 3)
    world.machine.plug("wwan1", 4)
    world.machine.leases["wwan0"] = "192.168.8.1"
    assert world.agent.look() == [
        "create table inet linkagg",
        "create vxlan leg0",
        "create vxlan leg1",
        "create bond agg0",
        "change link wwan0: up no -> yes",
        "change link wwan1: up no -> yes",
        "create route default via 192.168.8.1 dev wwan0 table 7601",
        "create route default via 10.0.2.1 dev wwan1 table 7602",
        "create rule 7601: lookup 7601",
    ]
    assert world.agent.complaints() == []
    assert world.agent.look() == []


def test_status_changes_nothing_and_names_what_is_missing(world: World) -> None:
    assert world.agent.look(act=False) == []
    assert world.machine.log == []
    assert world.tables == []
    assert world.agent.complaints()[:2] == ["to do: create table inet linkagg", "vxlan leg0: it is missing"]


def test_a_missing_modem_keeps_nothing_else_down_and_is_completed_when_it_comes(world: World) -> None:
    world.machine.plug("wwan1", 4)
    world.agent.look()
    assert world.agent.complaints() == [
        "link wwan0: wwan0 does not exist",
        "route default via learn dev wwan0 table 7601: wwan0 does not exist",
    ]
    world.machine.plug("wwan0", 9)
    assert world.hears(LinkEvent(9, "wwan0", False), after_s=0.5) is None
    assert world.waits(0.6) == ["change link wwan0: up no -> yes"]
    assert "no next hop learnt from wwan0 yet" in world.agent.complaints()[0]
    world.machine.leases["wwan0"] = "192.168.8.1"
    world.agent.leases_come()
    assert world.waits(1.1) == ["create route default via 192.168.8.1 dev wwan0 table 7601"]
    assert world.agent.complaints() == []


def test_a_lease_that_nobody_waits_for_is_not_looked_for(world: World) -> None:
    world.machine.plug("wwan0", 3)
    world.machine.plug("wwan1", 4)
    world.machine.leases["wwan0"] = "192.168.8.1"
    world.agent.look()
    world.agent.leases_come()
    assert world.waits(100) is None


def complete(world: World) -> None:
    for index, name in enumerate(("wwan0", "wwan1"), 3):
        world.machine.plug(name, index, up=True)
    world.machine.leases["wwan0"] = "192.168.8.1"
    world.agent.look()


def test_what_somebody_takes_away_stays_away_until_its_modem_comes_again(world: World) -> None:
    complete(world)
    key = next(key for key, obj in world.machine.objects.items() if obj.attrs.get("device") == "wwan1")
    del world.machine.objects[key]
    del world.machine.objects["link", "leg0"]
    assert world.hears(LinkEvent(3, "wwan0", True)) is None
    assert world.hears(LinkEvent(77, "eth5", True)) is None
    assert world.hears(AddressEvent(4)) is None
    world.machine.unplug("wwan1")
    assert world.hears(LinkEvent(4, "wwan1", False, gone=True)) is None
    world.machine.plug("wwan1", 12)
    assert world.hears(LinkEvent(12, "wwan1", False)) == [
        "change link wwan1: up no -> yes",
        "create route default via 10.0.2.1 dev wwan1 table 7602",
    ]
    assert ("link", "leg0") not in world.machine.objects


def test_a_modem_that_is_set_down_is_left_down_and_gets_its_routes_when_it_is_up_again(world: World) -> None:
    complete(world)
    world.machine.unplug("wwan1")
    world.machine.plug("wwan1", 4)
    assert world.hears(LinkEvent(4, "wwan1", False)) is None
    world.machine.plug("wwan1", 4, up=True)
    assert world.hears(LinkEvent(4, "wwan1", True)) == ["create route default via 10.0.2.1 dev wwan1 table 7602"]


def test_its_own_work_is_no_event(world: World) -> None:
    world.machine.plug("wwan1", 4)
    world.agent.look()
    assert world.hears(LinkEvent(4, "wwan1", True)) is None


def test_a_modem_that_came_up_and_was_set_down_at_once_is_left_down(world: World) -> None:
    complete(world)
    assert world.hears(LinkEvent(4, "wwan1", False)) is None
    assert world.hears(LinkEvent(4, "wwan1", True), after_s=0.3) is None
    assert world.hears(LinkEvent(4, "wwan1", False)) is None


def test_a_new_lease_can_tell_another_next_hop(world: World) -> None:
    complete(world)
    world.machine.leases["wwan0"] = "192.168.9.1"
    assert world.hears(AddressEvent(3)) == [
        "change route default via 192.168.9.1 dev wwan0 table 7601: via 192.168.8.1 -> 192.168.9.1"
    ]


def test_events_that_never_stop_do_not_put_a_look_off_for_ever() -> None:
    attention = Attention()
    attention.concern(frozenset({"wwan0"}), frozenset())
    now, looks = 0.0, 0
    while now < 20:
        attention.heard(LinkEvent(int(now * 10), "wwan0", True), now)
        looks += attention.due(now) is not None
        now += 0.5
    assert 3 <= looks <= 5


def test_lost_events_are_made_up_for_by_comparing() -> None:
    attention = Attention()
    attention.concern(frozenset({"wwan0", "wwan1", "wwan2"}), frozenset())
    attention.settle({"wwan0": (3, True), "wwan1": (4, True)}, (), 0, retry=False)
    assert attention.compare({"wwan1": (9, True), "wwan2": (10, False)}, 0) == [
        "wwan0 has gone",
        "wwan1 has appeared",
        "wwan2 has appeared",
    ]
    assert attention.due(1.0) == {"wwan1", "wwan2"}


def test_what_no_event_announces_is_tried_again(world: World) -> None:
    complete(world)
    world.machine.unplug("wwan1")
    world.machine.plug("wwan1", 12)
    world.machine.fail_on = {len(world.machine.log) + 1: "Nexthop has invalid gateway"}
    world.hears(LinkEvent(12, "wwan1", False))
    assert world.agent.complaints() == ["route default via 10.0.2.1 dev wwan1 table 7602: Nexthop has invalid gateway"]
    assert world.waits(RETRY_S - 3) is None
    assert world.waits(3) == ["create route default via 10.0.2.1 dev wwan1 table 7602"]
    assert world.waits(10 * RETRY_S) is None


def test_a_refused_step_is_skipped_and_nothing_is_undone(world: World) -> None:
    world.machine.fail_on = {1: "Cannot allocate memory"}
    world.agent.look()
    assert ("link", "leg0") in world.machine.objects
    assert world.machine.objects["link", "agg0"].attrs["ports"] == ("leg0",)
    assert world.agent.complaints()[:2] == ["vxlan leg1: Cannot allocate memory", "bond agg0: leg1 does not exist"]
    world.machine.fail_on = {}
    assert world.waits(RETRY_S) == ["create vxlan leg1", "change bond agg0: ports +leg1"]


def test_a_table_that_is_refused_keeps_nothing_else_down(world: World) -> None:
    world.table_error = "table inet linkagg could not be loaded"
    world.agent.look()
    assert world.agent.complaints()[0] == "table inet linkagg could not be loaded"
    assert ("link", "leg0") in world.machine.objects
    world.table_error = ""
    assert world.waits(RETRY_S) == ["create table inet linkagg"]


def test_a_link_of_somebody_else_is_left_alone(world: World) -> None:
    key = ("link", "leg0")
    world.machine.objects[key] = Obj("dummy", key, {"name": "leg0"}, owned=False)
    world.agent.look()
    assert world.machine.objects[key].kind == "dummy"
    assert "not ours" in world.agent.complaints()[0]
    assert ("link", "leg1") in world.machine.objects


def test_what_a_run_has_saved_meanwhile_counts(world: World) -> None:
    complete(world)
    world.state = saved(routing=[("link", {"interface": "wwan5"})])
    world.agent.reload()
    world.machine.plug("wwan5", 20)
    assert world.hears(LinkEvent(20, "wwan5", False)) == ["change link wwan5: up no -> yes"]
    world.machine.unplug("wwan0")
    assert world.hears(LinkEvent(3, "wwan0", False, gone=True)) is None


def test_killed_after_any_number_of_steps_the_next_start_completes_it() -> None:
    class Killed(BaseException):
        pass

    class Mortal(Machine):
        steps_left = 0

        def apply(self, step: Any, kinds: Any, *, undo: bool = False) -> None:
            if not self.steps_left:
                raise Killed
            self.steps_left -= 1
            super().apply(step, kinds, undo=undo)

    def world_with(steps: int) -> World:
        world = World(saved(**TWO_MODEMS))
        machine = Mortal()
        machine.steps_left = steps
        world.machine = machine
        machine.plug("wwan0", 3)
        machine.plug("wwan1", 4)
        machine.leases["wwan0"] = "192.168.8.1"
        return world

    whole = world_with(99)
    whole.agent.look()
    assert len(whole.machine.log) == 8
    for steps in range(8):
        world = world_with(steps)
        with pytest.raises(Killed):
            world.agent.look()
        world.machine.steps_left = 99  # type: ignore[attr-defined]
        world.agent.look()
        assert world.machine.objects == whole.machine.objects, steps


def test_a_bond_comes_back_without_the_port_that_is_missing_and_without_it_as_primary() -> None:
    bond = {"name": "agg0", "mode": "active-backup", "ports": ["leg0", "leg1"], "primary": "leg1"}
    ready, left = possible(parse_items("bonds", list(BONDS.values()), [bond]), BONDS, {"leg0"})
    assert (ready[0].attrs["ports"], ready[0].attrs.get("primary")) == (("leg0",), None)
    assert [str(open_) for open_ in left] == ["bond agg0: leg1 does not exist"]


def test_a_bond_does_without_what_is_said_of_a_missing_port() -> None:
    bond = {
        "name": "agg0",
        "mode": "active-backup",
        "ports": ["leg0", "leg1"],
        "port_options": [{"port": "leg1", "prio": 7}],
    }
    ready, left = possible(parse_items("bonds", list(BONDS.values()), [bond]), BONDS, {"leg0"})
    assert (ready[0].attrs["ports"], ready[0].attrs["port_options"]) == (("leg0",), ())
    assert [str(open_) for open_ in left] == ["bond agg0: leg1 does not exist"]


def test_a_route_takes_the_next_hops_that_there_are() -> None:
    hops = [{"via": "10.0.0.9", "device": "wan1"}, {"via": "10.0.1.9", "device": "wan2"}]
    route = {"destination": "default", "table": 7600, "nexthops": hops}
    want = parse_items("routes", [ROUTING["route"]], [route])
    ready, left = possible(want, ROUTING, {"wan1"})
    assert [hop["device"] for hop in ready[0].attrs["nexthops"]] == ["wan1"]
    assert left[0].devices == {"wan2"}
    ready, left = possible(want, ROUTING, {"lan0"})
    assert (ready, left[0].devices) == ([], {"wan1", "wan2"})


def test_items_that_this_version_does_not_know_are_named_and_the_rest_comes_back() -> None:
    items = [
        {"kind": "vxlan", "name": "leg0", "vni": 1, **LEG},
        {"kind": "vxlan", "name": "leg1", "vni": 2, "colour": "blue", **LEG},
        {"kind": "teleport", "name": "leg2"},
    ]
    found, problems = objects("tunnels", TUNNELS, items)
    assert [obj.attrs["name"] for obj in found] == ["leg0"]
    assert problems == [
        "tunnels[0] (leg1): colour: a vxlan has no such option",
        "tunnels: this version of linkagg.wan knows no kind 'teleport': 1 not brought back",
    ]


def test_routes_over_a_silent_bond_give_way_once_and_its_connections_are_forgotten() -> None:
    route = {"destination": "default", "via": "10.200.0.33", "device": "agg0"}
    giving = {**route, "table": 7728, "give_way": True, "flow_mark": 0xA0000040, "flow_mask": 0xE000007F}
    bond = {"name": "agg0", "addresses": ["10.200.0.34/30"], "ports": ["leg0", "leg1"]}
    routing = [("route", giving), ("route", {**route, "table": 7600})]
    world = World(saved(tunnels=TWO_MODEMS["tunnels"], bonds=[bond], routing=routing))
    world.agent.look()
    world.silent["agg0"] = LEGS
    called = "route default via 10.200.0.33 dev agg0 table 7728"
    assert world.agent.look(frozenset({"agg0"})) == [f"remove {called}"]
    assert (world.agent.withdrawn, world.agent.complaints()) == ([called], [])
    assert world.forgotten == [(0xA0000040, 0xE000007F)]
    assert world.agent.look(frozenset({"agg0"})) == []
    assert len(world.forgotten) == 1
    world.silent.clear()
    assert world.agent.look(frozenset({"agg0"})) == [f"create {called}"]
    assert len(world.forgotten) == 1
