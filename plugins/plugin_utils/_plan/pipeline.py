# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipeline from inventory data to the plan."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from .alone import alone_node, explain_alone
from .checks import check_inventory
from .checks_forwards import check_found_addresses
from .concentrator import concentrator_node
from .defaults import with_defaults
from .deps import missing
from .found import Addresses, with_found_addresses
from .gateway import gateway_node
from .model import Inventory, Site
from .predict import explain_predicted
from .problems import PlanError, Problem
from .proxy import explain_proxy, proxy_notes
from .reading import read_inventory
from .schedule import explained
from .wiring import PublicKeys, SiteWiring, wire_inventory


@contextmanager
def _no_collector() -> Iterator[None]:
    """Without Python's cycle collector: a plan is large and has no cycles, and the collector would look through all of
    it again and again while it grows, so that 10,000 sites would take half as long again a site as 1,000."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def check(data: Any, addresses: Addresses | None = None) -> tuple[Inventory, list[Problem]]:
    """Read and check inventory data; every mistake is a problem, none is raised.

    ``addresses`` are those that interfaces were found to have, ``{host: {interface: [address with prefix length]}}``.
    """
    if missing():
        return Inventory({}, {}), missing()
    inventory, problems = read_inventory(data)
    inventory = with_defaults(with_found_addresses(inventory, addresses or {}))
    found = check_found_addresses(inventory, addresses or {})
    return inventory, [*problems, *check_inventory(inventory), *found]


@_no_collector()
def make_plan(
    data: Any, public_keys: PublicKeys | None = None, ra_interfaces: Mapping[str, Collection[str]] | None = None
) -> dict[str, Any]:
    """``{nodes: {host: desired state}, sites: {host: explanation}}`` of plain lists, dicts, text and numbers.

    ``data`` is ``{'concentrators': {host: linkagg_concentrator}, 'sites': {host: linkagg_site}}``,
    ``public_keys`` is ``{host: {interface: key}}``; a key not in it is None in the plan. ``ra_interfaces`` is
    ``{host: interfaces that learn IPv6 from router advertisements}``.
    Raises PlanError with every mistake.
    """
    inventory, problems = check(data)
    if problems:
        raise PlanError(problems)
    keys, learning = public_keys or {}, ra_interfaces or {}
    wirings = wire_inventory(inventory)
    by_concentrator: Mapping[str, list[SiteWiring]] = defaultdict(list)
    for wiring in wirings:
        by_concentrator[wiring.concentrator.host].append(wiring)
    nodes = {
        host: concentrator_node(concentrator, by_concentrator[host], keys, learning.get(host, ()))
        for host, concentrator in sorted(inventory.concentrators.items())
    }
    nodes.update(
        (wiring.site.host, gateway_node(wiring, keys, learning.get(wiring.site.host, ()))) for wiring in wirings
    )
    alone = sorted((site for site in inventory.sites.values() if site.alone), key=lambda site: site.site_id)
    nodes.update((site.host, alone_node(site, learning.get(site.host, ()))) for site in alone)
    explained = {wiring.site.host: _explain(wiring) for wiring in wirings}
    explained |= {site.host: {**explain_alone(site), **_choices(site)} for site in alone}
    return {"nodes": nodes, "sites": explained}


def list_problems(
    data: Any, preflight: Mapping[str, Sequence[str]] | None = None, addresses: Addresses | None = None
) -> list[str]:
    """Texts of every mistake in ``data``, then those that ``linkagg.wan.preflight`` found on nodes, by host.

    ``addresses``: see ``check``.
    """
    _inventory, problems = check(data, addresses)
    found_on_nodes = [f"host {host}: {text}" for host, texts in (preflight or {}).items() for text in texts]
    return [str(problem) for problem in problems] + found_on_nodes


def _explain(wiring: SiteWiring) -> dict[str, Any]:
    """What was decided for a site and why, for people; ``notes`` only where there is something to be known."""
    notes = [
        f"link {carrier.link.name}, carrier {carrier.kind.name}: {note}"
        for carrier in wiring.carriers
        for note in carrier.kind.notes(carrier.link.carrier_options)
    ]
    notes += proxy_notes(wiring)
    return {
        "site_id": wiring.site.site_id,
        "concentrator": wiring.concentrator.host,
        "bonds": [
            {
                "bond_id": bond.bond.bond_id,
                "name": bond.bond.name,
                "mode": bond.bond.mode,
                **explained(bond.bond, [leg.carrier.link for leg in bond.legs]),
                "mtu": bond.mtu,
                "budget": {leg.carrier.link.name: leg.budget.breakdown() for leg in bond.legs},
            }
            for bond in wiring.bonds
        ],
        **explain_proxy(wiring),
        **_choices(wiring.site),
        **explain_predicted(wiring),
        **({"notes": notes} if notes else {}),
    }


def _choices(site: Site) -> dict[str, Any]:
    """``choices``: what was decided where the site says nothing, and why; nothing where it says everything."""
    return {"choices": [asdict(choice) for choice in site.choices]} if site.choices else {}
