# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame that tells the other end of a leg that it works: an Ethernet header and six bytes, which nobody reads.

Its EtherType is one of those for local experiments (IEEE 802, RFC 9542), its destination one that no bridge forwards
(IEEE 802.1Q, nearest bridge), its source the leg's own address.
"""

from __future__ import annotations

import socket

ETHER_TYPE = 0x88B5
_NEAREST_BRIDGE = bytes.fromhex("0180c200000e")
_CONTENT = b"waits\0"  # with 42 bytes of gretap and Ethernet a multiple of 16, which WireGuard fills up to
_NOTHING = 0  # of a protocol to receive


class Frames:
    """Sends them; a socket for all legs, made when the first one is sent."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def send(self, leg: str) -> str:
        """Send one out of that leg; nothing, or why the kernel would not: legs go and come back."""
        if self._socket is None:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, _NOTHING)
            self._socket.setblocking(False)
        try:
            self._socket.sendto(_CONTENT, (leg, ETHER_TYPE, 0, 0, _NEAREST_BRIDGE))
        except OSError as exc:
            return exc.strerror or str(exc)
        return ""

    def close(self) -> None:
        """No more frames."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
