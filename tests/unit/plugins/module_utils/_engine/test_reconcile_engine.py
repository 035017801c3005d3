# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine against a fake kernel: what is wanted becomes true, or everything is as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj, Step
from ansible_collections.linkagg.wan.plugins.module_utils._engine.order import Kinds
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import plan_steps
from ansible_collections.linkagg.wan.plugins.module_utils._engine.reconcile import Outcome, reconcile
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS, LINK_KINDS, ROUTING, TUNNELS
from ansible_collections.linkagg.wan.tests.unit.plugins.module_utils._engine.fake_kernel import FakeKernel, defaults


def other_end(name: str) -> str:
    """An address of its own for each."""
    return f"10.0.1.{sum(name.encode()) % 256}"


def vxlan(name: str, **options: Any) -> dict[str, Any]:
    return {"kind": "vxlan", "name": name, "local": "10.0.0.1", "remote": other_end(name), "vni": 7, **options}


def gretap(name: str, **options: Any) -> dict[str, Any]:
    return {"kind": "gretap", "name": name, "local": "10.0.0.1", "remote": other_end(name), "key": 513, **options}


def tunnels(*items: dict[str, Any]) -> list[Obj]:
    return parse_items("tunnels", list(TUNNELS.values()), items)


def run(kernel: FakeKernel, want: Sequence[Obj], **options: Any) -> Outcome:
    return reconcile(kernel, LINK_KINDS, want, **options)


def foreign(name: str, kind: str = "bridge") -> Obj:
    return Obj(kind, ("link", name), {"name": name, "alias": "somebody else's"}, owned=False)


def test_what_is_wanted_is_made_and_a_second_run_does_nothing() -> None:
    kernel = FakeKernel()
    want = tunnels(gretap("leg0"), vxlan("leg1"))
    assert run(kernel, want).steps == ["create gretap leg0", "create vxlan leg1"]
    second = run(kernel, want)
    assert (second.changed, second.steps, second.diff) == (False, [], {"before": "", "after": ""})
    assert (second.before, [item["name"] for item in second.after]) == ([], ["leg0", "leg1"])


def test_check_mode_says_the_same_as_the_run_and_does_nothing() -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(gretap("old"), gretap("leg0"), vxlan("leg1")))
    want = tunnels(gretap("leg0", key=514), vxlan("leg1", vni=8), gretap("new", key=9))
    kernel.log.clear()
    checked = run(kernel, want, purge=True, check=True)
    assert kernel.log == []
    assert run(kernel, want, purge=True) == checked
    assert checked.steps == [
        "remove gretap old",
        "change gretap leg0: key 513 -> 514",
        "re-create vxlan leg1: vni 7 -> 8 (vni cannot be changed in place; traffic over it stops meanwhile)",
        "create gretap new",
    ]


def test_purge_removes_only_what_is_ours() -> None:
    kernel = FakeKernel([foreign("br0")])
    run(kernel, tunnels(gretap("leg0"), gretap("leg1")))
    assert run(kernel, [], purge=True).steps == ["remove gretap leg0", "remove gretap leg1"]
    assert list(kernel.objects) == [("link", "br0")]


def test_without_purge_nothing_else_is_removed() -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(gretap("leg0")))
    assert not run(kernel, tunnels()).changed
    assert run(kernel, tunnels(gretap("leg0")), state="absent").steps == ["remove gretap leg0"]
    assert not run(kernel, tunnels(gretap("leg0")), state="absent").changed


def test_links_of_somebody_else_with_wanted_names_are_refused_all_together() -> None:
    kernel = FakeKernel([foreign("leg0"), foreign("leg1", "gretap")])
    with pytest.raises(EngineError) as caught:
        run(kernel, tunnels(gretap("leg0"), gretap("leg1"), gretap("leg2")))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["gretap leg0", "gretap leg1"]
    assert "is not ours" in caught.value.problems[0]
    assert kernel.log == []


def test_a_name_that_another_module_of_ours_uses_is_refused() -> None:
    kernel = FakeKernel([Obj("bond", ("link", "agg0"), {"name": "agg0", "alias": "linkagg.wan"})])
    with pytest.raises(EngineError, match="exists as a bond that another module made"):
        reconcile(kernel, TUNNELS, tunnels(gretap("agg0")))


def test_another_kind_of_tunnel_under_the_name_is_made_again() -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(gretap("leg0")))
    assert run(kernel, tunnels(vxlan("leg0"))).steps == [
        "re-create vxlan leg0: kind gretap -> vxlan (it is a gretap now; traffic over it stops meanwhile)"
    ]


def bonds(**options: Any) -> list[Obj]:
    return parse_items("bonds", list(BONDS.values()), [{"name": "agg0", "ports": ["leg0", "leg1"], **options}])


def test_missing_ports_are_named_together_and_nothing_is_touched() -> None:
    kernel = FakeKernel(devices=["leg1"])
    with pytest.raises(EngineError) as caught:
        run(kernel, bonds(ports=["leg0", "leg1", "leg2"]))
    assert caught.value.problems == [
        "interface leg0 does not exist on this node; needed by bond agg0",
        "interface leg2 does not exist on this node; needed by bond agg0",
    ]
    assert kernel.log == []


