# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay of the proxy: what HAProxy takes at one end goes to the other in UDP, over a lane on each carrier.

It is the collection's own program (plugins/module_utils/_relay). While no lane is up, HAProxy goes on to the MPTCP way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .model import Concentrator, Site
from .numbers import concentrator_carrier_address
from .proxy_texts import RELAY_ADDRESS, RELAY_USER_ID
from .shapes import daemon_item

if TYPE_CHECKING:
    from .wiring import CarrierWiring, SiteWiring

NAME = "relay"
# Headers of a lane's packet: UDP's, and the relay's own.
UDP_HEADER = 8
LANE_HEADER = 17
_COMMAND = ["/usr/local/sbin/linkagg", "relay"]


def is_relayed(site: Site) -> bool:
    """Whether TCP of its LAN goes through the relay."""
    return site.proxy is not None and site.proxy.enabled and site.proxy.transport == "relay"


def able_carriers(wiring: SiteWiring) -> list[CarrierWiring]:
    """The carriers that the proxy can go over, as they lead to the concentrator's inner address. Each gets a lane: a
    slow one keeps no other waiting, and the relay takes any number."""
    inner = concentrator_carrier_address(wiring.concentrator.carrier_pool)
    return [carrier for carrier in wiring.carriers if carrier.concentrator_address == inner and carrier.interface]


def gateway_relay(wiring: SiteWiring) -> list[dict[str, Any]]:
    """The daemon of a site's gateway, if there is one."""
    if not is_relayed(wiring.site):
        return []
    listen = f"{RELAY_ADDRESS}:{wiring.concentrator.proxy_port}"
    command = ["gateway", "--user", str(RELAY_USER_ID), "--listen", listen, "--to", _place(wiring.concentrator)]
    for carrier in able_carriers(wiring):
        command += ["--lane", str(carrier.link.name), str(carrier.gateway_address), str(carrier.mtu)]
    return [_daemon("TCP relay, this end", command)]


def concentrator_relay(concentrator: Concentrator) -> dict[str, Any]:
    """The daemon of a concentrator, which depends on no site."""
    place = _place(concentrator)
    command = ["concentrator", "--user", str(RELAY_USER_ID), "--listen", place, "--proxy", place]
    return _daemon("TCP relay of all sites", command)


def _place(concentrator: Concentrator) -> str:
    """Where the concentrator's relay takes lanes by UDP, and its HAProxy connections by TCP."""
    return f"{concentrator_carrier_address(concentrator.carrier_pool)}:{concentrator.proxy_port}"


def _daemon(description: str, command: list[str]) -> dict[str, Any]:
    return daemon_item(
        NAME,
        description=description,
        command=[*_COMMAND, *command],
        files=[],
        interface=None,
        # to have large buffers, and then to be nobody
        capabilities=("CAP_NET_ADMIN", "CAP_SETGID", "CAP_SETUID"),
        program=True,
    )
