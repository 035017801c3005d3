# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kernel bond can do over legs: its modes and options, and those that are of no use here, with the reason.

Source: Documentation/networking/bonding.rst of the kernel, and drivers/net/bonding of Linux 6.12, whose names
these are. An option is handed to both ends only if the inventory has it or we have a default: the kernel has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .keys import Key, Table
from .kinds import Kind, boolean, choice, integer, interface, ip_address, link_name
from .limits import MAX_BOND_ID
from .policy_keys import weights
from .schedule import SCHEDULES

MODES = ("balance-rr", "balance-xor", "active-backup", "broadcast", "balance-tlb", "balance-alb")

# Seen on 6.12 with gretap and vxlan legs: each becomes an aggregator of its own, as their duplex is unknown
# (bond_3ad.c, ad_update_actor_keys), and miimon, which the mode insists on, takes a dead one for alive.
_NO_LACP = "a leg says nothing of its duplex, without which LACP joins no two of them: one would be used, dead or alive"
NO_MODES = {"802.3ad": _NO_LACP}

HASH_POLICIES = ("layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac")
ARP_VALIDATE = ("none", "active", "backup", "all", "filter", "filter_active", "filter_backup")
# Those that take any frame on a leg that waits for a sign of life (bond_rcv_validate in bond_main.c).
UNVALIDATED_BACKUP = ("none", "active")

# Balance-xor without a policy would be layer2, which puts everything on one leg: both ends have one MAC address.
_XOR_HASH_POLICY = "layer3+4"

# A leg whose link is dead still has a carrier, and a sixth of the packets would go into it for good. Watched by ARP it
# is out of use at both ends after two to three looks, for two packets of 140 bytes each way a look.
_ARP_INTERVAL_MS = 1000

LEG_KINDS = ("gretap", "vxlan")

# What a bond has of which something else was said; defaults.py decides where nothing was.
DEFAULT_MODE = "balance-rr"

_INT_MAX = 0x7FFFFFFF


@dataclass(frozen=True)
class Option:
    """One of the bond's options: in which modes it means something, and which other option it needs.

    ``defaults``: what we set, by mode, where the kernel's own would not do over legs.
    """

    name: str
    kind: Kind
    modes: tuple[str, ...]
    remedy: str
    needs: str = ""
    many: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def key(self) -> Key:
        """The inventory's key for it."""
        return Key(self.name, self.kind, many=self.many, remedy=self.remedy)


_BACKUP = ("active-backup",)
_LOAD = ("balance-tlb", "balance-alb")
ONE_ACTIVE = (*_BACKUP, *_LOAD)
WATCHED = tuple(mode for mode in MODES if mode not in _LOAD)

OPTIONS = (
    Option(
        "xmit_hash_policy",
        choice(*HASH_POLICIES),
        ("balance-xor", "balance-tlb"),
        "choose one of these policies",
        defaults={"balance-xor": _XOR_HASH_POLICY},
    ),
    Option("packets_per_slave", integer(0, 65535), ("balance-rr",), "say how many packets go over one leg in turn"),
    Option("primary", link_name(), ONE_ACTIVE, "name the link that is to be used while it works"),
    Option(
        "primary_reselect",
        choice("always", "better", "failure"),
        ONE_ACTIVE,
        "say when to go back to the primary",
        needs="primary",
    ),
    Option("fail_over_mac", choice("none", "active", "follow"), _BACKUP, "choose one of these"),
    Option("all_slaves_active", boolean(), ONE_ACTIVE, "say whether packets from inactive legs are taken"),
    Option("num_peer_notif", integer(0, 255), _BACKUP, "say how many announcements follow a change of leg"),
    Option("resend_igmp", integer(0, 255), ("balance-rr", *ONE_ACTIVE), "say how many reports follow a change of leg"),
    Option("lp_interval", integer(1, _INT_MAX), _LOAD, "give the seconds between learning packets"),
    Option("tlb_dynamic_lb", boolean(), ("balance-tlb",), "say whether flows move with the load"),
    Option(
        "arp_interval",
        integer(0, _INT_MAX),
        WATCHED,
        "give the milliseconds between looks at the other end, or 0 not to look",
        defaults=dict.fromkeys(WATCHED, _ARP_INTERVAL_MS),
    ),
    Option("arp_ip_target", ip_address(4), WATCHED, "leave it out to watch the other end", "arp_interval", many=True),
    Option("ns_ip6_target", ip_address(6), WATCHED, "leave it out to watch by IPv4", "arp_interval", many=True),
    Option("arp_validate", choice(*ARP_VALIDATE), WATCHED, "choose one of these", needs="arp_interval"),
    Option("arp_all_targets", choice("any", "all"), _BACKUP, "choose one of these", needs="arp_validate"),
    Option(
        "arp_missed_max",
        integer(1, 255),
        WATCHED,
        "say how many looks must fail before a leg counts as down",
        needs="arp_interval",
    ),
)

_BLIND = "it looks at the carrier of ports, and a leg always has one, however dead its link; see arp_interval"
_LACP = f"it belongs to mode 802.3ad, and {_NO_LACP}"
NO_OPTIONS = {
    "miimon": _BLIND,
    **dict.fromkeys(("use_carrier", "updelay", "downdelay", "peer_notif_delay"), f"it needs miimon: {_BLIND}"),
    **dict.fromkeys(("lacp_rate", "lacp_active", "ad_select", "min_links", "coupled_control"), _LACP),
    **dict.fromkeys(("ad_actor_sys_prio", "ad_actor_system", "ad_user_port_key", "broadcast_neighbor"), _LACP),
    "active_slave": "the kernel changes it itself; see primary",
}

BOND = Table(
    "bond",
    named_by="bond_id",
    refused=NO_OPTIONS,
    keys=(
        Key("bond_id", integer(0, MAX_BOND_ID), default=0, remedy="give each bond of the site another number"),
        Key("name", interface(), remedy="choose another name, or leave it out for agg<bond_id>"),
        Key("mode", choice(*MODES, refused=NO_MODES), remedy="choose one of the modes that work"),
        Key("leg", choice(*LEG_KINDS), default="gretap", remedy="choose the tunnel that the bond's legs are"),
        Key("links", link_name(), many=True, remedy="list names of this site's links"),
        Key(
            "fragment",
            choice("refuse", "allow"),
            default="refuse",
            remedy="say whether legs may split packets that do not fit their carrier",
            also_called=("dont_fragment", "df", "pmtudisc", "ignore_df"),
        ),
        Key(
            "mtu",
            integer(576, 9216),
            remedy="give the size of the bond's largest packet, or leave it out for the largest that fits",
        ),
        Key(
            "prefer",
            link_name(),
            many=True,
            remedy="list links of this bond, the one to be used as long as it works first",
            also_called=("priority", "order", "prio"),
        ),
        Key(
            "schedule",
            choice(*SCHEDULES),
            remedy="say what is dealt to the legs by weight: packets, or flows, which stay in order",
            also_called=("scheduler", "distribution"),
        ),
        Key("weights", weights(), remedy="give links their weights", also_called=("weight", "ratio")),
        *(option.key() for option in OPTIONS),
    ),
)
