# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters by which marked packets find their port: written, read, and told from others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.steering import (
    LAST_MARK,
    NONE,
    UNKNOWN,
    Filter,
    filters,
    parsed,
    preferences,
    queue_mark_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

bounded = settings(max_examples=60, deadline=None, derandomize=True, database=None)

MARKS = st.integers(1, LAST_MARK)


def shown(one: Filter) -> Filter:
    return parsed(one.info, one.handle, one.kind, one.options())


@bounded
@given(MARKS)
def test_what_is_written_is_read_as_that(mark: int) -> None:
    assert [shown(one) for one in filters(mark)] == filters(mark)
    assert queue_mark_of(map(shown, filters(mark))) == mark


@bounded
@given(MARKS, st.data())
def test_anything_else_is_unknown(mark: int, data: st.DataObject) -> None:
    whole = filters(mark)
    one = data.draw(st.sampled_from(whole))
    rest = [other for other in whole if other != one]
    other = data.draw(
        st.sampled_from(
            [
                replace(one, queue=99),
                replace(one, queue=None),
                replace(one, clears=not one.clears),
                replace(one, protocol=8),
                replace(one, handle=one.handle + 100),
                replace(one, preference=7650),
            ]
        )
    )
    assert queue_mark_of(rest) == UNKNOWN
    assert queue_mark_of([*rest, other]) == UNKNOWN
    assert queue_mark_of([*whole, other]) == UNKNOWN


@bounded
@given(MARKS, st.integers(1, 0xFFFF).filter(lambda preference: not 7600 <= preference <= 7699))
def test_filters_of_others_do_not_count(mark: int, preference: int) -> None:
    theirs = Filter(preference, "matchall", 1, None)
    assert queue_mark_of([theirs]) == NONE
    assert queue_mark_of([theirs, *filters(mark)]) == mark
    assert len(preferences([theirs, *filters(mark)])) == 2


@pytest.mark.parametrize("options", [b"", b"\x08\x00\x04\x00\x01\x02\x03\x04", bytes(20), b"\xff" * 40])
def test_options_of_whatever_shape_are_read(options: bytes) -> None:
    for kind in ("fw", "matchall", "u32"):
        assert parsed(7600 << 16, 1, kind, options).queue is None
