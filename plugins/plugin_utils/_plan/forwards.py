# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports of the concentrator that lead to hosts on sites' LANs, which see who really calls.

The destination is changed here, once, so that the gateway needs to know nothing: an answer's source is the LAN's, and
whatever comes from the LAN and belongs to no link leaves by the aggregate. The mark of the connection says whose it is,
so that a site can answer for its own forwards only, and so that it finds a LAN that others have, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .limits import MAX_SITE_ID
from .model import Concentrator, Forward, Site
from .nft import Part, by_last_character, nft_set
from .numbers import site_mark
from .sites_apart import apart_marks, bonds_of
from .wiring import SiteWiring


def forwards(concentrator: Concentrator, wirings: Sequence[SiteWiring]) -> Part:
    """The rules; nothing without a forward."""
    found = [(wiring.site, forward) for wiring in wirings for forward in wiring.site.forwards]
    if not found:
        return Part()
    found.sort(key=lambda pair: (pair[1].protocols, pair[1].first))
    marks = {wiring.site.site_id: site_mark(concentrator.mark_base, wiring.site.site_id) for wiring in wirings}
    apart = apart_marks(concentrator, wirings)
    to_us = _address(concentrator)
    first, last = site_mark(concentrator.mark_base, 0), site_mark(concentrator.mark_base, MAX_SITE_ID)
    return Part(
        sets=(*_sets(found, marks), *_ends(wirings, marks), *_apart_set(found, apart)),
        rules={
            "prerouting": (
                f"ct state new {to_us} ct mark set {_PORT} map @forwarded_ports",
                *_to_shared_lans(found, apart),
                f"iifname @bonds ct direction reply ct mark {first:#010x}-{last:#010x} "
                "iifname . ct mark != @forwarding_bonds drop",
            ),
            "nat_prerouting": tuple(_translations(found, to_us)),
        },
    )


# What nft puts before an interval's element of one byte, if it is `meta l4proto`, newer kernels refuse ("Operation not
# supported": 6.12.117 with nft 1.0.6, both of Debian 12); a field of the header it takes as it is.
_PORT = "ip protocol . th dport"


def _address(concentrator: Concentrator) -> str:
    addresses = sorted(concentrator.forward_addresses)
    if len(addresses) == 1:
        return f"ip daddr {addresses[0]}"
    return f"ip daddr {{ {', '.join(map(str, addresses))} }}"


def _is_plain(forward: Forward) -> bool:
    return forward.last == forward.first and not forward.sources


def _is_range(forward: Forward) -> bool:
    return forward.last > forward.first and not forward.sources


def _sets(found: Sequence[tuple[Site, Forward]], marks: Mapping[int, int]) -> Iterator[str]:
    ports = "inet_proto . inet_service"
    yield nft_set(
        "forwarded_ports",
        f"{ports} : mark",
        [
            f"{protocol} . {forward.ports} : {marks[site.site_id]:#010x}"
            for site, forward in found
            for protocol in forward.protocols
        ],
        what="map",
        flags="interval",
    )
    plain = [
        f"{protocol} . {forward.first} : {forward.to} . {forward.to_port or forward.first}"
        for _site, forward in found
        for protocol in forward.protocols
        if _is_plain(forward)
    ]
    if plain:
        yield nft_set("forwards", f"{ports} : ipv4_addr . inet_service", plain, what="map")
    ranges = [
        f"{protocol} . {forward.ports} : {forward.to}"
        for _site, forward in found
        for protocol in forward.protocols
        if _is_range(forward)
    ]
    if ranges:
        yield nft_set("forwarded_ranges", f"{ports} : ipv4_addr", ranges, what="map", flags="interval")


def _ends(wirings: Sequence[SiteWiring], marks: Mapping[int, int]) -> Iterator[str]:
    """Who may answer for a forward: the bonds of its site."""
    bonds = {
        name: marks[wiring.site.site_id] for wiring in wirings if wiring.site.forwards for name in bonds_of(wiring)
    }
    elements = [f'"{name}" . {bonds[name]:#010x}' for name in sorted(bonds, key=by_last_character)]
    yield nft_set("forwarding_bonds", "ifname . mark", elements)


def _marks_to_shared(found: Sequence[tuple[Site, Forward]], apart: Mapping[int, int]) -> list[int]:
    return sorted({apart[site.site_id] for site, _forward in found if site.site_id in apart})


def _apart_set(found: Sequence[tuple[Site, Forward]], apart: Mapping[int, int]) -> Iterator[str]:
    marks = _marks_to_shared(found, apart)
    if marks:
        yield nft_set("forwards_to_shared", "mark", [f"{mark:#010x}" for mark in marks])


def _to_shared_lans(found: Sequence[tuple[Site, Forward]], apart: Mapping[int, int]) -> Iterator[str]:
    if _marks_to_shared(found, apart):
        yield "ct direction original ct mark @forwards_to_shared meta mark set ct mark"


def _translations(found: Sequence[tuple[Site, Forward]], to_us: str) -> Iterator[str]:
    """By maps, and one rule for each that only some may use."""
    for site, forward in found:
        if forward.sources:
            sources = ", ".join(str(source) for source in sorted(forward.sources))
            target = f"{forward.to}:{forward.to_port}" if forward.to_port else str(forward.to)
            both = len(forward.protocols) > 1
            port = f"{'meta l4proto { tcp, udp } th' if both else forward.protocol} dport {forward.ports}"
            yield f'{to_us} ip saddr {{ {sources} }} {port} dnat ip to {target} comment "site {site.host}"'
    for name, of_this in (("forwards", _is_plain), ("forwarded_ranges", _is_range)):
        if any(of_this(forward) for _site, forward in found):
            yield f"{to_us} meta l4proto {{ tcp, udp }} dnat ip to {_PORT} map @{name}"
