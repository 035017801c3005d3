# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a layer of the MTU budget is."""

from __future__ import annotations

from dataclasses import dataclass

IP_HEADER = {"ipv4": 20, "ipv6": 40}


@dataclass(frozen=True)
class Layer:
    """A tunnel's overhead without its outer IP header; ``block``: the payload is padded to a multiple of it.
    ``rejoined``: up to this size, if any, what is too large is split and joined again."""

    title: str
    own: int
    block: int = 1
    keyed: int = 0
    rejoined: int = 0
