# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One link by its notes: what gets through, one way's delay, and ends that restart."""

from __future__ import annotations

from ansible_collections.linkagg.wan.plugins.module_utils._rates.items import from_item
from ansible_collections.linkagg.wan.plugins.module_utils._rates.notes import BYTES, Note, unpacked
from ansible_collections.linkagg.wan.plugins.module_utils._rates.path import Path
from ansible_collections.linkagg.wan.tests.unit.plugins.module_utils._rates.world import MBIT, item
from hypothesis import given
from hypothesis import strategies as st


def note(at_s: float, received: int, seen_us: int = 0, took_us: int = 0) -> Note:
    """Of another end whose clock shows that."""
    return Note(round(at_s * 1e6), round(at_s * 1e6), received, seen_us, took_us, False)


def used(path: Path, begin: float, apart_s: float, mbit: float = 4.5, first: int = 0) -> float:
    """Let it send for two seconds, all of which arrives; the other end's clock is ``apart_s`` from ours."""
    for number in range(11):
        now = begin + number * 0.2
        moved = int(mbit * MBIT / 8 * number * 0.2)
        seen = path.probe(now).sent_us
        path.heard(note(now + apart_s, first + moved, seen, round((apart_s + 0.03) * 1e6)), now + 0.06)
        path.answered(seen, now + 0.06)
        path.look(now + 0.1, moved, 0)
    return now


def test_what_arrives_is_what_gets_through_however_far_apart_the_clocks_are() -> None:
    path = Path(from_item(item("lte1", 1)), 100.0)
    end = used(path, 100.0, -90.0)
    assert path.direction.queue_ms == 0
    path.direction.queue_ms = 200.0
    for number in range(1, 3):
        path.look(end + 0.1 + number * 0.2, 10**6 + number * 200_000, 0)
    assert path.state == "bufferbloat"
    assert 2.6 * MBIT < path.direction.rate < 3.1 * MBIT, "of 4.5, less by a third, since 200 ms wait"


def test_an_other_end_that_has_restarted_is_believed_at_once() -> None:
    path = Path(from_item(item("lte1", 1)), 5000.0)
    used(path, 5000.0, 10_000.0, first=10**9)
    end = used(path, 5010.0, -5000.0)
    assert path.direction.queue_ms == 0, "the clocks are others, not the way"
    path.direction.queue_ms = 200.0
    for number in range(1, 4):
        path.look(end + 0.1 + number * 0.2, 10**6 + number * 100_000, 0)
    assert 3.5 * MBIT < path.direction.estimate.carries < 5 * MBIT


def test_what_the_other_end_saw_before_our_own_restart_is_not_believed() -> None:
    path = Path(from_item(item("lte1", 1)), 20.0)
    path.heard(note(700.0, 0, seen_us=9_000 * 10**6, took_us=-5 * 10**9), 20.1)
    assert path.direction.queue_ms is None
    used(path, 20.2, 680.0)
    assert path.direction.queue_ms == 0


@given(st.builds(Note, *[st.integers(0, 2**63)] * 4, st.integers(-(2**63), 2**63 - 1), st.booleans()))
def test_a_note_travels_whole(one: Note) -> None:
    assert unpacked(one.packed()) == one


@given(st.binary(max_size=2 * BYTES))
def test_whatever_comes_is_no_note_unless_it_is_one(data: bytes) -> None:
    found = unpacked(data)
    assert found is None or found.packed()[:4] == data[:4]
