# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every number of the plan, each a plain function of the ids: no site or link can renumber another.

Widths: site_id 14 bits, bond_id 3 bits, link_id 6 bits.
"""

from __future__ import annotations

import hashlib

from .deps import IPAddress, IPNetwork
from .limits import MAX_BOND_ID, MAX_LINK_ID, MAX_SITE_ID

MAIN_TABLE = 254
# Tables with a meaning of their own (linux/rtnetlink.h): default, main, local; none can be 0.
RESERVED_TABLES = {253: "default", 254: "main", 255: "local"}

# A site's rules, as numbers above its priority_base, in the order of the decision. A link's own is that plus its
# link_id (below 64, so the ranges stay apart).
RULE_MARK = 0
RULE_CARRIER = 100
RULE_LINK = 200
# Policies, by the marks of connections: the main table first, then the choice in use and three more, then none (see
# policy_marks.py).
RULE_POLICY_MAIN = 263
RULE_POLICY = 264
RULE_POLICY_DROP = 268
RULE_MAIN = 300
RULE_AGGREGATE = 301

# The last resort within a link's table: what belongs to a link never leaves by another.
BLACKHOLE_METRIC = 65535

# Prefix length of a single address, by IP version.
HOST_PREFIX = {4: 32, 6: 128}

# Prefix length of a bond's subnet, of two addresses, by IP version.
BOND_PREFIX = {4: 30, 6: 126}

# Bits of the field that a leg's number goes into: a GRE key (RFC 2890), a VXLAN network identifier (RFC 7348).
TUNNEL_ID_BITS = {"gretap": 32, "vxlan": 24}


def tunnel_id(site_id: int, bond_id: int, link_id: int) -> int:
    """GRE key or VNI of a leg: ``site_id << 9 | bond_id << 6 | link_id`` (23 bits, see TUNNEL_ID_BITS).

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


def link_table(table_base: int, link_id: int) -> int:
    """Routing table of a link; also the metric of its fail-open route in the main table. The base itself is the
    aggregate's."""
    return table_base + link_id


def policy_table(table_base: int, choice: int) -> int:
    """Routing table of a way out for policies, by its number among their choices (see policy_marks.py)."""
    return table_base + MAX_LINK_ID + 2 + choice


def drop_table(table_base: int) -> int:
    """Routing table without a way out, for policies; it has the place of the link_id after the last."""
    return policy_table(table_base, MAX_LINK_ID + 1)


def class_number(site_id: int, bond_id: int) -> int:
    """Mark and routing table, at the concentrator, of what a site sends over a bond that is not its first."""
    return 0xC0000000 | site_id << 3 | bond_id


def link_mark(mark_base: int, link_id: int) -> int:
    """Firewall mark of a link's carrier."""
    return mark_base + link_id


def site_table(table_base: int, site_id: int) -> int:
    """Routing table at the concentrator of a site whose LAN others have, too."""
    return table_base + site_id


def site_mark(mark_base: int, site_id: int) -> int:
    """Mark at the concentrator of a site's connections, where one is needed."""
    return mark_base + site_id


def carrier_offset(site_id: int, link_id: int) -> int:
    """Place of a gateway's carrier address within the carrier pool."""
    return site_id << 6 | link_id


def carrier_address(pool: IPNetwork, site_id: int, link_id: int) -> IPAddress:
    """The gateway's end of a carrier."""
    return IPAddress(pool.first + carrier_offset(site_id, link_id), pool.version)


def concentrator_carrier_address(pool: IPNetwork) -> IPAddress:
    """The concentrator's end of every carrier: the pool's first address, that of "site 0"."""
    return IPAddress(pool.first + 1, pool.version)


def shaper_class(site_id: int, link_id: int) -> int:
    """Number of a link's class where all links share an interface of the concentrator: 16 bits, which the ids, 20 bits,
    fold into. So some links of different sites share a number (see shaping.py, which refuses that), but not with a
    ``site_id`` below 1024; nor with ``link_id`` below 32 up to 2046, below 16 up to 4094, below 8 up to 8190, below 4
    up to 16382.
    """
    fold = int(f"{site_id >> 10:04b}"[::-1], 2)
    return (site_id & 0x3FF) << 6 | link_id ^ fold << 2


def bond_offset(version: int, site_id: int, bond_id: int) -> int:
    """Place of a bond's subnet within the bond pool of an IP version.

    IPv4: one /30 after the other. IPv6: ``<pool>:<site_id>:<bond_id>:1`` in hexadecimal, to be read by people.
    """
    if version == 6:
        return site_id << 32 | bond_id << 16
    return (site_id << 3 | bond_id) << (32 - BOND_PREFIX[4])


def bond_addresses(pool: IPNetwork, site_id: int, bond_id: int) -> tuple[IPAddress, IPAddress]:
    """The concentrator's and the gateway's address on a bond, of the pool's IP version."""
    first = pool.first + bond_offset(pool.version, site_id, bond_id)
    return IPAddress(first + 1, pool.version), IPAddress(first + 2, pool.version)


def bond_mac_address(site_id: int, bond_id: int, *, at_gateway: bool) -> str:
    """Hardware address of an end of a bond, locally administered: ``02:6c:61`` and the tunnel id of "link 0" or 1.

    Without one said, a bond takes a random one of its legs at each start, and the other end goes on sending to the old
    one for up to a minute.
    """
    number = tunnel_id(site_id, bond_id, int(at_gateway))
    return ":".join(("02:6c:61", *(f"{byte:02x}" for byte in number.to_bytes(3, "big"))))


def private_pool(address: IPAddress) -> IPNetwork:
    """The IPv6 bond pool of the concentrator at a public address: a /64 of unique local addresses (RFC 4193).

    The 40 bits that must be as good as random are of a hash of the address, which no one else has, so that they
    are the same in each run without being kept anywhere.
    """
    digest = hashlib.sha256(f"linkagg.wan bond_pool_ipv6 {address}".encode()).digest()
    return IPNetwork((0xFD << 120 | int.from_bytes(digest[:5], "big") << 80, 64), version=6)
