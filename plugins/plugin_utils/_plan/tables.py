# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every key that the inventory may have, as data: kind, default, whether it must be there, what to do if wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .kinds import (
    Kind,
    choice,
    integer,
    interface,
    ip_address,
    ipv4_subnet,
    link_address,
    positive_number,
    text,
)

# Bond modes that the planner lets through, and the policies of the kernel's bonding document.
BOND_MODES = ("balance-rr", "balance-xor", "active-backup", "broadcast")
XMIT_HASH_POLICIES = ("layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac")

# Widths of the fields that make up a tunnel id and the addresses (see numbers.py).
MAX_SITE_ID = 16383
MAX_LINK_ID = 62
MAX_BOND_ID = 7


@dataclass(frozen=True)
class Key:
    """One key: either of a scalar ``kind`` or a nested ``table``; ``many`` makes it a list of those.

    ``also_called``: what people write for it who know it by another name."""

    name: str
    kind: Kind | None = None
    table: Table | None = None
    many: bool = False
    required: bool = False
    default: Any = None
    remedy: str = "correct it"
    also_called: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind is None) == (self.table is None):
            raise TypeError(f"key {self.name} needs a kind or a table, and not both")
        if self.required and self.default is not None:
            raise TypeError(f"key {self.name} is required, so its default would never be used")
        if self.kind is not None and self.default is not None:
            self.kind.parse(self.default)


@dataclass(frozen=True)
class Table:
    """The keys of one mapping. ``named_by`` is the key whose value names an element of a list to people,
    ``variable`` the Ansible variable that holds the mapping."""

    noun: str
    keys: tuple[Key, ...]
    named_by: str = ""
    variable: str = ""
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = tuple(key.name for key in self.keys)
        if len(set(names)) != len(names):
            raise TypeError(f"table {self.noun} has a key twice")
        object.__setattr__(self, "names", names)


RATE = Table(
    "rate",
    (
        Key("down_mbit", positive_number(), remedy="give what the link carries towards the site, in Mbit/s"),
        Key("up_mbit", positive_number(), remedy="give what the link carries from the site, in Mbit/s"),
    ),
)

LINK = Table(
    "link",
    named_by="name",
    keys=(
        Key(
            "name",
            text(r"[a-z0-9][a-z0-9_-]{0,9}", "1 to 10 of a-z 0-9 _ -, beginning with a letter or digit"),
            required=True,
            remedy="give the link a short name; interfaces are called after it",
        ),
        Key(
            "link_id",
            integer(1, MAX_LINK_ID),
            required=True,
            remedy="give the link a number of its own for life; addresses, table and mark derive from it",
        ),
        Key("interface", interface(), required=True, remedy="name the modem's interface as `ip link` shows it"),
        Key(
            "address",
            link_address(),
            default="unmanaged",
            remedy="say who gives the interface its address",
        ),
        Key("next_hop", ip_address(), remedy="give the modem's own address", also_called=("gateway", "via", "router")),
        Key(
            "mtu",
            integer(576, 9216),
            default=1500,
            remedy="give the size of the largest packet that the link carries (usually 1500, with PPPoE 1492)",
        ),
        Key("rate", table=RATE),
    ),
)

BOND = Table(
    "bond",
    named_by="bond_id",
    keys=(
        Key(
            "bond_id",
            integer(0, MAX_BOND_ID),
            default=0,
            remedy="give each bond of the site another number",
        ),
        Key("name", interface(), remedy="choose another name, or leave it out for agg<bond_id>"),
        Key("mode", choice(*BOND_MODES), default="balance-rr", remedy="choose one of these modes"),
        Key(
            "xmit_hash_policy",
            choice(*XMIT_HASH_POLICIES),
            default="layer3+4",
            remedy="choose one of these policies",
        ),
        Key("links", LINK.keys[0].kind, many=True, remedy="list names of this site's links"),
    ),
)

LAN = Table(
    "lan",
    (
        Key("interface", interface(), remedy="name the LAN's interface as `ip link` shows it"),
        Key(
            "subnets",
            ipv4_subnet(),
            many=True,
            required=True,
            remedy="list the subnets behind the gateway; the concentrator routes them back to the site",
        ),
    ),
)

SITE = Table(
    "site",
    variable="linkagg_site",
    keys=(
        Key(
            "site_id",
            integer(1, MAX_SITE_ID),
            required=True,
            remedy="give the site a number of its own for life; addresses and tunnel ids derive from it",
        ),
        Key(
            "concentrator",
            text(r"\S+", "the name of a host in group concentrators"),
            remedy="name the host in group concentrators that this site connects to",
        ),
        Key("lan", table=LAN),
        Key("links", table=LINK, many=True, required=True, remedy="list the site's links, one at least"),
        Key("bonds", table=BOND, many=True, remedy="leave it out for one bond over all links"),
    ),
)

CONCENTRATOR = Table(
    "concentrator",
    variable="linkagg_concentrator",
    keys=(
        Key(
            "address",
            ip_address(),
            required=True,
            remedy="give the public address that the sites can reach",
        ),
        Key("interface", interface(), remedy="name the interface of the way out, or leave it out"),
        Key("listen_port", integer(1, 65535), default=51820, remedy="choose a free UDP port"),
        Key(
            "mtu",
            integer(576, 9216),
            default=1500,
            remedy="give the size of the largest packet that its way out carries (usually 1500)",
        ),
        Key(
            "carrier_pool",
            ipv4_subnet(),
            default="10.208.0.0/12",
            remedy="give a private subnet that nothing else uses",
        ),
        Key(
            "bond_pool",
            ipv4_subnet(),
            default="10.200.0.0/13",
            remedy="give a private subnet that nothing else uses",
        ),
    ),
)
