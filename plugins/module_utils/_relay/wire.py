# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes over a lane: packets, each a datagram.

A packet has a kind, a number that counts on its lane, the stream it belongs to and its place there, in bytes. All but
WELCOME are acknowledged: with the highest number that came, which of the 512 up to it did, and, after that, how far
streams have come (``Seen``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

VERSION = 1
DATA, FIN, RESET, ACK, HELLO, WELCOME = range(6)

HEAD = struct.Struct("!BIIQ")  # kind, number, stream, offset
BITS = 512
_ACK = struct.Struct(f"!BIH{BITS // 8}s")  # kind, highest number, milliseconds since it came, which of those before
_SEEN = struct.Struct("!IQI")
_HELLO = struct.Struct("!BHH16s")  # version, size of datagrams, number of the lane, session
# IPv4 and UDP; carriers' inner addresses are IPv4.
IP_AND_UDP = 28
KEY_BYTES = 16
MOST_SEEN = 64  # in one acknowledgement


class PacketError(Exception):
    """Not a packet of ours."""


class Packet(NamedTuple):
    """A numbered one, or WELCOME."""

    kind: int
    number: int
    stream: int
    offset: int
    payload: bytes


class Ack(NamedTuple):
    """``bits``: bit N is set if the packet N before ``highest`` has come. ``waited_s``: how long that one lay."""

    highest: int
    waited_s: float
    bits: int
    seen: tuple[Seen, ...]


class Seen(NamedTuple):
    """How far a stream has come at its other end, and how many bytes after that it may be sent."""

    stream: int
    offset: int
    window: int


class Hello(NamedTuple):
    """Who opens a lane, and how large datagrams may be on it."""

    version: int
    size: int
    lane: int
    session: bytes


def packet(kind: int, number: int, stream: int = 0, offset: int = 0, payload: bytes = b"") -> bytes:
    """As it is sent."""
    return HEAD.pack(kind, number, stream, offset) + payload


def read_packet(data: bytes) -> Packet:
    """PacketError if it is none."""
    if len(data) < HEAD.size or data[0] > WELCOME or data[0] == ACK:
        raise PacketError
    return Packet(*HEAD.unpack_from(data), data[HEAD.size :])


def ack(highest: int, waited_s: float, bits: int, seen: Iterable[Seen] = ()) -> bytes:
    """As it is sent."""
    waited_ms = min(0xFFFF, max(0, int(waited_s * 1000)))
    head = _ACK.pack(ACK, highest, waited_ms, bits.to_bytes(BITS // 8, "big"))
    return head + b"".join(_SEEN.pack(*one) for one in seen)


def read_ack(data: bytes) -> Ack:
    """PacketError if it is none."""
    if len(data) < _ACK.size or (len(data) - _ACK.size) % _SEEN.size:
        raise PacketError
    _kind, highest, waited_ms, bits = _ACK.unpack_from(data)
    seen = tuple(Seen(*fields) for fields in _SEEN.iter_unpack(data[_ACK.size :]))
    return Ack(highest, waited_ms / 1000, int.from_bytes(bits, "big"), seen)


def hello(one: Hello) -> bytes:
    """The payload of a HELLO."""
    return _HELLO.pack(*one)


def read_hello(payload: bytes) -> Hello:
    """PacketError if it is none."""
    if len(payload) != _HELLO.size:
        raise PacketError
    return Hello(*_HELLO.unpack(payload))


def split(data: bytes, size: int) -> Iterator[bytes]:
    """Datagrams that the kernel has put together (udp(7), UDP_GRO)."""
    for at in range(0, len(data), size):
        yield data[at : at + size]
