# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of the relay: its UDP port is nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_link import sites_at
from .model import Inventory
from .ports import own_ports
from .problems import Problem
from .relay import is_relayed


def check_relay(inventory: Inventory) -> Iterator[Problem]:
    """WireGuard and others take their port at all addresses, the inner one among them."""
    for host, sites in sites_at(inventory).items():
        if not any(is_relayed(site) for site in sites):
            continue
        concentrator = inventory.concentrators[host]
        for port in own_ports(concentrator, sites):
            if port.protocol == "udp" and port.number is not None and port.number == concentrator.proxy_port:
                yield Problem(
                    concentrator.where,
                    "key proxy_port",
                    f"found {port.number}, which is key {port.key} as well",
                    "a UDP port of its own, since the proxy of a site has the relay",
                    "choose another",
                )
