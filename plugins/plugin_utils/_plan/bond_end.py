# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One end of a bond and of its legs: what differs between gateway and concentrator is only who is near and far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .bonding import ONE_ACTIVE
from .numbers import bond_mac_address
from .schedule import queue_options, weights_item
from .shapes import bond_item, leg_item
from .wiring import BondWiring, LegWiring, SiteWiring

# Options with addresses to watch, and their IP version.
TARGETS = {"arp_ip_target": 4, "ns_ip6_target": 6}


def leg_end(
    name: str, wiring: SiteWiring, bond: BondWiring, leg: LegWiring, *, at_gateway: bool, alias: str
) -> dict[str, Any]:
    """The element of ``tunnels`` for one end of a leg."""
    ends = (leg.carrier.gateway_address, leg.carrier.concentrator_address)
    local, remote = ends if at_gateway else reversed(ends)
    return leg_item(
        name,
        kind=bond.bond.leg,
        tunnel_id=leg.tunnel_id,
        vxlan_port=wiring.concentrator.vxlan_port,
        local=local,
        remote=remote,
        mtu=bond.mtu,
        fragment=bond.bond.fragment == "allow",
        alias=alias,
    )


def bond_end(
    name: str, wiring: SiteWiring, bond: BondWiring, *, legs: Mapping[str, str], at_gateway: bool, alias: str
) -> dict[str, Any]:
    """The element of ``bonds`` for one end of a bond. ``legs``: the name of the leg here by the link's name."""
    own, far = {}, {}
    for subnet in bond.subnets:
        ends = (subnet.gateway, subnet.concentrator)
        own[subnet.version], far[subnet.version] = ends if at_gateway else reversed(ends)
    options = dict(bond.bond.options)
    if "primary" in options:
        options["primary"] = legs[options["primary"]]
    if bond.bond.mode in ONE_ACTIVE:
        options["port_options"] = _preferences(bond, legs)
    options |= queue_options(bond.bond, list(legs.values()), options.get("port_options", ()))
    if options.get("arp_interval") and not set(TARGETS) & set(options):
        options["arp_ip_target"] = ()
    for key in set(TARGETS) & set(options):
        options[key] = _targets(options[key], str(own[TARGETS[key]]), str(far[TARGETS[key]]))
    moves = options.get("fail_over_mac", "none") != "none"  # then it is that of the leg in use
    return bond_item(
        name,
        mode=bond.bond.mode,
        options=options,
        mac_address=None if moves else bond_mac_address(wiring.site.site_id, bond.bond.bond_id, at_gateway=at_gateway),
        mtu=bond.mtu,
        addresses=[subnet.interface_address(own[subnet.version]) for subnet in bond.subnets],
        ports=list(legs.values()),
        alias=alias,
    )


def _preferences(bond: BondWiring, legs: Mapping[str, str]) -> list[dict[str, Any]]:
    """``port_options``: of legs that work the kernel makes the one with the highest ``prio`` active."""
    order = list(reversed(bond.bond.prefer or ()))
    return [{"port": leg, "prio": order.index(link) + 1 if link in order else 0} for link, leg in legs.items()]


def weights_end(name: str, bond: BondWiring, *, at_gateway: bool) -> list[dict[str, Any]]:
    """The element of ``weights`` for one end of a bond, in a list; none if its mode decides."""
    return weights_item(name, bond.bond, [leg.carrier.link for leg in bond.legs], at_gateway=at_gateway)


def _targets(given: tuple[object, ...], own: str, far: str) -> list[str]:
    """What an end is to watch of the addresses given for both: not its own, and the other end if nothing is left."""
    others = [str(address) for address in given if str(address) != own]
    return others or [far]
