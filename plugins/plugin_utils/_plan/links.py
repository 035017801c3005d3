# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The links of sites with their subnets, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .deps import missing
from .found import with_found_addresses
from .model import Inventory, Site
from .problems import PlanError
from .queries import addresses_in
from .reading import read_site, read_sites


def list_link_subnets(data: Any, facts: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """One dictionary for each link, by site_id and link_id.

    ``data`` is one ``linkagg_site`` and ``facts`` those of its host, or ``data`` has ``sites`` and ``facts`` are by
    host. Raises PlanError with every mistake.
    """
    if missing():
        raise PlanError(missing())
    whole = isinstance(data, Mapping) and "sites" in data
    sites, problems = read_sites(data) if whole else read_site(data)
    if problems:
        raise PlanError(problems)
    known = (facts or {}) if whole else dict.fromkeys(sites, facts or {})
    addresses = {host: addresses_in(of_host) for host, of_host in known.items()}
    inventory = with_found_addresses(Inventory(concentrators={}, sites=sites), addresses)
    ordered = sorted(inventory.sites.values(), key=lambda site: site.site_id)
    return [entry for site in ordered for entry in _links(site, site.host if whole else None)]


def _links(site: Site, host: str | None) -> list[dict[str, Any]]:
    return [
        {
            "site": host,
            "site_id": site.site_id,
            "link": link.name,
            "link_id": link.link_id,
            "interface": link.interface,
            "address": str(link.address),
            "next_hop": str(link.next_hop) if link.next_hop else None,
            "subnets": [str(subnet) for subnet in sorted(link.subnets)],
        }
        for link in sorted(site.links, key=lambda link: link.link_id)
    ]
