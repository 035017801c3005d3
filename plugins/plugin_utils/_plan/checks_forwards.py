# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of forwards: each port of a concentrator leads to one place, and none that the concentrator needs itself."""

from __future__ import annotations

from collections.abc import Iterator

from .carrier import Port
from .checks_link import sites_at
from .found import Addresses
from .model import Concentrator, Forward, Inventory, Site
from .ports import own_ports
from .problems import Problem

SSH_PORT = 22


def check_forwards(inventory: Inventory) -> Iterator[Problem]:
    """Every forward by itself, then all of a concentrator together."""
    for host, sites in sites_at(inventory).items():
        concentrator = inventory.concentrators[host]
        found = [(site, forward) for site in sites for forward in site.forwards]
        for site, forward in found:
            yield from _target(site, forward)
            yield from _ssh(forward)
            yield from _address(concentrator, forward)
        own = list(own_ports(concentrator, sites))
        readable = [(site, forward) for site, forward in found if forward.port and forward.protocol]
        for protocol in ("tcp", "udp"):
            yield from _own_ports(concentrator, own, protocol, [forward for _site, forward in readable])
            yield from _twice(protocol, readable)


def check_found_addresses(inventory: Inventory, addresses: Addresses) -> Iterator[Problem]:
    """A server forwards only what is sent to addresses that it has itself; ``addresses`` are those found on it."""
    for host, sites in sites_at(inventory).items():
        concentrator, found = inventory.concentrators[host], addresses.get(host)
        if not found or not any(site.forwards for site in sites):
            continue
        has = {text.partition("/")[0]: interface for interface, texts in found.items() for text in texts}
        shown = ", ".join(f"{address} on {interface}" for address, interface in has.items())
        for address in concentrator.forward_addresses:
            if str(address) not in has:
                yield Problem(
                    concentrator.where,
                    "key forward_addresses" if address != concentrator.address else "key address",
                    f"found {address}, used by forwards, and the server does not have it (it has {shown})",
                    "addresses of its own",
                    "where the provider has the public address by NAT, give the server's own as forward_addresses",
                )


def _target(site: Site, forward: Forward) -> Iterator[Problem]:
    networks = [*site.lan.subnets, *site.public_subnets]
    if forward.to is not None and not any(forward.to in network for network in networks):
        if "lan" in site.unread or site.lan.unread or "public_subnets" in site.unread:
            return
        allowed = ", ".join(str(network) for network in networks if network.version == 4) or "none, as there is no LAN"
        yield Problem(
            forward.where,
            "key to",
            f"found {forward.to}",
            f"an address within the site's subnets ({allowed})",
            "correct it, or add its subnet to the LAN's",
        )
    if forward.to_port is not None and forward.port is not None and forward.last > forward.first:
        yield Problem(
            forward.where,
            "key to_port",
            f"found {forward.to_port} for the ports {forward.first}-{forward.last}",
            "nothing, with several ports",
            "leave it out: each port keeps its number; or write a forward for each port",
        )


def _ssh(forward: Forward) -> Iterator[Problem]:
    if forward.port is None or forward.instead_of_ssh or "tcp" not in forward.protocols:
        return
    if forward.first <= SSH_PORT <= forward.last:
        yield Problem(
            forward.where,
            "key port",
            f"found {forward.ports}, by which one usually gets at the concentrator itself (ssh)",
            "another port, e.g. 2222 with to_port 22",
            "choose one; or say instead_of_ssh: true if the concentrator's own ssh is elsewhere",
        )


def _address(concentrator: Concentrator, forward: Forward) -> Iterator[Problem]:
    unread = {"address", "forward_addresses"} & set(concentrator.unread)
    if not concentrator.forward_addresses and not unread:
        yield Problem(
            forward.where,
            "key port",
            f"found a forward, while {concentrator.where} has no IPv4 address to forward from",
            "forwards at concentrators with one",
            "give the concentrator's IPv4 address as forward_addresses",
        )


def _own_ports(
    concentrator: Concentrator, own: list[Port], protocol: str, forwards: list[Forward]
) -> Iterator[Problem]:
    for forward in forwards:
        for taken in own:
            meant = taken.protocol == protocol and protocol in forward.protocols
            if meant and forward.first <= taken.number <= forward.last:
                yield Problem(
                    forward.where,
                    "key port",
                    f"found {protocol} {forward.ports}; {taken.number} is key {taken.key} of {concentrator.where}",
                    "ports that the concentrator does not need itself",
                    f"choose another, or change {taken.key}",
                )


def _twice(protocol: str, found: list[tuple[Site, Forward]]) -> Iterator[Problem]:
    """Of two that overlap the later one is told, in the order of their first ports."""
    ordered = sorted((pair for pair in found if protocol in pair[1].protocols), key=lambda pair: pair[1].port)
    before: tuple[Site, Forward] | None = None
    for site, forward in ordered:
        if before is not None and forward.first <= before[1].last:
            yield Problem(
                forward.where,
                "key port",
                f"found {protocol} {forward.ports}, and {before[1].ports} is a forward of site {before[0].host} to "
                f"{before[1].to}",
                "a port of the concentrator for each forward",
                "choose another port here, with to_port if the host's is to stay the same",
            )
        if before is None or forward.last > before[1].last:
            before = (site, forward)
