# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of probes: ICMP echo with a note, from one address to another, and those of others that come here.

One raw socket for each IP version and all links (RFC 792, RFC 4443). A filter in the kernel (bpf(4)) lets up nothing
but packets with a note, so that other people's pings cost nothing here. Times of arrival are the kernel's.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from .._agent.prober import checksum
from .notes import BYTES, MAGIC, Note, unpacked

_IP_PKTINFO, _IPV6_RECVPKTINFO, _IPV6_PKTINFO = 8, 49, 50
_SO_ATTACH_FILTER, _SO_TIMESTAMPNS = 26, 35
_ECHO, _REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}
_HEADER = struct.Struct("!BBHHH")
_PKTINFO, _PKTINFO6, _TIMESPEC = struct.Struct("=I4s4s"), struct.Struct("=16sI"), struct.Struct("@ll")
_ICMP = {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}
_RECEIVE_BYTES = 1 << 20  # of thousands of links, should we be busy with something else
_TRAFFIC_CLASS = 0xC0  # CS6: where a queue has classes, a probe is in the first one
_LOAD_HEADER, _LOAD_WORD, _LOAD_FIXED, _IF_EQUAL, _RETURN = 0xB1, 0x40, 0x20, 0x15, 0x06


@dataclass(frozen=True)
class Came:
    """A note that has come: from whom, to whom, when, and whether it is one of ours that the other end gave back."""

    source: str
    target: str
    note: Note
    at: float
    back: bool


class Echo:
    """Sends and hears notes. ``at`` is of time.monotonic()."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}
        self._identifier = os.getpid() & 0xFFFF
        self._sequence = 0

    def listen(self, address: str) -> None:
        """Hear notes of that IP version. OSError if the kernel does not let us."""
        version = ip_address(address).version
        if version not in self._sockets:
            self._sockets[version] = _opened(version)

    def send(self, source: str, target: str, note: Note) -> str:
        """Send one by the routes for its addresses; nothing, or why the kernel would not."""
        version = ip_address(target).version
        self._sequence = (self._sequence + 1) & 0xFFFF
        packet = _HEADER.pack(_ECHO[version], 0, 0, self._identifier, self._sequence) + note.packed()
        own = ip_address(source).packed
        if version == 4:  # of ICMPv6 the kernel makes the sum
            packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
            information = (socket.IPPROTO_IP, _IP_PKTINFO, _PKTINFO.pack(0, own, bytes(4)))
        else:
            information = (socket.IPPROTO_IPV6, _IPV6_PKTINFO, _PKTINFO6.pack(own, 0))
        try:
            self.listen(target)
            self._sockets[version].sendmsg([packet], [information], 0, (target, 0))
        except OSError as exc:
            return exc.strerror or str(exc)
        return ""

    def come(self) -> Iterator[Came]:
        """Those that have come."""
        for version, open_ in self._sockets.items():
            while True:
                try:
                    packet, ancillary, _flags, sender = open_.recvmsg(2048, 512)
                except BlockingIOError:
                    break
                except OSError:  # an error that ICMP told of one of our probes: as good as no answer
                    continue
                came = _came(version, packet, ancillary, sender[0])
                if came:
                    yield came

    def close(self) -> None:
        """No more of it."""
        for open_ in self._sockets.values():
            open_.close()
        self._sockets = {}


def _opened(version: int) -> socket.socket:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _ICMP[version])
    program, keep = _filter(version)
    made.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    del keep
    made.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    if version == 4:
        made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _TRAFFIC_CLASS)
    else:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _TRAFFIC_CLASS)
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    made.setblocking(False)
    return made


def _filter(version: int) -> tuple[bytes, ctypes.Array[ctypes.c_char]]:
    """struct sock_fprog, and what it points at: keep what has our word behind the ICMP header, drop all else."""
    word = int.from_bytes(MAGIC, "big")
    load = [(_LOAD_HEADER, 0, 0, 0), (_LOAD_WORD, 0, 0, 8)] if version == 4 else [(_LOAD_FIXED, 0, 0, 8)]
    lines = [*load, (_IF_EQUAL, 0, 1, word), (_RETURN, 0, 0, 0xFFFF), (_RETURN, 0, 0, 0)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    return struct.pack("@HP", len(lines), ctypes.addressof(code)), code


def _came(version: int, packet: bytes, ancillary: list[tuple[int, int, bytes]], sender: str) -> Came | None:
    target = ""
    late_s = 0.0
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(data[: _TIMESPEC.size])
            late_s = min(max(time.time() - seconds - nanoseconds / 1e9, 0.0), 60.0)
        elif (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO):
            target = str(ip_address(_PKTINFO6.unpack(data[: _PKTINFO6.size])[0]))
    if version == 4:
        target = socket.inet_ntoa(packet[16:20])
        packet = packet[(packet[0] & 0xF) * 4 :]
    if len(packet) != _HEADER.size + BYTES:
        return None
    note = unpacked(packet[_HEADER.size :])
    if note is None or packet[0] not in (_ECHO[version], _REPLY[version]):
        return None
    return Came(sender.partition("%")[0], target, note, time.monotonic() - late_s, packet[0] == _REPLY[version])
