# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every wish and every node: it comes true once and for all, or everything is as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils import _kinds
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Key, Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import differing
from ansible_collections.linkagg.wan.plugins.module_utils._engine.reconcile import Outcome, reconcile
from ansible_collections.linkagg.wan.plugins.module_utils._engine.render import plain
from ansible_collections.linkagg.wan.plugins.module_utils._engine.tables import Kind
from ansible_collections.linkagg.wan.tests.unit.plugins.module_utils._engine.fake_kernel import FakeKernel
from ansible_collections.linkagg.wan.tests.unit.plugins.module_utils._engine.strategies import (
    LINKS,
    UPLINKS,
    drawn,
    values,
    wishes,
)
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

KINDS: dict[str, Mapping[str, Kind]] = {
    "tunnels": _kinds.TUNNELS,
    "bonds": _kinds.BONDS,
    "links together": _kinds.LINK_KINDS,
    "routing": _kinds.ROUTING,
    "mptcp": _kinds.MPTCP,
    "shapers": _kinds.SHAPERS,
}
groups = pytest.mark.parametrize("kinds", KINDS.values(), ids=KINDS)
bounded = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def fresh(kinds: Mapping[str, Kind]) -> FakeKernel:
    """A node with two uplinks, a link and a route of somebody else's, and legs if no kind of the run makes them."""
    up = {"up": True, "others_addresses": ("192.0.2.2/24",)}
    uplinks = [
        Obj("link", ("uplink", name), {"interface": name, "addresses": (), **up}, owned=False) for name in UPLINKS
    ]
    bridge = Obj("bridge", ("link", "br0"), {"name": "br0", "alias": "theirs"}, owned=False)
    attrs = {"family": "ipv4", "table": 254, "destination": "default", "metric": 0, "via": "192.0.2.1", "source": ""}
    route = Obj("route", ("route", "ipv4", 254, "default", 0), {**attrs, "type": "unicast", "device": "wan1"}, False)
    legs = [Obj("dummy", ("link", name), {"name": name, "alias": ""}, False) for name in LINKS[:3]]
    limits = Obj("mptcp_limits", ("mptcp",), {"subflows": 2, "add_addr_accepted": 0}, owned=False)
    return FakeKernel([*uplinks, bridge, route, limits, *([] if _kinds.VXLAN.name in kinds else legs)], ["lo"])


def having(kinds: Mapping[str, Kind], want: Sequence[Obj]) -> FakeKernel:
    """A node after a first run, if that is possible."""
    kernel = fresh(kinds)
    assume(run(kernel, kinds, want) is not None)
    kernel.log.clear()
    return kernel


def run(kernel: FakeKernel, kinds: Mapping[str, Kind], want: Sequence[Obj], **options: Any) -> Outcome | None:
    """The outcome, None if it is refused."""
    try:
        return reconcile(kernel, kinds, want, **options)
    except EngineError as exc:
        event(exc.problems[0].rpartition(": ")[2][:40])
        return None


def foreign(kernel: FakeKernel) -> dict[Key, Obj]:
    """Somebody else's objects, without the bond that one may be a port of."""
    strangers = {key: obj for key, obj in kernel.objects.items() if not obj.owned and key[0] != "uplink" and key[1:]}
    return {key: replace(obj, context={}) for key, obj in strangers.items()}


def true_of(kernel: FakeKernel, kinds: Mapping[str, Kind], want: Sequence[Obj]) -> bool:
    """Whether the kernel has all that is wanted, told by the attributes themselves and not by the planner's steps."""
    for obj in want:
        kind, now = kinds[obj.kind], kernel.objects.get(obj.key)
        if now is None or (kind.creatable and not now.owned) or now.kind != obj.kind:
            return False
        if differing(kind, kind.resolve(obj.attrs, now.attrs), now.attrs):
            return False
    return True


@groups
@bounded
@given(data=st.data())
def test_a_wish_comes_true_and_then_there_is_nothing_to_do(kinds: Mapping[str, Kind], data: st.DataObject) -> None:
    kernel = having(kinds, data.draw(wishes(kinds)))
    want = data.draw(wishes(kinds))
    options = {"purge": data.draw(st.booleans()), "adopt": data.draw(st.booleans())}
    before, strangers = dict(kernel.objects), foreign(kernel)
    checked = run(kernel, kinds, want, check=True, **options)
    assert kernel.objects == before
    done = run(kernel, kinds, want, **options)
    if done is None:
        assert kernel.objects == before
        return
    assert done == checked
    assert true_of(kernel, kinds, want)
    adopted = {obj.key for obj in want} if options["adopt"] else set()
    assert {key: obj for key, obj in strangers.items() if key not in adopted}.items() <= foreign(kernel).items()
    if options["purge"]:
        wanted = {obj.key for obj in want}
        assert {key for key, obj in kernel.objects.items() if obj.owned and obj.kind in kinds} <= wanted
    again = reconcile(kernel, kinds, want, **options)
    assert (again.steps, again.diff) == ([], {"before": "", "after": ""})
    shown = {str(plain(kernel.objects[obj.key], kinds)) for obj in want}
    assert shown == {str(item) for item in again.after}


