# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What links have carried: small questions, asked several times a second.

Sources: linux/if_link.h (struct rtnl_link_stats64, RTM_GETSTATS), linux/wireguard.h.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass

from .._engine.errors import KernelError
from .conversation import NETLINK_ROUTE, Conversation
from .messages import attributes, statsmsg
from .wireguard import WireGuard

_GET_STATS, _LINK_64 = 94, 1
_COUNTERS = struct.Struct("=QQQQ")
# WireGuard counts its own header with each packet, but not UDP's and IP's, and not how many there were.
_PEER_SHARE = 1 + 28 / 1400


@dataclass(frozen=True)
class Count:
    """What has come and gone since the interface, or the peer, was made."""

    received_bytes: int
    received_packets: int
    sent_bytes: int
    sent_packets: int


class Meters:
    """The conversations that this takes, opened when first needed."""

    def __init__(self) -> None:
        self._rtnl: Conversation | None = None
        self._wireguard: WireGuard | None = None

    def interfaces(self, names: Collection[str]) -> dict[str, Count]:
        """Of those of these interfaces that exist. KernelError if they cannot be read."""
        found = {}
        wanted = set(names)
        indices = {index: name for index, name in socket.if_nameindex() if name in wanted} if wanted else {}
        if not indices:
            return {}
        for answer in self._talk().dump(_GET_STATS, statsmsg, {"filter_mask": _LINK_64}):
            name = indices.get(answer["index"])
            data = attributes(answer).get("IFLA_STATS_LINK_64", b"")
            if name and len(data) >= _COUNTERS.size:
                received, sent, received_bytes, sent_bytes = _COUNTERS.unpack_from(data)
                found[name] = Count(received_bytes, received, sent_bytes, sent)
        return found

    def peers(self, interface: str) -> dict[str, Count]:
        """Of the peers of a WireGuard interface, by each single address that they are allowed to have; bytes are those
        of full packets on the link. Nothing if there is no such interface.
        """
        try:
            if self._wireguard is None:
                self._wireguard = WireGuard()
            counts = self._wireguard.counts(interface)
        except KernelError:
            return {}
        return {
            address: Count(round(received * _PEER_SHARE), 0, round(sent * _PEER_SHARE), 0)
            for address, (received, sent) in counts.items()
        }

    def close(self) -> None:
        """End them."""
        for talk in (self._rtnl, self._wireguard):
            if talk is not None:
                talk.close()
        self._rtnl = self._wireguard = None

    def _talk(self) -> Conversation:
        if self._rtnl is None:
            self._rtnl = Conversation(NETLINK_ROUTE)
        return self._rtnl
