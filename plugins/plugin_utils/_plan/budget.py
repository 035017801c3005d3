# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MTU budget: what each layer takes from a link's packet until the bond's payload is left.

Sources: gretap outer IP 20 or 40, GRE 4, key 4 (RFC 2890), inner Ethernet 14; vxlan outer IP 20 or 40, UDP 8, VXLAN 8
(RFC 7348), inner Ethernet 14; PPPoE 8 (RFC 2516). Those of the carriers are in their own files.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from .layers import IP_HEADER, Layer

# Least MTU that a network layer may have (RFC 791: every host takes 576; RFC 8200, 5: 1280).
LEAST_MTU = {"ipv4": 576, "ipv6": 1280}


LEGS = {
    "gretap": Layer("gretap", own=18, keyed=4),
    "vxlan": Layer("vxlan", own=30),
    "none": Layer("no leg", own=0),
}


@dataclass(frozen=True)
class Budget:
    """``layers`` are (name, bytes), overhead negative; they add up to ``mtu``, that of the leg."""

    carrier_mtu: int
    mtu: int
    layers: tuple[tuple[str, int], ...]

    def breakdown(self) -> list[dict[str, object]]:
        """The layers as ``[{layer, bytes}]``."""
        return [{"layer": name, "bytes": size} for name, size in self.layers]


# A fleet has thousands of links and a handful of MTUs.
@lru_cache(maxsize=1024)
def mtu_budget(
    link_mtu: int,
    carrier: Layer,
    *,
    leg: str = "gretap",
    family: str = "ipv4",
    inner_family: str = "ipv4",
    keyed: bool = True,
    pppoe: bool = False,
    far_mtu: int = 1500,
) -> Budget:
    """What is left of ``link_mtu`` bytes for the bond.

    ``family`` is that of the carrier's outer header, ``inner_family`` that of the leg's. ``far_mtu`` is the
    MTU of the concentrator's way out, which bounds every link. WireGuard pads each packet to a multiple of 16
    but never above its interface's MTU (drivers/net/wireguard/send.c, calculate_skb_padding). The concentrator
    has one interface for all links, so on a link that carries less than ``far_mtu`` its padding is not cut off,
    and up to 15 bytes are left free for it; else the largest packets would be fragmented.
    """
    layers = [("link", link_mtu)]
    if pppoe:
        layers.append(("PPPoE", -8))
    if _total(layers) > far_mtu:
        layers.append(("concentrator's way out is smaller", far_mtu - _total(layers)))
    overhead = carrier.own + (IP_HEADER[family] if carrier.own else 0)
    if overhead:
        outer = "IPv6" if family == "ipv6" else "IPv4"
        layers.append((f"{carrier.title} over {outer}", -overhead))
    padding = _total(layers) % carrier.block
    if padding and _total(layers) != far_mtu - overhead:
        layers.append((f"room for {carrier.title}'s padding", -padding))
    if carrier.rejoined:
        layers.append((f"{carrier.title} splits and rejoins", carrier.rejoined - _total(layers)))
    carrier_mtu = _total(layers)
    leg_layer = LEGS[leg]
    if leg_layer.own:
        with_key = " with key" if keyed and leg_layer.keyed else ""
        size = leg_layer.own + IP_HEADER[inner_family] + (leg_layer.keyed if keyed else 0)
        layers.append((f"{leg_layer.title}{with_key}", -size))
    return Budget(carrier_mtu=carrier_mtu, mtu=_total(layers), layers=tuple(layers))


def _total(layers: list[tuple[str, int]]) -> int:
    return sum(size for _name, size in layers)