@groups
@bounded
@given(data=st.data())
def test_what_can_be_made_from_nothing_can_be_made_from_anything(
    kinds: Mapping[str, Kind], data: st.DataObject
) -> None:
    want = data.draw(wishes(kinds))
    clean = fresh(kinds)
    assume(run(clean, kinds, want, adopt=True) is not None)
    kernel = having(kinds, data.draw(wishes(kinds)))
    reconcile(kernel, kinds, want, purge=True, adopt=True)
    assert true_of(kernel, kinds, want)
    assert kernel.objects.keys() == clean.objects.keys()


@groups
@bounded
@given(data=st.data())
def test_every_step_that_fails_leaves_everything_as_it_was(kinds: Mapping[str, Kind], data: st.DataObject) -> None:
    kernel = having(kinds, data.draw(wishes(kinds)))
    want = data.draw(wishes(kinds))
    before = dict(kernel.objects)
    options = {"purge": data.draw(st.booleans()), "adopt": data.draw(st.booleans())}
    checked = run(kernel, kinds, want, check=True, **options)
    assume(checked is not None and checked.steps)
    for number in range(len(checked.steps)):
        for half_done in (False, True):
            kernel.log.clear()
            kernel.fail_on = {number: "as told"}
            kernel.half_done_on = {number} if half_done else set()
            with pytest.raises(EngineError) as caught:
                reconcile(kernel, kinds, want, **options)
            assert kernel.objects == before, caught.value
            assert "could not be undone" not in str(caught.value)


@groups
@bounded
@given(data=st.data())
def test_a_run_that_is_stopped_leaves_everything_as_it_was(kinds: Mapping[str, Kind], data: st.DataObject) -> None:
    kernel = having(kinds, data.draw(wishes(kinds)))
    want = data.draw(wishes(kinds))
    before = dict(kernel.objects)
    trial = kernel.clone()
    assume(run(trial, kinds, want, adopt=True, purge=True) is not None)
    for number in range(len(trial.log)):
        kernel.log.clear()
        stopped = [""] * number + ["SIGTERM"]
        with pytest.raises(EngineError, match=f"stopped by SIGTERM before step {number + 1} of {len(trial.log)}, "):
            reconcile(kernel, kinds, want, adopt=True, purge=True, stopped=iter(stopped).__next__)
        assert kernel.objects == before


@groups
@bounded
@given(data=st.data())
def test_what_the_kernel_drops_is_named_and_everything_is_as_it_was(
    kinds: Mapping[str, Kind], data: st.DataObject
) -> None:
    kernel = having(kinds, data.draw(wishes(kinds)))
    want = data.draw(wishes(kinds))
    kind = kinds[data.draw(st.sampled_from(sorted(kinds)))]
    deaf = data.draw(st.sampled_from([attr.name for attr in kind.compared()] or ["nothing"]))
    trial = kernel.clone()
    assume(run(trial, kinds, want) is not None)
    before = dict(kernel.objects)
    kernel.deaf_to = {deaf}
    try:
        reconcile(kernel, kinds, want)
    except EngineError as exc:
        assert kernel.objects == before
        assert deaf in str(exc)
    else:
        assert true_of(kernel, kinds, want)


@groups
@bounded
@given(data=st.data())
def test_a_run_that_is_killed_between_any_two_steps_is_finished_by_the_next(
    kinds: Mapping[str, Kind], data: st.DataObject
) -> None:
    kernel = having(kinds, data.draw(wishes(kinds)))
    want = data.draw(wishes(kinds))
    clean = kernel.clone()
    assume(run(clean, kinds, want, purge=True, adopt=True) is not None)
    for number in range(len(clean.log)):
        killed = kernel.clone()
        for step in clean.log[:number]:
            killed.apply(step, kinds)
        reconcile(killed, kinds, want, purge=True, adopt=True)
        assert killed.objects == clean.objects


def test_every_kind_is_tried_and_every_row_is_drawn() -> None:
    tried = {name for kinds in KINDS.values() for name in kinds}
    assert tried == {kind.name for kind in vars(_kinds).values() if isinstance(kind, Kind)}
    for kinds in KINDS.values():
        for kind in kinds.values():
            assert [attr.name for attr in drawn(kind) if values(attr).is_empty] == []
