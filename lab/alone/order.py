# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order links are measured alone (pure): the fastest first, so that those that cannot be faster than what was
measured already need not be."""

from __future__ import annotations

from typing import Any

from lab.alone.verdict import SPREAD
from lab.profile import Link, Profile

# Payload of a full packet of TCP straight over a link, over all its bytes.
STRAIGHT = 1448 / 1514
TESTS = ("tcp_1_down", "tcp_1_up")


def attempts(profile: Profile) -> list[dict[str, Any]]:
    """What may be measured, in this order: ``{link, device, test, beats}`` each, the last in Mbit/s: not needed where a
    link measured before had that much or more, since this one's rate bounds what it can have (to what a link differs by
    from run to run). Nothing of links that play a trace back: a minute later they are other links."""
    found = []
    for side, test in enumerate(TESTS):
        links = [link for link in profile.links_of(1) if link.playback is None]
        for link in sorted(links, key=lambda link: -link.mean_mbit()[side]):
            beats = round(link.mean_mbit()[side] * STRAIGHT * SPREAD, 3)
            found.append({"link": link.name, "device": _device(link), "test": test, "beats": beats})
    return found


def _device(link: Link) -> str:
    """The interface that IP packets leave by."""
    return f"ppp-{link.name}" if link.pppoe else f"wwan{link.index}"
