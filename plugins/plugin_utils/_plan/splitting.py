# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bonds that are larger than what fits their legs, which split packets and join them again."""

from __future__ import annotations

from collections.abc import Iterable

from .nft import Part
from .wiring import BondWiring

# Headers of IP and TCP, without options, by nft's word for the IP version.
TCP_HEADERS = {"ipv4": 40, "ipv6": 60}


def unsplit_tcp(bonds: Iterable[tuple[str, BondWiring]]) -> Part:
    """Keeps TCP to segments that need no splitting, as that costs more than it brings; bonds by their names here.

    nft only ever makes a maximum segment size smaller (net/netfilter/nft_exthdr.c).
    """
    return Part(
        rules={
            "forward": [
                f'{way} "{name}" meta nfproto {family} tcp flags syn tcp option maxseg size set {bond.fit - headers}'
                for name, bond in bonds
                if bond.mtu > bond.fit
                for way in ("iifname", "oifname")
                for family, headers in TCP_HEADERS.items()
            ]
        }
    )
