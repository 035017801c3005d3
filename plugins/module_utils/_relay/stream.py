# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stream: a TCP connection of this node's HAProxy, and its place in both directions.

Its end counts as a byte, as in TCP. The other end may send what it was told there is room for: what this one's HAProxy
takes in about two seconds, so that slow readers cost little memory and links that stall do not stop the others.
"""

from __future__ import annotations

import select
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum

from . import wire

# What may be sent at first, and at least and at most once it is known how fast the other end reads.
FIRST_WINDOW, LEAST_WINDOW, MOST_WINDOW = 1 << 20, 1 << 18, 1 << 24
_WINDOW_FOR_S = 2.0
_MEASURE_S = 1.0
# With it a socket that is closed sends a reset, without it whatever is left and then its end (socket(7), SO_LINGER).
_RESET, _END = struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)


class State(Enum):
    """What became of a call."""

    GOES_ON, ENDED, BROKEN = range(3)


def resets(connection: socket.socket) -> None:
    """Its end is a reset, also if this process ends, so that nobody takes a part for the whole."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


class Stream:
    """One end of it."""

    def __init__(self, ident: int, connection: socket.socket, now: float, *, connected: bool) -> None:
        self.ident = ident
        self.connection = connection
        resets(connection)
        self.connected = connected
        self.gone = False
        # what this end sends
        self.sent = self.acked = 0
        self.limit = FIRST_WINDOW
        self.readable = self.is_over = False
        self.asked_at = now
        # what it receives
        self.expected = 0
        self.waiting = 0
        self._early: dict[int, bytes] = {}
        self._out: deque[bytes] = deque()
        self._end: int | None = None
        self._shut = False
        self._window = FIRST_WINDOW
        self._measured_at, self._measured = now, 0
        self.told: wire.Seen | None = None
        self.active_at = now

    def on_event(self, events: int) -> State:
        """What epoll(7) says of its connection, once for each change."""
        if events & select.EPOLLERR and self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            return State.BROKEN
        if events & select.EPOLLOUT:
            self.connected = True
        if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLRDHUP) and self.connected:
            self.readable = True
        return self.write() if events & select.EPOLLOUT else State.GOES_ON

    # -- what this end sends

    @property
    def room(self) -> int:
        """Bytes that the other end takes."""
        return self.limit - self.sent

    def read(self, size: int) -> bytes | None:
        """What HAProxy sent next, empty at its end; None if there is nothing now. OSError if it broke off."""
        try:
            data = self.connection.recv(size)
        except BlockingIOError:
            self.readable = False
            return None
        if not data:
            self.is_over = True
        return data

    def seen(self, one: wire.Seen) -> State:
        """The other end's word."""
        self.acked = max(self.acked, one.offset)
        self.limit = max(self.limit, one.offset + one.window)
        return self.state()

    def state(self) -> State:
        """It has ended when both ends have, and know it of each other."""
        return State.ENDED if self._shut and self.is_over and self.acked > self.sent else State.GOES_ON

    # -- what it receives

    def take(self, offset: int, data: bytes, now: float) -> None:
        """Data of the other end, in any order, some of it more than once."""
        self.active_at = now
        if offset != self.expected:
            if offset > self.expected and offset not in self._early:
                self._early[offset] = data
            else:
                self.told = None  # it does not know
            return
        if not data:  # it asks
            self.told = None
            return
        self._put(data)
        while self._early and self.expected in self._early:
            self._put(self._early.pop(self.expected))

    def _put(self, data: bytes) -> None:
        self.expected += len(data)
        self.waiting += len(data)
        self._out.append(data)

    def take_end(self, offset: int, now: float) -> None:
        """The other end has sent all."""
        self.active_at = now
        self._end = offset
        self.told = None

    def write(self) -> State:
        """Hand on what is in order."""
        if not self.connected:
            return State.GOES_ON
        while self._out:
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out.clear()
            try:
                count = self.connection.send(data)
            except BlockingIOError:
                count = 0
            except OSError:
                return State.BROKEN
            self.waiting -= count
            if count < len(data):
                self._out.append(data[count:])
                return State.GOES_ON
        if self._end == self.expected and not self._shut:
            self._shut = True
            with suppress(OSError):  # it may have gone
                self.connection.shutdown(socket.SHUT_WR)
        return self.state()

    def progress(self, now: float) -> wire.Seen:
        """For the other end."""
        passed = now - self._measured_at
        if passed >= _MEASURE_S:
            written = self.expected - self.waiting
            wanted = int((written - self._measured) / passed * _WINDOW_FOR_S)
            # What stalls for a moment keeps its window, but not what does not read.
            kept = self._window // 2 if self.waiting > self._window // 2 else self._window * 7 // 8
            self._window = min(MOST_WINDOW, max(LEAST_WINDOW, wanted, kept))
            self._measured_at, self._measured = now, written
        end = 1 if self._end == self.expected else 0
        return wire.Seen(self.ident, self.expected + end, max(0, self._window - self.waiting))

    def close(self, forget: Callable[[socket.socket], None], *, broken: bool) -> None:
        """For good; with a reset if it broke off."""
        self.gone = True
        forget(self.connection)
        if not broken:
            with suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _END)
        self.connection.close()
