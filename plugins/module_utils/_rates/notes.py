# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes along with a probe: pure.

A probe is a ping (ICMP echo) over the link's carrier to its other end, whose kernel answers it. The other end's agent
reads it in passing: when it left, what this end has received so far, and how long the last probe from there took to
come here. So each end knows, of what it sends, how much gets through and how long one way takes, and nothing has to
listen anywhere. The clocks of the two differ: of times that took both only changes mean anything.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"lkr1"
_LAYOUT = struct.Struct("!4s?3xQQQQq")
BYTES = _LAYOUT.size


@dataclass(frozen=True)
class Note:
    """Times in microseconds. ``sent_us``, ``counted_us``: when it left, and when ``received`` bytes had come over the
    link, by the sender's clock; ``seen_us``: of the last probe from the other end, its ``sent_us``, 0 for none, and
    ``took_us`` how long that one took by both clocks. ``busy``: the sender has a reason to ask often.
    """

    sent_us: int
    counted_us: int
    received: int
    seen_us: int
    took_us: int
    busy: bool

    def packed(self) -> bytes:
        """As it travels."""
        numbers = (self.sent_us, self.counted_us, self.received, self.seen_us, self.took_us)
        return _LAYOUT.pack(MAGIC, self.busy, *numbers)


def unpacked(data: bytes) -> Note | None:
    """A note; None if it is none of ours."""
    if len(data) != BYTES or data[: len(MAGIC)] != MAGIC:
        return None
    _magic, busy, *numbers = _LAYOUT.unpack(data)
    return Note(*numbers, busy)
