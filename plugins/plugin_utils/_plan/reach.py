# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a gateway's carriers reach the concentrator, each over its own link.

With ``routing: marks`` a carrier marks its packets and a rule sends them to its link's table, so that one public
address is enough. With ``routing: host_routes``, as the article has it, each link goes to a public address of its own,
and a host route in the main table says over which link that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .deps import IPAddress
from .model import Concentrator, Link, Site
from .nft import Part
from .numbers import BLACKHOLE_METRIC, HOST_PREFIX, MAIN_TABLE, link_mark
from .shapes import route_item

if TYPE_CHECKING:
    from .wiring import SiteWiring

NO_MARK = 0


def next_hop(link: Link) -> str | None:
    """What a route over the link has as ``via``."""
    return link.via


def public_address(link: Link, concentrator: Concentrator) -> IPAddress:
    """The concentrator's public address that a link's carrier speaks to, and is answered from."""
    return link.concentrator_address or concentrator.address


def endpoint(link: Link, concentrator: Concentrator, port: int) -> str:
    """The same with a port, an IPv6 address in brackets."""
    address = public_address(link, concentrator)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def carrier_mark(site: Site, link: Link) -> int:
    """The mark that the carrier of a link puts on its packets; 0 is none."""
    return link_mark(site.mark_base, link.link_id) if site.routing == "marks" else NO_MARK


def from_its_address(link: Link, concentrator: Concentrator, port: int) -> tuple[Part, ...]:
    """For a carrier over UDP that answers wherever it was spoken to from last, such as WireGuard: only the link's own
    address of the concentrator speaks to it.

    A single packet of another one, sent before the address of a link was changed, would lead it back there, past its
    host route and into the bond, for good.
    """
    own = public_address(link, concentrator)
    others = sorted({address for address in concentrator.all_addresses if address.version == own.version} - {own})
    if not others:
        return ()
    words = ", ".join(map(str, others))
    words = f"{{ {words} }}" if len(others) > 1 else words
    source = f"{'ip6' if own.version == 6 else 'ip'} saddr {words}"
    return (Part(rules={"input": (f'iifname "{link.device}" {source} udp sport {port} drop',)}),)


def host_routes(wiring: SiteWiring) -> Iterator[dict[str, Any]]:
    """A host route for each link's own address of the concentrator, and a blackhole behind it.

    Without the blackhole, a carrier whose link is gone would send its packets into the bond that it carries.
    """
    if wiring.site.routing != "host_routes":
        return
    for link in (carrier.link for carrier in wiring.carriers):
        address = public_address(link, wiring.concentrator)
        host = f"{address}/{HOST_PREFIX[address.version]}"
        yield route_item(host, table=MAIN_TABLE, via=next_hop(link), device=link.device)
        yield route_item(host, table=MAIN_TABLE, metric=BLACKHOLE_METRIC, kind="blackhole")
