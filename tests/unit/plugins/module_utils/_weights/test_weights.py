# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Buckets by weight: as many as their share, in turns, and no more moved than must be; what of it is saved and kept."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._weights import table
from ansible_collections.linkagg.wan.plugins.module_utils._weights.buckets import BUCKETS, counts, moved, spread
from ansible_collections.linkagg.wan.plugins.module_utils._weights.model import (
    Weights,
    from_item,
    wanted,
    with_changes,
)
from hypothesis import given, settings
from hypothesis import strategies as st

bounded = settings(max_examples=60, deadline=None, derandomize=True, database=None)

NAMES = tuple(f"l{number}" for number in range(1, 16))
NUMBERS = st.floats(0, 1e6, allow_nan=False) | st.sampled_from([0, 1, 2, 3.5, 60])
WEIGHTS = st.dictionaries(st.sampled_from(NAMES), NUMBERS, min_size=1).filter(lambda some: sum(some.values()) > 0)


@bounded
@given(WEIGHTS)
def test_each_has_its_share_within_one_bucket(weights: dict[str, float]) -> None:
    found = counts(weights)
    assert sum(found.values()) == BUCKETS
    whole = sum(weights.values())
    for link, weight in weights.items():
        assert abs(found[link] - weight * BUCKETS / whole) < 1 + 1e-6
        assert weight or not found[link]


@bounded
@given(WEIGHTS)
def test_they_take_turns(weights: dict[str, float]) -> None:
    """In any row of buckets, also over the end, each link has its share of them, within two."""
    found = counts(weights)
    order = spread(found)
    assert Counter(order) == Counter({link: count for link, count in found.items() if count})
    for length in (8, 20, 64):
        for start in range(0, BUCKETS, 7):
            row = [order[(start + place) % BUCKETS] for place in range(length)]
            for link, count in found.items():
                assert abs(row.count(link) - count * length / BUCKETS) < len(found) / 2 + 2


@bounded
@given(WEIGHTS, WEIGHTS)
def test_only_what_must_moves(before: dict[str, float], after: dict[str, float]) -> None:
    old = spread(counts(before))
    target = counts(after)
    new = moved(old, target)
    assert Counter(new) == Counter({link: count for link, count in target.items() if count})
    must = sum(max(0, count - target.get(link, 0)) for link, count in Counter(old).items())
    assert sum(was != now for was, now in zip(old, new, strict=True)) == must
    assert moved(new, target) == new


def test_no_weight_is_no_share() -> None:
    with pytest.raises(ValueError, match="no weight is above 0"):
        counts({"l1": 0, "l2": 0})


def item(schedule: str = "flow", **weights: float) -> dict[str, Any]:
    legs = [{"link": link, "queue": queue, "weight": weight} for queue, (link, weight) in enumerate(weights.items(), 1)]
    return {"bond": "agg0", "schedule": schedule, "legs": legs}


def one(*saved: Weights, schedule: str = "flow", **weights: float) -> Weights:
    return wanted([item(schedule, **weights)], saved)[0]


@bounded
@given(st.data(), st.sampled_from(["packet", "flow"]))
def test_what_is_saved_is_what_it_was(data: st.DataObject, schedule: str) -> None:
    weights = one(schedule=schedule, **data.draw(WEIGHTS))
    changes = [f"{link}=7" for link in data.draw(st.sets(st.sampled_from(list(weights.planned))))]
    weights = with_changes(weights, changes)
    assert from_item(json.loads(json.dumps(weights.item()))) == weights


def test_weights_given_on_the_node_are_kept_until_the_planned_ones_change() -> None:
    planned = one(lte=2, dsl=1)
    changed = with_changes(planned, ["lte=0"])
    assert changed.now == {"lte": 0, "dsl": 1}
    assert one(changed, lte=2, dsl=1) == changed
    assert one(changed, lte=2, dsl=1, sat=1).now == {"lte": 2, "dsl": 1, "sat": 1}
    assert one(changed, lte=3, dsl=1).now == {"lte": 3, "dsl": 1}
    assert with_changes(changed, ["planned"]).now == {"lte": 2, "dsl": 1}
    assert with_changes(changed, ["lte=2"]).changed == {}


def test_connections_stay_where_they_are_also_when_links_come_and_queues_change() -> None:
    before = one(lte=1, dsl=1)
    after = one(before, sat=2, lte=1, dsl=1)
    stayed = [now == was for was, now in zip(before.buckets, after.buckets, strict=True)]
    assert sum(stayed) == BUCKETS // 2
    packets = one(before, schedule="packet", lte=1, dsl=1, sat=2)
    assert list(packets.buckets) == spread(counts({"lte": 1, "dsl": 1, "sat": 2}))


def test_a_transition_names_the_buckets_that_move_and_no_others() -> None:
    before = one(lte=1, dsl=1)
    after = with_changes(before, ["lte=0"])
    delete, add = table.transition(before, after).splitlines()
    assert delete.startswith("delete element inet linkagg_weights legs-agg0 { 0xe000000")
    assert delete.count("0xe00000") == add.count(" : 0x76000002") == BUCKETS // 2
    assert "0x76000001" not in add
    assert table.transition(after, after) == ""


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bond": "agg/0"}, "bonds[0] (agg/0): bond: 'agg/0' is no interface name: 1 to 15 of letters, digits"),
        ({"legs": []}, "bonds[0] (agg0): no leg has a weight above 0: give one to one of them"),
        (
            {"legs": [{"link": "a", "queue": 0, "weight": -1}, {"link": "a", "queue": 2, "weight": 1}]},
            "bonds[0] (agg0): link a is given to several legs\n"
            "bonds[0] (agg0): leg a: queue: found 0; allowed: 1 to 15\n"
            "bonds[0] (agg0): leg a: weight: found -1; allowed: 0 or more",
        ),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(EngineError) as caught:
        wanted([{**item(lte=1), **wrong}], [])
    assert str(caught.value).startswith(message)
