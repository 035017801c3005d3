# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds, by the module that reconciles them."""

from __future__ import annotations

from .._engine.tables import Kind
from .bond import BOND
from .cake import CAKE
from .fq_codel import FQ_CODEL
from .gretap import GRETAP, IP6GRETAP
from .htb import HTB, HTB_CLASS
from .mptcp import MPTCP_ENDPOINT, MPTCP_LIMITS
from .netem import NETEM
from .route import ROUTE
from .rule import RULE
from .tbf import TBF
from .uplink import UPLINK
from .vxlan import VXLAN
from .wireguard import WIREGUARD

# The list arguments of each module that reconciles, and the kinds that their items are of. What a module has made is
# saved under its name; a restart brings it back in this order.
MODULES: dict[str, dict[str, tuple[Kind, ...]]] = {
    "tunnels": {"tunnels": (WIREGUARD, GRETAP, IP6GRETAP, VXLAN)},
    "bonds": {"bonds": (BOND,)},
    "link_routes": {"links": (UPLINK,), "routes": (ROUTE,), "rules": (RULE,)},
    "mptcp_endpoints": {"endpoints": (MPTCP_ENDPOINT,), "limits": (MPTCP_LIMITS,)},
    "shapers": {"shapers": (CAKE, TBF, NETEM, FQ_CODEL, HTB, HTB_CLASS)},
}
PARTS = {name: {kind.name: kind for kinds in lists.values() for kind in kinds} for name, lists in MODULES.items()}
TUNNELS, BONDS, ROUTING, MPTCP, SHAPERS = PARTS.values()
LINK_KINDS = {**TUNNELS, **BONDS}

__all__ = [
    "BOND",
    "BONDS",
    "GRETAP",
    "IP6GRETAP",
    "LINK_KINDS",
    "MODULES",
    "MPTCP",
    "MPTCP_ENDPOINT",
    "MPTCP_LIMITS",
    "PARTS",
    "ROUTE",
    "ROUTING",
    "RULE",
    "SHAPERS",
    "TUNNELS",
    "UPLINK",
    "VXLAN",
    "WIREGUARD",
]
