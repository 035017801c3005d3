# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of checks: ICMP echo out of a given interface, and the answers that come in there (RFC 792, RFC 4443).

One raw socket for each IP version and all links: the interface and the mark go along with each packet (ip(7), ipv6(7)).
The filters let nothing but echo replies come up to us. Each interface has an identifier of its own: modems of the same
subnet are the same address to ask, from the same own one, and NAT, which knows a ping by these three, would take two
links for one and drop the pings of the second (nf_nat_oif_changed in net/netfilter/nf_nat_proto.c).
"""

from __future__ import annotations

import os
import secrets
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address

_SOL_RAW, _ICMP_FILTER, _ICMPV6_FILTER = 255, 1, 1
_IP_PKTINFO, _IPV6_RECVPKTINFO, _IPV6_PKTINFO = 8, 49, 50
_SO_MARK = 36
_ECHO, _REPLY, _ECHO6, _REPLY6 = 8, 0, 128, 129
_HEADER = struct.Struct("!BBHHH")
_PKTINFO, _PKTINFO6 = struct.Struct("=I4s4s"), struct.Struct("=16sI")
_NONCE_BYTES = 8
ANY_INTERFACE = 0
_NO_SOURCE = {4: "0.0.0.0", 6: "::"}
_RECEIVE_BYTES = 1 << 18  # of hundreds of links, should we be busy with something else


class Prober:
    """Sends pings and knows its own answers again by a random word in them."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}
        self._identifier = os.getpid() & 0xFFFF
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._interfaces: dict[int, int] = {}  # sequence number -> the interface that it left by

    @property
    def sockets(self) -> list[socket.socket]:
        """For select."""
        return list(self._sockets.values())

    def send(self, interface: str, target: str, sequence: int, fwmark: int = 0, source: str = "") -> str:
        """Send one out of that interface, or, from a ``source``, wherever the routes for it lead; nothing, or why the
        kernel would not.
        """
        version = ip_address(target).version
        own = ip_address(source or _NO_SOURCE[version]).packed
        try:
            index = ANY_INTERFACE if source else socket.if_nametoindex(interface)
            self._interfaces[sequence] = index
            kind = _ECHO if version == 4 else _ECHO6
            packet = _HEADER.pack(kind, 0, 0, self._identifier_of(index), sequence) + self._nonce
            if version == 4:  # of ICMPv6 the kernel makes the sum
                packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
                info = (
                    socket.IPPROTO_IP,
                    _IP_PKTINFO,
                    _PKTINFO.pack(index, own, bytes(4)),
                )
            else:
                info = (socket.IPPROTO_IPV6, _IPV6_PKTINFO, _PKTINFO6.pack(own, index))
            marks = [(socket.SOL_SOCKET, _SO_MARK, struct.pack("=I", fwmark))] if fwmark else []
            scope = index if version == 6 and ip_address(target).is_link_local else 0
            where = (target, 0) if version == 4 else (target, 0, 0, scope)
            self._socket(version).sendmsg([packet], [info, *marks], 0, where)
        except OSError as exc:
            return exc.strerror or str(exc)
        return ""

    def answers(self) -> Iterator[int]:
        """Sequence numbers of the answers that have come, each by the interface that its question left by."""
        for version, open_ in self._sockets.items():
            while True:
                try:
                    packet, ancillary, _flags, _sender = open_.recvmsg(2048, 256)
                except BlockingIOError:
                    break
                except OSError:  # an error that ICMP told of one of our pings: as good as no answer
                    continue
                if version == 4:
                    packet = packet[(packet[0] & 0xF) * 4 :]
                sequence = self._ours(packet, _REPLY if version == 4 else _REPLY6)
                if sequence is not None and self._interfaces[sequence] in {ANY_INTERFACE, *_arrived(ancillary)}:
                    yield sequence

    def close(self) -> None:
        """No more pings."""
        for open_ in self._sockets.values():
            open_.close()
        self._sockets = {}

    def _ours(self, packet: bytes, reply: int) -> int | None:
        if len(packet) != _HEADER.size + _NONCE_BYTES or packet[_HEADER.size :] != self._nonce:
            return None
        kind, _code, _sum, identifier, sequence = _HEADER.unpack_from(packet)
        index = self._interfaces.get(sequence)
        return sequence if index is not None and (kind, identifier) == (reply, self._identifier_of(index)) else None

    def _identifier_of(self, index: int) -> int:
        return (self._identifier + index) & 0xFFFF

    def _socket(self, version: int) -> socket.socket:
        if version not in self._sockets:
            if version == 4:
                made = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMP)
                made.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", 0xFFFFFFFF & ~(1 << _REPLY)))
                made.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
            else:
                made = socket.socket(socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_ICMPV6)
                blocked = [0xFFFFFFFF] * 8
                blocked[_REPLY6 >> 5] &= ~(1 << (_REPLY6 & 31))
                made.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, struct.pack("=8I", *blocked))
                made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVPKTINFO, 1)
            made.setblocking(False)
            with suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
            self._sockets[version] = made
        return self._sockets[version]


def _arrived(ancillary: list[tuple[int, int, bytes]]) -> set[int]:
    """The interface that a packet came in by."""
    found = set()
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            found.add(_PKTINFO.unpack(data[: _PKTINFO.size])[0])
        elif (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO):
            found.add(_PKTINFO6.unpack(data[: _PKTINFO6.size])[1])
    return found


def checksum(packet: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
