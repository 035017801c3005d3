# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets of the relay: what is written is read, and nothing else."""

from __future__ import annotations

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._relay import wire


def test_packets() -> None:
    written = wire.packet(wire.DATA, 4_000_000_000, 5, 1 << 40, b"payload")
    assert wire.read_packet(written) == (wire.DATA, 4_000_000_000, 5, 1 << 40, b"payload")


def test_acknowledgements() -> None:
    seen = (wire.Seen(1, 1 << 63, 0), wire.Seen(2, 5, 1 << 24))
    assert wire.read_ack(wire.ack(9, 0.25, 0b101, seen)) == (9, 0.25, 0b101, seen)


def test_what_waited_for_long_is_said_to_have_waited_as_long_as_can_be_said() -> None:
    assert wire.read_ack(wire.ack(9, 1000, 1)).waited_s == 65.535


def test_greetings() -> None:
    one = wire.Hello(wire.VERSION, 1392, 3, bytes(range(16)))
    assert wire.read_hello(wire.hello(one)) == one


@pytest.mark.parametrize(
    "data", [b"", b"\0", bytes(16), bytes([wire.ACK]) + bytes(16), bytes([wire.WELCOME + 1]) + bytes(16), b"\xff" * 99]
)
def test_other_packets(data: bytes) -> None:
    with pytest.raises(wire.PacketError):
        wire.read_packet(data)


@pytest.mark.parametrize("data", [b"", bytes([wire.ACK]) + bytes(20), wire.ack(1, 0, 1) + b"\0"])
def test_other_acknowledgements(data: bytes) -> None:
    with pytest.raises(wire.PacketError):
        wire.read_ack(data)


@pytest.mark.parametrize("data", [b"", bytes(20), bytes(22)])
def test_other_greetings(data: bytes) -> None:
    with pytest.raises(wire.PacketError):
        wire.read_hello(data)


def test_datagrams_that_came_together() -> None:
    assert list(wire.split(b"aabbc", 2)) == [b"aa", b"bb", b"c"]
