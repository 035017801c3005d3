# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects: sockets and the clock. One thread, epoll(7).

A turn takes what came, then does what is due; while there is much to do it rests as long as it worked, so that more
comes together, but no more than ``_REST_S``: where processors are slow (emulated, umts-trace), 20 ms cost a tenth of
what could have been carried. Datagrams of a turn go to the kernel in one call, and come from it so (udp(7),
UDP_SEGMENT, UDP_GRO).
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

from . import wire
from .lane import Lane
from .session import GONE_S, Session
from .stream import Stream

Address = tuple[str, int]

_UDP_SEGMENT, _UDP_GRO, _IP_FREEBIND = 103, 104, 15
_BUFFER_BYTES = 4 << 20
_BUSY_S, _IDLE_S = 0.01, 0.25
_REST_S = (0.001, 0.004)
_EVENTS = 512
_LARGEST = 65507
_LOOK_S = 5.0


class Handler(Protocol):
    """Who looks after a socket."""

    def on_event(self, events: int) -> None:
        """What epoll(7) says, once for each change."""


class LaneTo(NamedTuple):
    """A lane that a gateway opens."""

    name: str
    source: str
    mtu: int


def say(text: str) -> None:
    """A line for the journal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Loop:
    """All sockets of the process."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self.now = time.monotonic()
        self.sessions: list[Session] = []

    def add(self, one: socket.socket, handler: Handler) -> None:
        """Call it for what happens to that socket."""
        one.setblocking(False)
        self._handlers[one.fileno()] = handler
        events = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
        self._poll.register(one, events)

    def forget(self, one: socket.socket) -> None:
        """Before it is closed."""
        if self._handlers.pop(one.fileno(), None):
            self._poll.unregister(one)

    def turn(self) -> None:
        """Wait for something, and do what is due."""
        busy = any(session.is_busy(self.now) for session in self.sessions)
        found = self._poll.poll(_BUSY_S if busy else _IDLE_S, _EVENTS)
        began = self.now = time.monotonic()
        for number, events in found:
            handler = self._handlers.get(number)
            if handler:
                handler.on_event(events)
        for session in list(self.sessions):
            session.work(self.now)
        if busy:
            time.sleep(min(_REST_S[1], max(_REST_S[0], time.monotonic() - began)))


class Connections:
    """Streams of a session as sockets. ``proxy``: where streams that the other end begins go to."""

    def __init__(self, loop: Loop, proxy: Address | None) -> None:
        self._loop = loop
        self._proxy = proxy
        self.session: Session | None = None

    def opened(self, ident: int) -> Stream | None:
        """To HAProxy of this node; the connection may still fail."""
        if self._proxy is None:
            return None
        one = socket.socket()
        one.setblocking(False)
        try:
            one.connect(self._proxy)
        except BlockingIOError:
            pass
        except OSError:
            one.close()
            return None
        return self._looked_after(Stream(ident, one, self._loop.now, connected=False))

    def accepted(self, ident: int, one: socket.socket) -> Stream:
        """From HAProxy of this node."""
        return self._looked_after(Stream(ident, one, self._loop.now, connected=True))

    def forget(self, stream: Stream, *, broken: bool) -> None:
        """It has ended."""
        stream.close(self._loop.forget, broken=broken)

    def _looked_after(self, stream: Stream) -> Stream:
        self._loop.add(stream.connection, _OfStream(self, stream))
        return stream


class _OfStream:
    def __init__(self, connections: Connections, stream: Stream) -> None:
        self._connections = connections
        self._stream = stream

    def on_event(self, events: int) -> None:
        session = self._connections.session
        if session and not self._stream.gone:
            session.on_event(self._stream, events)


