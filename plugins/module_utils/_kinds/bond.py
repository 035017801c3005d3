# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel bond. Options and modes: Documentation/networking/bonding.rst (Linux 6.12), numbers: linux/if_link.h;
which modes and states an option needs: drivers/net/bonding/bond_options.c.

An option that is not given is left as it is: the kernel itself changes some of them with others (see bond_rules.py).

Left out: ``max_bonds`` and ``debug``, which are of the kernel's module and not of a bond. ``num_grat_arp`` and
``num_unsol_na`` are other names of ``num_peer_notif``. What is newer than 6.12 (``broadcast_neighbor``, ``prio`` of
LACP ports) is not in here. A kernel that is older than an option ignores it, which is found when it is read back.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Kind, Nla
from .bond_rules import ARP_MODES, check, port_options, resolve
from .link import BOND_ROWS, NAME
from .steering import LAST_MARK, NONE

MODES = {
    "balance-rr": 0,
    "active-backup": 1,
    "balance-xor": 2,
    "broadcast": 3,
    "802.3ad": 4,
    "balance-tlb": 5,
    "balance-alb": 6,
}
HASH_POLICIES = {"layer2": 0, "layer3+4": 1, "layer2+3": 2, "encap2+3": 3, "encap3+4": 4, "vlan+srcmac": 5}
ARP_VALIDATE = {
    "none": 0,
    "active": 1,
    "backup": 2,
    "all": 3,
    "filter": 4,
    "filter_active": 5,
    "filter_backup": 6,
}
MAX_TARGETS = 16
_INT_MAX = 0x7FFFFFFF
_ONE_ACTIVE = ("mode", ("active-backup", "balance-tlb", "balance-alb"))
_ARP = ("mode", ARP_MODES)
_LACP = ("mode", ("802.3ad",))
_MII = ("miimon", None)
_NO_SYSTEM = "00:00:00:00:00:00"


def _row(name: str, number: int, codec: str, nla: str = "", **options: Any) -> Attr:
    return Attr(name, layer="data", nlas=(Nla(f"IFLA_BOND_{(nla or name).upper()}", number, codec),), **options)


def _count(name: str, number: int, codec: str, high: int, nla: str = "", **options: Any) -> Attr:
    return _row(name, number, codec, nla, type="int", low=options.pop("low", 0), high=high, **options)


def _targets(name: str, number: int, normalise: Callable[[Any], Any]) -> Attr:
    """A nested array of addresses, each attribute numbered by its place."""
    nla = f"IFLA_BOND_{name.upper()}"

    def encode(value: tuple[str, ...]) -> dict[str, Any]:
        items = [ipaddress.ip_address(address).packed for address in value]
        return {nla: b"".join(struct.pack("=HH", 4 + len(item), n) + item for n, item in enumerate(items))}

    def decode(nlas: Mapping[str, Any]) -> tuple[str, ...] | None:
        raw = bytes(nlas.get(nla, b""))
        found, start = [], 0
        while start + 4 <= len(raw):
            length = max(struct.unpack_from("=H", raw, start)[0], 4)
            found.append(str(ipaddress.ip_address(raw[start + 4 : start + length])))
            start += (length + 3) & ~3
        return tuple(sorted(found)) or None

    def few(value: list[str]) -> tuple[str, ...]:
        found = normalise(value)
        if len(found) > MAX_TARGETS:
            raise ValueError(f"{len(found)} addresses, and the kernel takes {MAX_TARGETS} at most")
        return tuple(found)

    return _row(name, number, "cdata", type="list", elements="str", normalise=few, encode=encode, decode=decode)


def _system(value: str) -> str:
    """An Ethernet address; of zeros for the bond's own."""
    return _NO_SYSTEM if value == _NO_SYSTEM else normal.mac_address(value)


_PORT = (
    Attr("port", required=True, normalise=normal.interface_name, devices=True),
    Attr(
        "queue_id",
        "int",
        layer="port",
        nlas=(Nla("IFLA_BOND_SLAVE_QUEUE_ID", 5, "uint16"),),
        low=0,
        high=65535,
    ),
    Attr(
        "prio",
        "int",
        layer="port",
        nlas=(Nla("IFLA_BOND_SLAVE_PRIO", 9, "int32"),),
        low=-_INT_MAX - 1,
        high=_INT_MAX,
        only_with=_ONE_ACTIVE,
    ),
)