def test_check_mode_tolerates_ports_that_the_run_would_make() -> None:
    assert run(FakeKernel(), bonds(), check=True).steps == ["create bond agg0"]


def test_check_mode_does_not_tolerate_a_missing_modem() -> None:
    want = parse_items("links", [ROUTING["link"]], [{"interface": "wwan0"}])
    with pytest.raises(EngineError, match="interface wwan0 does not exist"):
        reconcile(FakeKernel(), ROUTING, want, check=True)


def test_what_the_kernel_objects_to_is_said_before_anything_is_touched() -> None:
    kernel = FakeKernel(devices=["leg0", "leg1"])
    kernel.protests = ["port leg0 belongs to br0"]
    with pytest.raises(EngineError, match="belongs to br0"):
        run(kernel, bonds())
    assert kernel.log == []


def test_a_change_of_mode_says_that_traffic_stops() -> None:
    kernel = FakeKernel(devices=["leg0", "leg1"])
    run(kernel, bonds())
    outcome = run(kernel, bonds(mode="balance-xor"))
    assert outcome.steps == [
        "change bond agg0: mode balance-rr -> balance-xor "
        "(its ports are released and taken back; traffic over it stops meanwhile)"
    ]
    assert outcome.diff["after"].startswith("# change bond agg0: mode")


@pytest.mark.parametrize("half_done", [False, True])
@pytest.mark.parametrize("at", range(4))
def test_when_a_step_fails_everything_is_as_it_was(at: int, half_done: bool) -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(gretap("gone"), gretap("leg0"), vxlan("leg1")))
    before = dict(kernel.objects)
    kernel.log.clear()
    kernel.fail_on = {at: "the kernel's own words"}
    kernel.half_done_on = {at} if half_done else set()
    with pytest.raises(EngineError) as caught:
        run(kernel, tunnels(gretap("leg0", key=9), vxlan("leg1", vni=8), gretap("new")), purge=True)
    assert kernel.objects == before
    message = str(caught.value)
    assert message.startswith(f"step {at + 1} of 4, ")
    assert "the kernel's own words" in message
    assert "undone" in message or "Nothing else was changed" in message


def test_what_is_not_confirmed_is_undone_and_not_even_asked_for_in_check_mode() -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(gretap("leg0")))
    before = dict(kernel.objects)

    def refuse() -> None:
        raise EngineError(["the other end refuses"])

    with pytest.raises(EngineError) as caught:
        run(kernel, tunnels(gretap("leg0", key=9), gretap("new")), confirm=refuse)
    assert kernel.objects == before
    assert caught.value.problems == ["the other end refuses", "What this run had done is undone"]
    with pytest.raises(EngineError) as caught:
        run(kernel, tunnels(gretap("leg0")), confirm=refuse)
    assert caught.value.problems == ["the other end refuses"]
    assert run(kernel, tunnels(gretap("new")), confirm=refuse, check=True).changed


def test_two_legs_that_swap_their_numbers_are_told_and_done() -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(vxlan("leg0", vni=1), vxlan("leg1", vni=2), gretap("leg2", key=1, remote="10.0.0.2")))
    want = tunnels(vxlan("leg0", vni=2), vxlan("leg1", vni=3), gretap("leg2", key=1, remote="10.0.0.2"))
    assert [step.split(":")[0] for step in run(kernel, want).steps] == ["re-create vxlan leg1", "re-create vxlan leg0"]
    swapped = tunnels(vxlan("leg0", vni=3), vxlan("leg1", vni=2), gretap("leg2", key=1, remote="10.0.0.2"))
    assert run(kernel, swapped).steps == [
        "remove vxlan leg0 (it stands in the way of another and is made again below; traffic over it stops meanwhile)",
        "re-create vxlan leg1: vni 3 -> 2 (vni cannot be changed in place; traffic over it stops meanwhile)",
        "create vxlan leg0",
    ]
    assert not run(kernel, swapped).changed


def test_ten_thousand_legs_that_hand_their_numbers_on_are_put_in_order_quickly() -> None:
    kernel = FakeKernel()
    have = {obj.key: obj for obj in tunnels(*(vxlan(f"leg{n}", vni=n) for n in range(10_000)))}
    want = tunnels(*(vxlan(f"leg{n}", vni=(n + 1) % 10_000) for n in range(10_000)))
    steps = plan_steps(want, have, LINK_KINDS)
    taken = {obj.attrs["vni"] for obj in have.values()}
    for step in steps:
        if step.before:
            taken.remove(step.before.attrs["vni"])
        if step.after:
            assert step.after.attrs["vni"] not in taken
            taken.add(step.after.attrs["vni"])
    assert [step.op for step in steps].count("delete") == 1
    assert kernel.log == []


def adoptable(**attrs: Any) -> Obj:
    (obj,) = tunnels(vxlan("leg0", **attrs))
    attrs = {**defaults(TUNNELS["vxlan"], obj.attrs), **obj.attrs, "alias": "theirs"}
    return replace(obj, attrs=attrs, owned=False, context={"owner": "alias 'theirs'"})