class Port:
    """A UDP socket for lanes. ``lane_of`` knows them by the other end's address, None if it is nobody's; it is given
    the greeting if it is one."""

    def __init__(
        self, loop: Loop, bind: Address, lane_of: Callable[[Address, wire.Packet | None], tuple[Session, Lane] | None]
    ) -> None:
        self._loop = loop
        self._lane_of = lane_of
        self._segments = True
        self._socket = one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        for option, forced in ((socket.SO_RCVBUF, _SO_RCVBUFFORCE), (socket.SO_SNDBUF, _SO_SNDBUFFORCE)):
            try:
                one.setsockopt(socket.SOL_SOCKET, forced, _BUFFER_BYTES)
            except PermissionError:
                one.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
        with suppress(OSError):  # Linux 5.0
            one.setsockopt(socket.IPPROTO_UDP, _UDP_GRO, 1)
        one.bind(bind)
        loop.add(one, self)

    def sender(self, to: Address, size: int) -> Callable[[Sequence[bytes]], None]:
        """Sends datagrams there, all but the last of that size. What cannot be sent is lost, as on the way."""
        segment = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", size))]

        def send(datagrams: Sequence[bytes]) -> None:
            if len(datagrams) > 1 and self._segments:
                try:
                    self._socket.sendmsg([b"".join(datagrams)], segment, 0, to)
                except OSError as exc:
                    # an interface that cannot, such as ppp's
                    self._segments = exc.errno not in (errno.EIO, errno.EINVAL, errno.ENOPROTOOPT)
                if self._segments:
                    return
            for datagram in datagrams:
                with suppress(OSError):
                    self._socket.sendto(datagram, to)

        return send

    def on_event(self, events: int) -> None:
        """Everything that came."""
        while True:
            try:
                data, more, _flags, address = self._socket.recvmsg(_LARGEST, 64)
            except BlockingIOError:
                return
            except OSError:  # of something sent before: ICMP
                continue
            size = len(data)
            for level, kind, value in more:
                if level == socket.IPPROTO_UDP and kind == _UDP_GRO:
                    size = int.from_bytes(value[:4], sys.byteorder)
            for datagram in wire.split(data, size) if data else ():
                with suppress(wire.PacketError):
                    self._take(datagram, address)

    def _take(self, data: bytes, address: Address) -> None:
        now = self._loop.now
        packet = None if data[0] == wire.ACK else wire.read_packet(data)
        found = self._lane_of(address, packet if packet and packet.kind == wire.HELLO else None)
        if found is None:
            return
        session, lane = found
        lane.heard(now)
        if packet is None:
            lane.answered()
            session.take_ack(lane, wire.read_ack(data), now)
        elif packet.kind == wire.WELCOME:
            lane.answered()
            session.welcomed(packet.payload, now)
        elif packet.kind == wire.HELLO:
            lane.answered()
        else:
            session.take(lane, packet, now)


# asm-generic/socket.h
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33


class Door:
    """Where a gateway's HAProxy connects to. A unix socket would not do: it cannot hand on a reset.

    It is there while a lane is up only, so that HAProxy is refused at once by the kernel, and goes another way.
    """

    def __init__(self, loop: Loop, listen: Address, session: Session, streams: Connections) -> None:
        self._loop = loop
        self._listen = listen
        self._session = session
        self._streams = streams
        self._socket: socket.socket | None = None
        socket.create_server(listen).close()  # so that it shows at once if it cannot be

    def follow(self) -> None:
        """Open or close it."""
        if self._session.is_up and self._socket is None:
            self._socket = socket.create_server(self._listen, backlog=1024)
            self._loop.add(self._socket, self)
        elif not self._session.is_up and self._socket is not None:
            self._loop.forget(self._socket)
            self._socket.close()
            self._socket = None

    def on_event(self, events: int) -> None:
        """All that wait."""
        while self._socket:
            try:
                one, _address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as exc:  # no more files, for example
                say(f"a connection could not be taken: {exc}")
                return
            one.setblocking(False)
            self._session.begin(lambda ident, one=one: self._streams.accepted(ident, one))