_MONITORING = (
    _count("miimon", 3, "uint32", _INT_MAX, resend_with=("mode",)),
    _count("updelay", 4, "uint32", _INT_MAX, only_with=_MII, resend_with=("miimon",)),
    _count("downdelay", 5, "uint32", _INT_MAX, only_with=_MII, resend_with=("miimon",)),
    _count("peer_notif_delay", 28, "uint32", 300_000, only_with=_MII, resend_with=("miimon",)),
    _row("use_carrier", 6, "uint8", type="bool"),
    _count("arp_interval", 7, "uint32", _INT_MAX, only_with=_ARP, resend_with=("mode",)),
    _targets("arp_ip_target", 8, normal.ipv4_addresses),
    _targets("ns_ip6_target", 31, normal.ipv6_addresses),
    _row("arp_validate", 9, "uint32", choices=ARP_VALIDATE, only_with=_ARP, resend_with=("mode",)),
    _row("arp_all_targets", 10, "uint32", choices={"any": 0, "all": 1}),
    _count("arp_missed_max", 30, "uint8", 255, nla="missed_max", low=1, only_with=_ARP),
)

_CHOICE_OF_PORT = (
    _row("xmit_hash_policy", 14, "uint8", choices=HASH_POLICIES),
    _count("packets_per_slave", 20, "uint32", 65535, only_with=("mode", ("balance-rr",))),
    _row("primary", 11, "uint32", normalise=normal.interface_name_or_none, only_with=_ONE_ACTIVE, devices=True),
    _row(
        "primary_reselect",
        12,
        "uint8",
        choices={"always": 0, "better": 1, "failure": 2},
        only_with=_ONE_ACTIVE,
    ),
    _row("active_slave", 2, "uint32", normalise=normal.interface_name, only_with=_ONE_ACTIVE, devices=True, late=True),
    _row("fail_over_mac", 13, "uint8", choices={"none": 0, "active": 1, "follow": 2}, needs=("no_ports",)),
    _row("all_slaves_active", 17, "uint8", type="bool"),
    _count("min_links", 18, "uint32", _INT_MAX),
    _count("lp_interval", 19, "uint32", _INT_MAX, low=1),
    _row(
        "tlb_dynamic_lb",
        27,
        "uint8",
        type="bool",
        only_with=("mode", ("balance-tlb", "balance-alb")),
        needs=("down",),
        resend_with=("mode",),
    ),
    _count("resend_igmp", 15, "uint32", 255),
    _count("num_peer_notif", 16, "uint8", 255),
)

_AGGREGATION = (
    _row(
        "lacp_rate",
        21,
        "uint8",
        "ad_lacp_rate",
        choices={"slow": 0, "fast": 1},
        only_with=_LACP,
        needs=("down",),
    ),
    _row("lacp_active", 29, "uint8", "ad_lacp_active", type="bool", only_with=_LACP, needs=("down",)),
    _row("ad_select", 22, "uint8", choices={"stable": 0, "bandwidth": 1, "count": 2}, needs=("down",)),
    _count("ad_actor_sys_prio", 24, "uint16", 65535, low=1, only_with=_LACP),
    _count("ad_user_port_key", 25, "uint16", 1023, only_with=_LACP, needs=("down",)),
    _row("ad_actor_system", 26, "l2addr", normalise=_system, only_with=_LACP),
    _row("coupled_control", 32, "uint8", type="bool", only_with=_LACP, needs=("down",)),
)

BOND = Kind(
    name="bond",
    noun="bond",
    space="link",
    priority=30,
    key=("name",),
    check=check,
    resolve=resolve,
    attrs=(
        NAME,
        _row("mode", 1, "uint8", default="balance-rr", choices=MODES, needs=("no_ports", "down")),
        *_MONITORING,
        *_CHOICE_OF_PORT,
        *_AGGREGATION,
        Attr("ports", "list", elements="str", default=(), normalise=normal.interface_names, devices=True),
        Attr("port_options", "list", elements="dict", options=_PORT, normalise=port_options),
        Attr(
            "tx_queues",
            "int",
            layer="link",
            nlas=(Nla("IFLA_NUM_TX_QUEUES", 31, "uint32"),),
            low=1,
            high=4096,
            create_only=True,
        ),
        Attr("queue_mark", "int", default=NONE, low=NONE, high=LAST_MARK),
        *BOND_ROWS,
    ),
)
