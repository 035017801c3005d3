# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may send to a vxlan leg. The kernel takes a leg's packets from anybody, over any interface, who knows its number
(drivers/net/vxlan/vxlan_core.c looks a device up by its VNI; ``remote`` is only where it sends to)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .nft import Part, nft_set
from .wiring import BondWiring, LegWiring

# Where a VXLAN header has its number: behind 8 bytes of UDP and 4 of its own (RFC 7348).
_NUMBER = "@th,96,24"
_IP = {4: "ip", 6: "ip6"}


def vxlan_guard(bonds: Iterable[BondWiring], port: int, *, at_gateway: bool) -> Part:
    """Each leg's packets from its other end, out of its carrier; vxlan interfaces of others are not touched."""
    legs = [leg for bond in bonds if bond.bond.leg == "vxlan" for leg in bond.legs if not leg.carrier.is_leg]
    if not legs:
        return Part()
    inside, straight = [], {4: [], 6: []}
    for leg in legs:
        interface, far = _other_end(leg, at_gateway)
        if interface:
            inside.append(f'"{interface}" . {far} . {leg.tunnel_id:#x}')
        else:
            straight[far.version].append(f"{far} . {leg.tunnel_id:#x}")
    return Part(
        sets=tuple(_sets(inside, straight, [leg.tunnel_id for leg in legs])),
        rules={"input": tuple(_rules(inside, straight, port))},
    )


def _other_end(leg: LegWiring, at_gateway: bool) -> tuple[str | None, object]:
    carrier = leg.carrier
    if at_gateway:
        return carrier.interface, carrier.concentrator_address
    return carrier.concentrator_interface, carrier.gateway_address


def _sets(inside: Sequence[str], straight: dict[int, list[str]], numbers: Sequence[int]) -> Iterator[str]:
    if inside:
        yield nft_set("vxlan_legs", f"iifname . ip saddr . {_NUMBER}", inside, typeof=True)
    for version, legs in straight.items():
        if legs:
            yield nft_set(f"vxlan_direct_ipv{version}", f"{_IP[version]} saddr . {_NUMBER}", legs, typeof=True)
    yield nft_set("vxlan_numbers", _NUMBER, (f"{number:#x}" for number in sorted(numbers)), typeof=True)


def _rules(inside: Sequence[str], straight: dict[int, list[str]], port: int) -> Iterator[str]:
    if inside:
        yield f"udp dport {port} iifname . ip saddr . {_NUMBER} @vxlan_legs accept"
    for version, legs in straight.items():
        if legs:
            yield f"udp dport {port} {_IP[version]} saddr . {_NUMBER} @vxlan_direct_ipv{version} accept"
    yield f"udp dport {port} {_NUMBER} @vxlan_numbers drop"
