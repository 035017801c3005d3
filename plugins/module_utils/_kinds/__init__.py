# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds, by the module that reconciles them."""

from __future__ import annotations

from .bond import BOND
from .cake import CAKE
from .fq_codel import FQ_CODEL
from .gretap import GRETAP, IP6GRETAP
from .mptcp import MPTCP_ENDPOINT, MPTCP_LIMITS
from .netem import NETEM
from .route import ROUTE
from .rule import RULE
from .tbf import TBF
from .uplink import UPLINK
from .vxlan import VXLAN
from .wireguard import WIREGUARD

TUNNELS = {kind.name: kind for kind in (WIREGUARD, GRETAP, IP6GRETAP, VXLAN)}
BONDS = {BOND.name: BOND}
ROUTING = {kind.name: kind for kind in (UPLINK, ROUTE, RULE)}
ROUTING_LISTS = {"links": (UPLINK,), "routes": (ROUTE,), "rules": (RULE,)}
MPTCP = {kind.name: kind for kind in (MPTCP_ENDPOINT, MPTCP_LIMITS)}
SHAPERS = {kind.name: kind for kind in (CAKE, TBF, NETEM, FQ_CODEL)}
MPTCP_LISTS = {"endpoints": (MPTCP_ENDPOINT,), "limits": (MPTCP_LIMITS,)}
LISTS = {
    "tunnels": tuple(TUNNELS.values()),
    "bonds": (BOND,),
    **ROUTING_LISTS,
    "mptcp_endpoints": (MPTCP_ENDPOINT,),
    "mptcp_limits": (MPTCP_LIMITS,),
    "shapers": tuple(SHAPERS.values()),
}
LINK_KINDS = {**TUNNELS, **BONDS}
# By the name of the module that reconciles them, which is also that of the file where they are saved. In the order
# in which a restart brings them back.
PARTS = {"tunnels": TUNNELS, "bonds": BONDS, "link_routes": ROUTING, "mptcp_endpoints": MPTCP, "shapers": SHAPERS}

__all__ = [
    "BOND",
    "BONDS",
    "GRETAP",
    "IP6GRETAP",
    "LINK_KINDS",
    "LISTS",
    "MPTCP",
    "MPTCP_ENDPOINT",
    "MPTCP_LIMITS",
    "MPTCP_LISTS",
    "PARTS",
    "ROUTE",
    "ROUTING",
    "ROUTING_LISTS",
    "RULE",
    "SHAPERS",
    "TUNNELS",
    "UPLINK",
    "VXLAN",
    "WIREGUARD",
]
