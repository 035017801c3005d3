# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports of a concentrator that we use ourselves.

The data need not have been checked: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .carrier import Port, Use
from .carriers import CARRIERS, DEFAULT
from .checks_link import sites_at
from .defaults import with_defaults
from .deps import missing
from .model import Concentrator, Site
from .numbers import concentrator_carrier_address
from .proxy import is_proxied
from .reading import read_inventory
from .relay import is_relayed


def own_ports(concentrator: Concentrator, sites: Sequence[Site]) -> Iterator[Port]:
    """Where the concentrator itself listens: carriers in use (the default one, if there is none), vxlan legs."""
    uses = [Use(site, link, concentrator, link.carrier_options) for site in sites for link in site.links]
    used = {use.link.carrier for use in uses} or {DEFAULT}
    for name, carrier in CARRIERS.items():
        if name in used:
            yield from carrier.ports(concentrator, [use for use in uses if use.link.carrier == name])
    if concentrator.vxlan_port is not None and any(bond.leg == "vxlan" for site in sites for bond in site.bonds):
        yield Port("udp", concentrator.vxlan_port, "vxlan_port", kernel=True)


def ports_of(data: Any, host: str) -> list[dict[str, Any]]:
    """What linkagg.wan.preflight takes as ``ports`` for a concentrator; nothing for other hosts."""
    concentrators = data.get("concentrators") if isinstance(data, Mapping) else None
    # Every gateway asks, and reading a fleet takes seconds.
    if missing() or not isinstance(concentrators, Mapping) or host not in concentrators:
        return []
    inventory = with_defaults(read_inventory(data)[0])
    concentrator = inventory.concentrators[host]
    sites = sites_at(inventory)[host]
    own = [
        _item(port.protocol, str(port.number), f"key {port.key}", interface=port.interface, kernel=port.kernel)
        for port in own_ports(concentrator, sites)
    ]
    if concentrator.proxy_port and concentrator.carrier_pool and any(is_proxied(site) for site in sites):
        inner = [str(concentrator_carrier_address(concentrator.carrier_pool))]
        own += [
            _item(protocol, str(concentrator.proxy_port), "key proxy_port", addresses=inner)
            for protocol in ("tcp", *(("udp",) if any(is_relayed(site) for site in sites) else ()))
        ]
    addresses = [str(address) for address in concentrator.forward_addresses]
    forwards = [
        _item(protocol, forward.ports, f"a forward of site {site.host}", addresses=addresses)
        for site in sites
        for forward in site.forwards
        if forward.port and forward.protocol
        for protocol in forward.protocols
    ]
    return [*own, *forwards]


def _item(
    protocol: str, port: str, used_for: str, *, addresses: Sequence[str] = (), interface: str = "", kernel: bool = False
) -> dict[str, Any]:
    return {
        "protocol": protocol,
        "port": port,
        "used_for": used_for,
        "addresses": list(addresses),
        "interface": interface,
        "kernel": kernel,
    }
