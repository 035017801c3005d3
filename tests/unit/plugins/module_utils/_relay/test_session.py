# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two ends of a session over made-up lanes, with real sockets for their programs: lanes and ends come and go."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator, Sequence

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._relay import session as sessions
from ansible_collections.linkagg.wan.plugins.module_utils._relay import wire
from ansible_collections.linkagg.wan.plugins.module_utils._relay.lane import Lane
from ansible_collections.linkagg.wan.plugins.module_utils._relay.session import Session
from ansible_collections.linkagg.wan.plugins.module_utils._relay.stream import Stream

SIZE, DELAY_S, STEP_S = 1392, 0.02, 0.005
READ, WRITE = 1, 4  # EPOLLIN, EPOLLOUT


class End:
    """One end: its session, and the programs that its streams lead to, by the stream's number."""

    def __init__(self, world: World, *, opens: bool) -> None:
        self.world = world
        self.opens = opens
        self.programs: dict[int, socket.socket] = {}
        self.session = Session(self, world.said.append, self._greeting if not opens else None)

    def opened(self, ident: int) -> Stream | None:
        """The other end began it."""
        return self.made(ident) if self.opens else None

    def made(self, ident: int) -> Stream:
        """A stream, and its program."""
        near, self.programs[ident] = socket.socketpair()
        near.setblocking(False)
        self.programs[ident].settimeout(0)
        return Stream(ident, near, self.world.now, connected=True)

    def forget(self, stream: Stream, *, broken: bool) -> None:
        """It has ended."""
        stream.close(lambda _connection: None, broken=broken)

    def _greeting(self, lane: Lane) -> bytes:
        return wire.hello(wire.Hello(wire.VERSION, SIZE, lane.number, bytes(wire.KEY_BYTES)))


class World:
    """A gateway's end and a concentrator's, and two lanes; those in ``dead`` swallow everything."""

    def __init__(self) -> None:
        self.now = 100.0
        self.said: list[str] = []
        self.dead: set[int] = set()
        self.on_its_way: deque[tuple[float, bool, int, bytes]] = deque()
        self.near, self.far = End(self, opens=False), End(self, opens=True)
        self.near.session.lanes = [self._lane(number, to_far=True) for number in (0, 1)]
        self.begin_far_end()

    def begin_far_end(self) -> None:
        """As a concentrator that has just started, or has forgotten a gateway."""
        self.far = End(self, opens=True)
        self.far.session.lanes = [self._lane(number, to_far=False) for number in (0, 1)]

    def _lane(self, number: int, *, to_far: bool) -> Lane:
        def send(datagrams: Sequence[bytes]) -> None:
            if number not in self.dead:
                self.on_its_way += [(self.now + DELAY_S, to_far, number, one) for one in datagrams]

        return Lane(number, f"lte{number}", SIZE, send, self.now)

    def run(self, seconds: float) -> None:
        """Let time pass. Each end looks whether its programs have sent something."""
        until = self.now + seconds
        while self.now < until:
            self.now += STEP_S
            while self.on_its_way and self.on_its_way[0][0] <= self.now:
                _at, to_far, number, data = self.on_its_way.popleft()
                self._came(self.far if to_far else self.near, number, data)
            for end in (self.near, self.far):
                for stream in list(end.session.streams.values()):
                    end.session.on_event(stream, READ | WRITE)
                end.session.work(self.now)

    def _came(self, end: End, number: int, data: bytes) -> None:
        lane = end.session.lanes[number]
        lane.heard(self.now)
        lane.answered()
        if data[0] == wire.ACK:
            end.session.take_ack(lane, wire.read_ack(data), self.now)
            return
        packet = wire.read_packet(data)
        if packet.kind == wire.WELCOME:
            end.session.welcomed(packet.payload, self.now)
        elif packet.kind == wire.HELLO:
            lane.came(packet.number, self.now)
            lane.tell(wire.packet(wire.WELCOME, 0, payload=end.session.epoch))
            lane.acknowledge((), self.now)
        else:
            end.session.take(lane, packet, self.now)

    def connect(self) -> socket.socket:
        """A program at the near end, whose stream is begun."""
        ident = self.near.session.begin(self.near.made).ident
        return self.near.programs[ident]


@pytest.fixture
def world() -> Iterator[World]:
    """With both lanes up."""
    found = World()
    found.run(1)
    yield found
    for program in (*found.near.programs.values(), *found.far.programs.values()):
        program.close()


def everything(program: socket.socket) -> bytes:
    """What there is for it now."""
    parts = []
    while True:
        try:
            part = program.recv(1 << 16)
        except (BlockingIOError, ConnectionResetError):
            return b"".join(parts)
        if not part:
            return b"".join(parts)
        parts.append(part)


def is_over(program: socket.socket) -> bool:
    """Whether its connection has ended."""
    try:
        return program.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_there_and_back(world: World) -> None:
    near = world.connect()
    near.send(b"question")
    world.run(0.5)
    far = world.far.programs[1]
    assert everything(far) == b"question"
    far.send(b"answer")
    far.shutdown(socket.SHUT_WR)
    near.shutdown(socket.SHUT_WR)
    world.run(0.5)
    assert everything(near) == b"answer"
    assert not world.near.session.streams
    assert not world.far.session.streams


def test_what_a_dead_lane_took_goes_over_the_other_one(world: World) -> None:
    near = world.connect()
    near.send(b"a")
    world.run(0.5)
    for dead in (0, 1):
        world.dead = {dead}
        near.send(b"b")
        world.run(1.5)
        assert everything(world.far.programs[1])[-1:] == b"b", f"lane {dead}"
        world.dead = set()
        world.run(2)


def test_what_happened_while_no_lane_was_up_is_told_later(world: World) -> None:
    near = world.connect()
    near.send(b"question")
    world.run(0.03)  # it has come, and nothing has been said of it
    world.dead = {0, 1}
    world.run(20)
    world.dead = set()
    world.run(3)
    assert everything(world.far.programs[1]) == b"question"
    world.far.programs[1].send(b"answer")
    world.run(1)
    assert everything(near) == b"answer"
    assert world.near.session.streams[1].acked == len(b"question")


def test_another_session_at_the_other_end_ends_streams_at_both(world: World) -> None:
    near = world.connect()
    near.send(b"question")
    world.run(0.5)
    world.begin_far_end()
    # what is on its way begins a stream there that has no beginning
    near.send(b"more")
    world.run(3)
    assert is_over(near)
    assert not world.near.session.streams
    assert not world.far.session.streams
    assert any("began anew" in line for line in world.said)
    again = world.connect()
    again.send(b"again")
    world.run(0.5)
    assert everything(world.far.programs[2]) == b"again"


def test_streams_end_when_nothing_answers_for_long(world: World) -> None:
    near = world.connect()
    near.send(b"question")
    world.run(0.5)
    world.dead = {0, 1}
    world.run(sessions.GONE_S)
    assert not is_over(near)
    world.run(10)
    assert is_over(near)
    assert world.near.session.streams == {}


def test_a_stream_that_nobody_takes_is_reset(world: World) -> None:
    world.far.opens = False
    near = world.connect()
    near.send(b"question")
    world.run(0.5)
    assert is_over(near)
