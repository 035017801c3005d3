# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One conversation with the kernel over one netlink socket: batches of requests, and dumps."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._engine.errors import KernelError
from .blame import blamed
from .decoder import Answer, decode
from .messages import attributes, build, errormsg

NETLINK_ROUTE, NETLINK_GENERIC = 0, 16
REQUEST, MULTI, ACK, DUMP_INTERRUPTED, DUMP = 0x1, 0x2, 0x4, 0x10, 0x300
REPLACE, EXCLUSIVE, CREATE = 0x100, 0x200, 0x400
_ERROR, _DONE = 2, 3
_SOL_NETLINK, _EXT_ACK, _CAP_ACK, _STRICT = 270, 11, 10, 12
_TIMEOUT_S = 30
_TOGETHER = 128  # requests handed over at once: their answers must fit the socket's buffer
_BUFFER_BYTES = 1 << 17  # the kernel fills at most 32 KiB at a time
_DUMP_ATTEMPTS = 5
_HEADER = struct.Struct("=IHHII")
_ERROR_CODE = struct.Struct("=i")


class Conversation:
    """A netlink socket of one protocol. Not thread-safe; KernelError for what the kernel refuses."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        for option in (_EXT_ACK, _CAP_ACK, _STRICT):
            try:
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
            except OSError:  # a kernel older than the option: less words, unfiltered dumps; we filter again
                continue
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.settimeout(_TIMEOUT_S)
        self._socket.bind((0, 0))
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._sequence = 0

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def send(self, requests: Sequence[tuple[int, int, Any]]) -> None:
        """Requests as (type, flags, message), handed over together: the kernel does all, in this order, even if this
        process is killed. The first refusal is raised, after all are answered.
        """
        for start in range(0, len(requests), _TOGETHER):
            first = self._sequence + 1
            data = bytearray()
            for kind, flags, message in requests[start : start + _TOGETHER]:
                data += self._encode(kind, flags | REQUEST | ACK, message)
            try:
                self._hand_over(data, first)
            except Refusal as exc:
                message = requests[start + exc.sequence - first][2]
                exc.nlas = blamed(type(message), bytes(message.data), exc.offset)
                raise

    def replay(self, kind: int, flags: int, raw: bytes) -> None:
        """Send a message that the kernel once sent, with another type and flags."""
        self._sequence += 1
        header = _HEADER.pack(len(raw), kind, flags | REQUEST | ACK, self._sequence, 0)
        self._hand_over(header + raw[_HEADER.size :], self._sequence)

    def _hand_over(self, data: bytes | bytearray, first: int) -> None:
        self._socket.send(data)
        pending = set(range(first, self._sequence + 1))
        refusals: dict[int, Refusal] = {}
        while pending:
            for kind, _flags, sequence, raw in self._receive():
                if kind != _ERROR or sequence not in pending:
                    continue
                pending.discard(sequence)
                refusal = _refusal(raw)
                if refusal:
                    refusal.sequence = sequence
                    refusals[sequence] = refusal
        if refusals:
            raise refusals[min(refusals)]

    def dump(
        self,
        kind: int,
        cls: type,
        fields: Mapping[str, Any] | None = None,
        attrs: Mapping[str, Any] | None = None,
        flags: int = DUMP,
    ) -> list[Answer]:
        """All answers, decoded as ``cls``; begun again if the kernel's list changed while it was read."""
        for _attempt in range(_DUMP_ATTEMPTS):
            try:
                return list(self._answers(kind, build(cls, fields or {}, attrs or {}), flags))
            except _InterruptedDump:
                continue
        raise KernelError(errno.EAGAIN, "the kernel's tables kept changing while they were read")

    def _answers(self, kind: int, message: Any, flags: int) -> Iterator[Answer]:
        cls = type(message)
        self._socket.send(self._encode(kind, flags | REQUEST, message))
        interrupted = False
        while True:
            for answer, answer_flags, sequence, raw in self._receive():
                if sequence != self._sequence:
                    continue
                interrupted |= bool(answer_flags & DUMP_INTERRUPTED)
                refusal = _refusal(raw) if answer == _ERROR else None
                if refusal:
                    raise refusal
                if answer in (_DONE, _ERROR):
                    if interrupted:
                        raise _InterruptedDump
                    return
                yield decode(cls, raw)

    def _encode(self, kind: int, flags: int, message: Any) -> bytearray:
        self._sequence += 1
        message["header"] = {"type": kind, "flags": flags, "sequence_number": self._sequence, "pid": 0}
        message.encode()
        return message.data

    def _receive(self) -> Iterator[tuple[int, int, int, bytes]]:
        try:
            data = bytes(self._buffer[: self._socket.recv_into(self._buffer)])
        except TimeoutError as exc:
            raise KernelError(errno.ETIMEDOUT, f"the kernel did not answer within {_TIMEOUT_S} s") from exc
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, flags, sequence, _port = _HEADER.unpack_from(data, offset)
            if length < _HEADER.size:
                return
            yield kind, flags, sequence, data[offset : offset + length]
            offset += (length + 3) & ~3


class Refusal(KernelError):
    """An answer of the kernel: which request it refuses, where in it the kernel points at (bytes from its beginning),
    and the names of the netlink attributes that it was about.
    """

    sequence = 0
    offset: int | None = None
    nlas: Sequence[str] = ()


class _InterruptedDump(Exception):
    """The dump is not consistent."""


def _refusal(raw: bytes) -> Refusal | None:
    code = -_ERROR_CODE.unpack_from(raw, _HEADER.size)[0]
    if code == 0:
        return None
    details = attributes(decode(errormsg, raw))
    words = details.get("NLMSGERR_ATTR_MSG", "")
    reason = f"{os.strerror(code)} ({errno.errorcode.get(code, code)})"
    refusal = Refusal(code, f"{words} [{reason}]" if words else reason)
    refusal.offset = details.get("NLMSGERR_ATTR_OFFS")
    return refusal
