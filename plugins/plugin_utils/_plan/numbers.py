# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every number of the plan, each a plain function of the ids: no site or link can renumber another.

Widths: site_id 14 bits, bond_id 3 bits, link_id 6 bits.
"""

from __future__ import annotations

from .deps import IPAddress, IPNetwork
from .tables import MAX_BOND_ID, MAX_LINK_ID, MAX_SITE_ID

# A link's table, mark and route metric are these plus its link_id (below 64, so the ranges stay apart).
TABLE_BASE = 7600
MAIN_TABLE = 254
MARK_BASE = 0x7600

# Rule priorities: before everything of the distribution (main is 32766), in the order of the decision.
PRIORITY_MARK = 7600
PRIORITY_CARRIER = 7700
PRIORITY_LINK = 7800
PRIORITY_MAIN = 7900
PRIORITY_AGGREGATE = 7901

# The last resort within a link's table: what belongs to a link never leaves by another.
BLACKHOLE_METRIC = 65535

BOND_PREFIX = 30


def tunnel_id(site_id: int, bond_id: int, link_id: int) -> int:
    """GRE key or VNI of a leg: ``site_id << 9 | bond_id << 6 | link_id`` (23 bits; a VNI has 24, a key 32).

    Raises ValueError when an id does not fit its field.
    """
    limits = (
        ("site_id", site_id, MAX_SITE_ID),
        ("bond_id", bond_id, MAX_BOND_ID),
        ("link_id", link_id, MAX_LINK_ID),
    )
    for name, value, highest in limits:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
            raise ValueError(f"{name}: found {value!r}; allowed: a whole number from 0 to {highest}")
    return site_id << 9 | bond_id << 6 | link_id


def link_table(link_id: int) -> int:
    """Routing table of a link; also the metric of its fail-open route in the main table."""
    return TABLE_BASE + link_id


def link_mark(link_id: int) -> int:
    """Firewall mark of a link's carrier."""
    return MARK_BASE + link_id


def carrier_offset(site_id: int, link_id: int) -> int:
    """Place of a gateway's carrier address within the carrier pool."""
    return site_id << 6 | link_id


def carrier_address(pool: IPNetwork, site_id: int, link_id: int) -> IPAddress:
    """The gateway's end of a carrier."""
    return IPAddress(pool.first + carrier_offset(site_id, link_id), pool.version)


def concentrator_carrier_address(pool: IPNetwork) -> IPAddress:
    """The concentrator's end of every carrier: the pool's first address, that of "site 0"."""
    return IPAddress(pool.first + 1, pool.version)


def bond_offset(site_id: int, bond_id: int) -> int:
    """Place of a bond's /30 within the bond pool."""
    return (site_id << 3 | bond_id) << (32 - BOND_PREFIX)


def bond_addresses(pool: IPNetwork, site_id: int, bond_id: int) -> tuple[IPAddress, IPAddress]:
    """The concentrator's and the gateway's address on a bond."""
    first = pool.first + bond_offset(site_id, bond_id)
    return IPAddress(first + 1, pool.version), IPAddress(first + 2, pool.version)