def test_what_is_not_ours_is_refused_with_an_offer_and_adopted_if_told() -> None:
    kernel = FakeKernel([adoptable()])
    want = tunnels(vxlan("leg0", ttl=9))
    with pytest.raises(EngineError) as caught:
        run(kernel, want)
    assert caught.value.problems == [
        "vxlan leg0: a link of that name exists and is not ours (kind vxlan, alias 'theirs'): say adopt: true to make "
        "it ours, remove it, or choose another"
    ]
    outcome = run(kernel, want, adopt=True)
    assert outcome.steps == ["adopt vxlan leg0: ttl 64 -> 9, alias theirs -> linkagg.wan"]
    assert "  owner: alias 'theirs'\n" in outcome.diff["before"]
    assert outcome.diff["after"].startswith(f"# {outcome.steps[0]}\nvxlan leg0:\n  owner: linkagg.wan\n")
    assert not run(kernel, want).changed


def test_adopting_makes_again_what_cannot_be_changed_and_says_so() -> None:
    kernel = FakeKernel([adoptable()])
    steps = run(kernel, tunnels(vxlan("leg0", vni=8)), adopt=True).steps
    assert steps == [
        "adopt and re-create vxlan leg0: vni 7 -> 8, alias theirs -> linkagg.wan "
        "(vni cannot be changed in place; traffic over it stops meanwhile)"
    ]


def test_a_kind_that_could_not_be_put_back_is_not_adopted() -> None:
    with pytest.raises(EngineError, match=r"kind bridge\): only .*vxlan, bond can be adopted here"):
        run(FakeKernel([foreign("leg0")]), tunnels(vxlan("leg0")), adopt=True)


@pytest.mark.parametrize("vni", [7, 8])
def test_an_adoption_that_fails_gives_it_back_as_it_was(vni: int) -> None:
    kernel = FakeKernel([adoptable()])
    before = dict(kernel.objects)
    kernel.fail_on = {1: "as told"}
    with pytest.raises(EngineError, match="is undone"):
        run(kernel, tunnels(vxlan("leg0", vni=vni), gretap("leg1")), adopt=True)
    assert kernel.objects == before


class BuggyKernel(FakeKernel):
    """An adapter with a mistake in it."""

    def apply(self, step: Step, kinds: Kinds, *, undo: bool = False) -> None:
        super().apply(step, kinds, undo=undo)
        if step.key[1] == "leg1" and not undo:
            raise KeyError("leg1")


def test_a_mistake_of_ours_is_undone_and_told_without_a_traceback() -> None:
    kernel = BuggyKernel()
    with pytest.raises(EngineError, match=r"step 2 of 2, create gretap leg1: KeyError: 'leg1'\. .*is undone"):
        run(kernel, tunnels(gretap("leg0"), gretap("leg1")))
    assert kernel.objects == {}


def test_what_cannot_be_undone_is_said() -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(gretap("gone")))
    kernel.log.clear()
    kernel.fail_on = {1: "no", 3: "not that either", 4: "nor that", 5: "never"}
    with pytest.raises(EngineError, match=r"could not be undone completely: .*never.*gretap gone is missing"):
        run(kernel, tunnels(gretap("leg0")), purge=True)


def test_what_the_kernel_drops_silently_is_an_error_that_names_the_key() -> None:
    kernel = FakeKernel()
    run(kernel, tunnels(gretap("leg0")))
    kernel.deaf_to = {"key"}
    before = dict(kernel.objects)
    with pytest.raises(EngineError) as caught:
        run(kernel, tunnels(gretap("leg0", key=514, ttl=9)))
    assert caught.value.problems == [
        "read back after applying: gretap leg0: key is 513, wanted 514",
        "What this run had done is undone",
    ]
    assert kernel.objects == before


def test_order_comes_from_the_kinds_not_from_the_list() -> None:
    kernel = FakeKernel(devices=["wwan0"])
    kernel.objects[("uplink", "wwan0")] = Obj(
        "link", ("uplink", "wwan0"), {"interface": "wwan0", "up": False, "addresses": ()}, owned=False
    )
    rules = parse_items("rules", [ROUTING["rule"]], [{"priority": 7601, "table": 7601}])
    routes = parse_items("routes", [ROUTING["route"]], [{"destination": "default", "device": "wwan0", "table": 7601}])
    links = parse_items("links", [ROUTING["link"]], [{"interface": "wwan0"}])
    reconcile(kernel, ROUTING, [*rules, *routes, *links])
    assert [step.key[0] for step in kernel.log] == ["uplink", "route", "rule"]
    kernel.log.clear()
    other = parse_items("rules", [ROUTING["rule"]], [{"priority": 7602, "table": 7601}])
    reconcile(kernel, ROUTING, other, purge=True)
    assert [(step.op, step.key[0]) for step in kernel.log] == [
        ("create", "rule"),
        ("delete", "rule"),
        ("delete", "route"),
    ]