class Gateway:
    """A gateway's end: it opens lanes, and greets the other end on each."""

    def __init__(self, loop: Loop, to: Address, lanes: Sequence[LaneTo], listen: Address) -> None:
        self._key = os.urandom(wire.KEY_BYTES)
        streams = Connections(loop, None)
        self.session = streams.session = Session(streams, say, self._greeting)
        for number, one in enumerate(lanes):
            size = one.mtu - wire.IP_AND_UDP
            found: list[tuple[Session, Lane]] = []
            port = Port(loop, (one.source, 0), lambda address, _hello, found=found: found[0] if address == to else None)
            lane = Lane(number, one.name, size, port.sender(to, size), loop.now)
            found.append((self.session, lane))
            self.session.lanes.append(lane)
        loop.sessions.append(self.session)
        self.door = Door(loop, listen, self.session, streams)

    def look(self) -> None:
        """Let HAProxy in while a lane is up."""
        self.door.follow()

    def _greeting(self, lane: Lane) -> bytes:
        return wire.hello(wire.Hello(wire.VERSION, lane.size, lane.number, self._key))


class Concentrator:
    """A concentrator's end: it answers whoever greets it. Only carriers lead to it, which are authenticated, so that an
    address is a gateway's."""

    def __init__(self, loop: Loop, listen: Address, proxy: Address) -> None:
        self._loop = loop
        self._proxy = proxy
        self._sessions: dict[bytes, Session] = {}
        self._lanes: dict[Address, tuple[Session, Lane]] = {}
        self._refused: set[str] = set()
        self._looked_at = loop.now
        self._port = Port(loop, listen, self._lane_of)

    def _lane_of(self, address: Address, greeting: wire.Packet | None) -> tuple[Session, Lane] | None:
        if greeting is None:
            return self._lanes.get(address)
        one = wire.read_hello(greeting.payload)
        if one.version != wire.VERSION or not wire.HEAD.size < one.size <= _LARGEST:
            if address[0] not in self._refused:
                self._refused.add(address[0])
                say(f"{address[0]} speaks version {one.version}, this end {wire.VERSION}: bring both to one version")
            return None
        found = self._lanes.get(address)
        if found is None or found[1].number != one.lane or self._sessions.get(one.session) is not found[0]:
            found = self._lanes[address] = self._new(address, one)
        session, lane = found
        lane.came(greeting.number, self._loop.now)
        lane.tell(wire.packet(wire.WELCOME, 0, payload=session.epoch))
        lane.acknowledge((), self._loop.now)
        session.tell_again(self._loop.now)
        return found

    def _new(self, address: Address, one: wire.Hello) -> tuple[Session, Lane]:
        """A lane; the address's one of before is no more."""
        self._leave([other for other in self._lanes if other[0] == address[0]])
        session = self._sessions.get(one.session)
        if session is None:
            streams = Connections(self._loop, self._proxy)
            session = streams.session = self._sessions[one.session] = Session(streams, say, None)
            self._loop.sessions.append(session)
        for other in [lane for lane in session.lanes if lane.number == one.lane]:
            session.lost(other)
        send = self._port.sender(address, one.size)
        lane = Lane(one.lane, address[0], one.size, send, self._loop.now)
        session.lanes.append(lane)
        return session, lane

    def _leave(self, addresses: Sequence[Address]) -> None:
        for address in addresses:
            session, lane = self._lanes.pop(address)
            if lane in session.lanes:
                session.lost(lane)

    def look(self) -> None:
        """Forget those who are no more, their streams with them."""
        now = self._loop.now
        if now - self._looked_at < _LOOK_S:
            return
        self._looked_at = now
        self._leave([address for address, (_session, lane) in self._lanes.items() if now - lane.heard_at > GONE_S])
        for key in [key for key, session in self._sessions.items() if not session.lanes]:
            session = self._sessions.pop(key)
            session.end()
            self._loop.sessions.remove(session)
