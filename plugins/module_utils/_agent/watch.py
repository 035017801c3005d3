# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of the watching agent: rtnetlink's events, systemd's ear, and the loop."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .._engine.errors import EngineError, KernelError
from .._persist.lock import WAIT_S, Busy
from .._rates.follow import Following
from .agent import Agent
from .attention import BUSY_S, LEASE_S, RETRY_S, AddressEvent, Event, LinkEvent
from .changes import Changes
from .ending import Ending
from .links import Links

FIRST_WAIT_S = 10.0  # longer, and services that want the network online go on without the links that are late

_NEWLINK, _DELLINK, _NEWADDR = 16, 17, 20
_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_IFNAME = 3
_UP = 1
_BUFFER_BYTES = 1 << 20


class Lost(Exception):
    """There were more events than the socket's buffer holds."""


class Events:
    """Links and addresses as they come and go in this network namespace."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        self._socket.bind((0, _GROUPS))
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def read(self) -> Iterator[Event]:
        """Those that have come. Lost if there were too many."""
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as exc:
                if exc.errno == errno.ENOBUFS:
                    raise Lost from exc
                raise
            yield from parse(data)


def parse(data: bytes) -> Iterator[Event]:
    """Events in netlink messages (linux/rtnetlink.h), of which only the few fields are read that decide."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _flags, _sequence, _port = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        body = data[offset + _HEADER.size : offset + length]
        if kind in (_NEWLINK, _DELLINK) and len(body) >= _LINK.size:
            family, _type, index, flags, _change = _LINK.unpack_from(body)
            if family == socket.AF_UNSPEC:  # a bridge tells of its ports in the same words
                yield LinkEvent(index, _name(body), bool(flags & _UP), kind == _DELLINK)
        elif kind == _NEWADDR and len(body) >= _ADDRESS.size:
            yield AddressEvent(_ADDRESS.unpack_from(body)[4])
        offset += (length + 3) & ~3


def _name(body: bytes) -> str:
    offset = _LINK.size
    while offset + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if kind == _IFNAME:
            return body[offset + _ATTRIBUTE.size : offset + length].rstrip(b"\0").decode(errors="replace")
        offset += max((length + 3) & ~3, _ATTRIBUTE.size)
    return ""


def notify(text: str) -> None:
    """Tell systemd (sd_notify(3)), if it asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ear:
        ear.sendto(text.encode(), "\0" + address[1:] if address.startswith("@") else address)


@dataclass(frozen=True)
class Ears:
    """All that can wake the agent but an answer and the clock."""

    events: Events
    changes: Changes
    ending: Ending


class Watch:
    """The agent's life after its first look: ready at once if all is there, at the latest after FIRST_WAIT_S."""

    def __init__(
        self,
        agent: Agent,
        ears: Ears,
        links: Links,
        rates: Following,
        stamp: Callable[[], object],
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._agent = agent
        self._ears = ears
        self._stamp = stamp
        self._clock = clock
        self._say = say
        self._links = links
        self._rates = rates
        self._learn_at = 0.0
        self._started = clock()
        self._ready = False
        self._busy_since: float | None = None
        self._told: set[str] = set()

    def run(self) -> None:
        """Until somebody asks it to end: then what was withdrawn is put back, as nobody would do it any longer."""
        self._look(None, wait_s=WAIT_S)
        while not self._ears.ending.asked:
            self.turn()
        devices = self._links.release()
        if devices:
            self._say(f"asked to end: the routes of {', '.join(sorted(devices))} come back unchecked")
            self._look(devices, wait_s=WAIT_S)
        self._release_rates()
        self._links.end()

    def turn(self) -> None:
        """Wait for whatever comes next, and do it."""
        ears = self._ears
        ready = select.select([ears.events, ears.changes, ears.ending, *self._links.sockets], [], [], self._wait_s())[0]
        if ears.ending.asked:
            return
        if ears.changes in ready:
            ears.changes.take()
        if ears.events in ready or ears.changes in ready:
            self._listen()
        for change in self._links.turn():
            self._say(change.sentence)
            if change.devices:
                self._look(change.devices)
        for words in self._rates.turn():
            self._say(words)
        self._learn()
        devices = self._agent.attention.due(self._clock())
        if devices is not None:
            self._look(devices)
        self._tell_readiness()

    def _release_rates(self) -> None:
        try:
            self._rates.release()
        except EngineError as exc:
            self._say(f"shapers and weights stay as they are: {exc}")
        self._rates.end()

    def _learn(self) -> None:
        """Look for leases, no more often than every LEASE_S, however often links are asked."""
        if self._clock() < self._learn_at:
            return
        self._learn_at = self._clock() + LEASE_S
        try:
            self._agent.leases_come()
        except KernelError as exc:
            self._say(f"next hops could not be looked for: {exc.reason}")

    def _wait_s(self) -> float | None:
        now = self._clock()
        times = [self._agent.attention.wait_s(now), self._links.wait_s(now), self._rates.wait_s(now)]
        if any(open_.lease for open_ in self._agent.all_left()):
            times.append(max(0.0, self._learn_at - now))
        if not self._ready:
            times.append(max(0.0, self._started + FIRST_WAIT_S - now))
        return min((time for time in times if time is not None), default=None)

    def _listen(self) -> None:
        if self._stamp() != self._agent.saved.stamp:
            self._agent.reload()
            for check in self._agent.saved.checks:  # whom to ask may be another one now
                self._agent.attention.touch(check.interface, self._clock())
        try:
            for event in self._ears.events.read():
                self._tell(self._agent.attention.heard(event, self._clock()))
        except Lost:
            for words in self._agent.lost_events():
                self._tell(words)

    def _look(self, devices: frozenset[str] | None, wait_s: float = 0.0) -> None:
        """While a run of a module has the lock, links and legs are looked after all the same, and this comes later."""
        try:
            for sentence in self._agent.look(devices, wait_s=wait_s):
                self._say(sentence)
        except Busy as exc:
            if devices is None:
                raise
            now = self._clock()
            self._agent.attention.postpone(devices, now, BUSY_S)
            self._busy_since = now if self._busy_since is None else self._busy_since
            if now - self._busy_since > WAIT_S:
                self._busy_since = now
                self._say(f"could not look again for {WAIT_S:g} s: {exc}")
            return
        except (EngineError, KernelError) as exc:
            if devices is None:
                raise
            self._say(f"could not look again, will in {RETRY_S:g} s: {exc}")
            self._agent.attention.postpone(devices, self._clock())
            return
        self._busy_since = None
        complaints = self._agent.complaints()
        for words in complaints:
            if words not in self._told:
                self._say(f"not yet: {words}")
        if self._told and not complaints:
            self._say(self._agent.summary())
        self._told = set(complaints)
        notify(f"STATUS={self._agent.summary()}")
        self._tell_readiness()

    def _tell(self, words: str) -> None:
        if words:
            self._say(words)
            notify(f"STATUS={words}")

    def _tell_readiness(self) -> None:
        late = self._clock() >= self._started + FIRST_WAIT_S
        if not self._ready and (late or not self._agent.complaints()):
            self._ready = True
            notify("READY=1")
            self._say(f"ready after {self._clock() - self._started:.1f} s: {self._agent.summary()}")
