# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a gateway watches its links: what the agent is told, and the way to the address that it asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .deps import IPAddress
from .model import Link, Site
from .numbers import HOST_PREFIX, RULE_MARK, link_mark, link_table
from .reach import next_hop
from .shapes import check_item, route_item, rule_item


def link_item(site: Site, link: Link) -> dict[str, Any]:
    """An element of ``links`` of ``linkagg.wan.link_routes``."""
    addresses = [str(link.static)] if link.static else []
    return {"interface": link.interface, "addresses": addresses, "check": _check(site, link)}


def _check(site: Site, link: Link) -> dict[str, Any] | None:
    """How the link is checked. Beyond the next hop, pings go by the link's own table."""
    check = link.check
    if check is None:
        return None
    return check_item(
        ping=str(check.ping),
        interval_s=check.interval_s,
        lost=check.lost,
        back=check.back,
        fwmark=link_mark(site.mark_base, link.link_id) if _far(link) else 0,
    )


def check_routes(site: Site, link: Link) -> Iterator[dict[str, Any]]:
    """A way to the address to ask, which stays while the link's others are withdrawn."""
    address = _far(link)
    if address is not None:
        host = f"{address}/{HOST_PREFIX[address.version]}"
        table = link_table(site.table_base, link.link_id)
        yield route_item(host, table=table, via=next_hop(link), device=link.device)


def check_rules(site: Site, link: Link) -> Iterator[dict[str, Any]]:
    """The rule that sends these pings to the link's table, where nobody else has one for its mark."""
    address = _far(link)
    if address is not None:
        table, mark = link_table(site.table_base, link.link_id), link_mark(site.mark_base, link.link_id)
        family = f"ipv{address.version}"
        yield rule_item(site.priority_base + RULE_MARK + link.link_id, table, fwmark=mark, family=family)


def _far(link: Link) -> IPAddress | None:
    """The address to ask if it is beyond the link's own subnet."""
    beyond = link.check.beyond if link.check else None
    if beyond is None or (link.static is not None and beyond in link.static.subnet):
        return None
    return beyond
