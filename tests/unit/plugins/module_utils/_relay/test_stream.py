# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream over a real socket: what comes in any order goes on in order, and what it has room for."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._relay.stream import (
    FIRST_WINDOW,
    LEAST_WINDOW,
    MOST_WINDOW,
    State,
    Stream,
)


@pytest.fixture
def ends() -> Iterator[tuple[Stream, socket.socket]]:
    """A stream, and the program that its connection leads to."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.settimeout(5)
    yield Stream(1, near, 100.0, connected=True), far
    near.close()
    far.close()


def test_any_order_and_twice(ends: tuple[Stream, socket.socket]) -> None:
    stream, program = ends
    for offset, data in ((5, b"world"), (5, b"world"), (0, b"hello"), (0, b"hello"), (10, b"!")):
        stream.take(offset, data, 100.0)
    stream.take_end(11, 100.0)
    assert stream.write() is State.GOES_ON
    assert program.recv(100) == b"helloworld!"
    assert program.recv(1) == b""
    assert stream.progress(100.0).offset == 12, "the end counts as a byte"


def test_what_it_has_is_told_again_to_who_sends_it_again(ends: tuple[Stream, socket.socket]) -> None:
    stream, _program = ends
    stream.take(0, b"hello", 100.0)
    stream.told = stream.progress(100.0)
    stream.take(0, b"hello", 100.0)
    assert stream.told is None
    stream.told = stream.progress(100.0)
    stream.take(5, b"", 100.0)
    assert stream.told is None, "it asked"


def test_it_ends_when_both_ends_did_and_know_it(ends: tuple[Stream, socket.socket]) -> None:
    stream, program = ends
    program.shutdown(socket.SHUT_WR)
    assert stream.read(10) == b""
    stream.take_end(0, 100.0)
    assert stream.write() is State.GOES_ON
    assert stream.seen(stream.progress(100.0)._replace(offset=1)) is State.ENDED


def test_who_reads_fast_gets_more_at_a_time_and_who_does_not_gets_less(ends: tuple[Stream, socket.socket]) -> None:
    stream, program = ends
    now, offset, block = 100.0, 0, bytes(1 << 15)
    assert stream.progress(now).window == FIRST_WINDOW
    for _moment in range(64):
        now += 0.05
        for _block in range(5):
            stream.take(offset, block, now)
            offset += len(block)
            stream.write()
            while stream.waiting:
                program.recv(1 << 20)
                stream.write()
        stream.progress(now)
    fast = stream.progress(now).window
    assert 4_000_000 < fast < 9_000_000, "two seconds of 3.3 MB/s"
    while stream.waiting < fast:
        stream.take(offset, block, now)
        offset += len(block)
        stream.write()
    for _second in range(8):
        now += 1.0
        stream.progress(now)
    assert stream.progress(now).window == 0
    while stream.waiting:
        program.recv(1 << 20)
        stream.write()
    assert stream.progress(now).window == LEAST_WINDOW
    assert fast < MOST_WINDOW


def test_a_program_that_broke_off(ends: tuple[Stream, socket.socket]) -> None:
    stream, program = ends
    program.close()
    stream.take(0, b"hello", 100.0)
    assert stream.write() is State.BROKEN
