# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A row of a kind table that no test sets, reads back and changes on a real kernel fails here, on any kernel."""

from __future__ import annotations

from itertools import pairwise

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import PARTS
from ansible_collections.linkagg.wan.tests.netns.samples import Sample
from ansible_collections.linkagg.wan.tests.netns.samples_bond import SAMPLES as BOND_SAMPLES
from ansible_collections.linkagg.wan.tests.netns.samples_mptcp import SAMPLES as MPTCP_SAMPLES
from ansible_collections.linkagg.wan.tests.netns.samples_routing import SAMPLES as ROUTING_SAMPLES
from ansible_collections.linkagg.wan.tests.netns.samples_shapers import SAMPLES as SHAPER_SAMPLES
from ansible_collections.linkagg.wan.tests.netns.samples_tunnels import SAMPLES as TUNNEL_SAMPLES

KINDS = {name: kind for kinds in PARTS.values() for name, kind in kinds.items()}
SAMPLES = {"bond": BOND_SAMPLES, **TUNNEL_SAMPLES, **ROUTING_SAMPLES, **MPTCP_SAMPLES, **SHAPER_SAMPLES}
TABLES = {name: (KINDS[name], rows) for name, rows in SAMPLES.items()}


@pytest.mark.parametrize("name", TABLES)
def test_each_row_has_samples_and_each_sample_a_row(name: str) -> None:
    kind, samples = TABLES[name]
    # What is only noted is nothing of the kernel's: test_checks.py has the check of a link.
    assert set(samples) == {row.name for row in kind.attrs if not (row.internal or row.noted)}


@pytest.mark.parametrize(
    ("name", "row", "sample"),
    [(name, row, sample) for name, (_kind, samples) in TABLES.items() for row, sample in samples.items()],
)
def test_a_sample_changes_the_row(name: str, row: str, sample: Sample) -> None:
    assert len(sample.values) >= 2, f"{name}, {row}: two values at least, or nothing is changed"
    assert all(first != second for first, second in pairwise(sample.values))
    assert not sample.words or len(sample.words) == len(sample.values)


def test_each_kind_has_samples() -> None:
    assert set(TABLES) == set(KINDS)


@pytest.mark.parametrize(
    ("name", "row"),
    [(name, row.name) for name, (kind, has) in TABLES.items() for row in kind.attrs if row.options and row.name in has],
)
def test_each_option_inside_a_row_is_changed_too(name: str, row: str) -> None:
    kind, samples = TABLES[name]
    items = [item for value in samples[row].values for item in value]
    for option in kind.attr(row).options:
        values = {str(item.get(option.name)) for item in items}
        assert len(values) >= 2, f"{name}, {row}: {option.name} has only {values}"
