# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipeline from inventory data to the plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from .checks import check_inventory
from .concentrator import concentrator_node
from .deps import NETADDR_MISSING
from .gateway import gateway_node
from .model import Inventory
from .problems import PlanError, Problem
from .reading import read_inventory
from .wiring import PublicKeys, SiteWiring, wire_inventory


def check(data: Any) -> tuple[Inventory, list[Problem]]:
    """Read and check inventory data; every mistake is a problem, none is raised."""
    if NETADDR_MISSING is not None:
        remedy = f"install it where ansible-playbook runs: pip install netaddr ({NETADDR_MISSING})"
        return Inventory({}, {}), [Problem("controller", "Python package netaddr", "missing", "", remedy)]
    inventory, problems = read_inventory(data)
    return inventory, [*problems, *check_inventory(inventory)]


def make_plan(data: Any, public_keys: PublicKeys | None = None) -> dict[str, Any]:
    """``{nodes: {host: desired state}, sites: {host: explanation}}`` of plain lists, dicts, text and numbers.

    ``data`` is ``{'concentrators': {host: linkagg_concentrator}, 'sites': {host: linkagg_site}}``,
    ``public_keys`` is ``{host: {interface: key}}``; a key not in it is None in the plan.
    Raises PlanError with every mistake.
    """
    inventory, problems = check(data)
    if problems:
        raise PlanError(problems)
    keys = public_keys or {}
    wirings = wire_inventory(inventory)
    by_concentrator: Mapping[str, list[SiteWiring]] = defaultdict(list)
    for wiring in wirings:
        by_concentrator[wiring.concentrator.host].append(wiring)
    nodes = {
        host: concentrator_node(concentrator, by_concentrator[host], keys)
        for host, concentrator in sorted(inventory.concentrators.items())
    }
    nodes.update((wiring.site.host, gateway_node(wiring, keys)) for wiring in wirings)
    return {"nodes": nodes, "sites": {wiring.site.host: _explain(wiring) for wiring in wirings}}


def list_problems(data: Any, preflight: Mapping[str, Sequence[str]] | None = None) -> list[str]:
    """Texts of every mistake in ``data``, then those that ``linkagg.wan.preflight`` found on nodes, by host."""
    _inventory, problems = check(data)
    found_on_nodes = [f"host {host}: {text}" for host, texts in (preflight or {}).items() for text in texts]
    return [str(problem) for problem in problems] + found_on_nodes


def _explain(wiring: SiteWiring) -> dict[str, Any]:
    """What was decided for a site and why, for people."""
    return {
        "site_id": wiring.site.site_id,
        "concentrator": wiring.concentrator.host,
        "mtu": {carrier.link.name: carrier.budget.breakdown() for carrier in wiring.carriers},
        "bonds": [
            {
                "bond_id": bond.bond.bond_id,
                "name": bond.bond.name,
                "mode": bond.bond.mode,
                "mtu": bond.mtu,
                "links": [leg.carrier.link.name for leg in bond.legs],
            }
            for bond in wiring.bonds
        ],
    }
