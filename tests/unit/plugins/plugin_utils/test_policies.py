# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buckets and marks of policies: shares are exact, changes move little, and no two numbers meet."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.buckets import BUCKETS, assign, quotas
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.limits import LAST_TABLE, MAX_BOND_ID, MAX_LINK_ID
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.numbers import (
    RULE_LINK,
    RULE_MAIN,
    RULE_POLICY,
    RULE_POLICY_DROP,
    RULE_POLICY_MAIN,
    drop_table,
    link_table,
    policy_table,
)
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.policy_keys import MOST_CHOICES
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.policy_marks import (
    bond_choice,
    drop_match,
    place_match,
    policy_mark,
)
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.policy_nft import spread_buckets

WEIGHTS = {1: 6.0, 2: 6.0, 3: 6.0, 4: 5.0, 5: 3.5, 6: 2.0}


def test_buckets_are_shared_by_weight() -> None:
    count = Counter(assign(WEIGHTS).values())
    for link, weight in WEIGHTS.items():
        assert abs(count[link] - weight / sum(WEIGHTS.values()) * BUCKETS) < 1
    assert sum(count.values()) == BUCKETS


def test_every_weight_above_0_gets_a_bucket_and_0_gets_none() -> None:
    assert quotas({1: 1000.0, 2: 0.001, 3: 0.0}, BUCKETS) == {1: BUCKETS - 1, 2: 1}
    assert set(assign({1: 1.0, 2: 0.0}).values()) == {1}
    many = dict.fromkeys(range(1, MAX_LINK_ID + 1), 1.0)
    assert set(assign(many).values()) == set(many)


@pytest.mark.parametrize(
    ("change", "least"),
    [({6: 0.0}, 2.0 / 28.5), ({4: 4.0}, 1 / 27.5 * 4.0 / 5), ({7: 3.0}, 3.0 / 31.5)],
    ids=["ejected", "slower", "added"],
)
def test_a_change_of_weights_moves_hardly_more_buckets_than_it_must(change: dict[int, float], least: float) -> None:
    before, after = assign(WEIGHTS), assign({**WEIGHTS, **change})
    moved = sum(before[bucket] != after[bucket] for bucket in range(BUCKETS))
    assert moved <= least * BUCKETS * 1.5 + 4


def test_the_other_links_share_the_buckets_of_each() -> None:
    chosen = spread_buckets(WEIGHTS)
    assert all(len(set(choices)) == MOST_CHOICES for choices in chosen.values())
    for link in WEIGHTS:
        seconds = {choices[1] for choices in chosen.values() if choices[0] == link}
        assert len(seconds) >= min(4, sum(choices[0] == link for choices in chosen.values()))


def test_a_mark_matches_its_own_choices_and_no_others() -> None:
    choices = (MAX_LINK_ID, bond_choice(MAX_BOND_ID), 1)
    for drop in (False, True):
        mark = policy_mark(choices, drop=drop)
        for place, own in enumerate((0, *choices)):
            for choice in range(1, 128):
                value, mask = place_match(place, choice)
                assert (mark & mask == value) == (choice == own)
        value, mask = drop_match()
        assert (mark & mask == value) == drop


def test_numbers_of_policies_meet_no_others() -> None:
    links = {link_table(7600, link_id) for link_id in range(MAX_LINK_ID + 1)}
    ways = [policy_table(7600, choice) for choice in range(1, MAX_LINK_ID + 1)]
    ways += [policy_table(7600, bond_choice(bond_id)) for bond_id in range(MAX_BOND_ID + 1)]
    ways.append(drop_table(7600))
    assert len({*links, *ways}) == len(links) + len(ways)
    assert max(ways) == 7600 + LAST_TABLE
    assert RULE_LINK + MAX_LINK_ID < RULE_POLICY_MAIN < RULE_POLICY
    assert RULE_POLICY + MOST_CHOICES < RULE_POLICY_DROP < RULE_MAIN
