# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples for every row of the bond; the words are those of ``ip -d link`` and ``ip address``."""

from __future__ import annotations

from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._kinds.bond import MODES
from ansible_collections.linkagg.wan.tests.netns.samples import Sample

_BACKUP = {"mode": "active-backup"}
_XOR = {"mode": "balance-xor"}
_TLB = {"mode": "balance-tlb"}
_LACP = {"mode": "802.3ad"}
_MII = {**_BACKUP, "miimon": 50}
_ARP = {**_BACKUP, "arp_interval": 200, "arp_ip_target": ["10.200.0.33"]}

BASE: dict[str, Any] = {"name": "agg0", "mode": "balance-rr", "mtu": 1398, "ports": ["leg0", "leg1"]}


def _queue(port: str, queue: int) -> dict[str, Any]:
    return {"port": port, "queue_id": queue}


SAMPLES: dict[str, Sample] = {
    "name": Sample(("agg0", "agg1"), ("agg0:", "agg1:")),
    "mode": Sample(tuple(MODES), tuple(f"bond mode {mode} " for mode in MODES)),
    "miimon": Sample((50, 100, 0), ("miimon 50 ", "miimon 100 ", "miimon 0 "), _BACKUP),
    "updelay": Sample((200, 100), ("updelay 200 ", "updelay 100 "), _MII),
    "downdelay": Sample((200, 100), ("downdelay 200 ", "downdelay 100 "), _MII),
    "peer_notif_delay": Sample((200, 100), ("peer_notify_delay 200 ", "peer_notify_delay 100 "), _MII),
    "use_carrier": Sample((False, True), ("use_carrier 0 ", "use_carrier 1 "), _MII),
    "arp_interval": Sample(
        (200, 500, 0),
        ("arp_interval 200 ", "arp_interval 500 ", "arp_interval 0 "),
        {**_BACKUP, "arp_ip_target": ["10.200.0.33"]},
    ),
    "arp_ip_target": Sample(
        (["10.200.0.33"], ["10.200.0.2", "10.200.0.33"], ["10.200.0.2"], []),
        ("arp_ip_target 10.200.0.33 ", "arp_ip_target 10.200.0.2,10.200.0.33 ", "arp_ip_target 10.200.0.2 ", ""),
    ),
    "ns_ip6_target": Sample(
        (["fd00::1"], ["fd00::1", "fd00::2"], []), ("ns_ip6_target fd00::1 ", "ns_ip6_target fd00::1,fd00::2 ", "")
    ),
    "arp_validate": Sample(("all", "filter_backup"), ("arp_validate all ", "arp_validate filter_backup "), _ARP),
    "arp_all_targets": Sample(("all", "any"), ("arp_all_targets all ", "arp_all_targets any "), _ARP),
    "arp_missed_max": Sample((3, 10), ("arp_missed_max 3 ", "arp_missed_max 10 "), _ARP),
    "xmit_hash_policy": Sample(
        ("layer3+4", "vlan+srcmac"), ("xmit_hash_policy layer3+4 ", "xmit_hash_policy vlan+srcmac "), _XOR
    ),
    "packets_per_slave": Sample((4, 0), ("packets_per_slave 4 ", "packets_per_slave 0 ")),
    "primary": Sample(("leg1", "leg0", ""), ("primary leg1 ", "primary leg0 ", ""), _BACKUP),
    "primary_reselect": Sample(
        ("better", "failure"),
        ("primary_reselect better ", "primary_reselect failure "),
        {**_BACKUP, "primary": "leg0"},
    ),
    "active_slave": Sample(("leg1", "leg0"), ("active_slave leg1 ", "active_slave leg0 "), _BACKUP),
    "fail_over_mac": Sample(("active", "follow"), ("fail_over_mac active ", "fail_over_mac follow "), _BACKUP),
    "all_slaves_active": Sample((True, False), ("all_slaves_active 1 ", "all_slaves_active 0 ")),
    "min_links": Sample((1, 2), ("min_links 1 ", "min_links 2 ")),
    "lp_interval": Sample((5, 9), ("lp_interval 5 ", "lp_interval 9 "), _TLB),
    "tlb_dynamic_lb": Sample((False, True), ("tlb_dynamic_lb 0 ", "tlb_dynamic_lb 1 "), _TLB),
    "resend_igmp": Sample((3, 0), ("resend_igmp 3 ", "resend_igmp 0 ")),
    "num_peer_notif": Sample((4, 0), ("num_grat_arp 4 ", "num_grat_arp 0 ")),
    "lacp_rate": Sample(("fast", "slow"), ("lacp_rate fast ", "lacp_rate slow "), _LACP),
    "lacp_active": Sample((False, True), ("lacp_active off ", "lacp_active on "), _LACP),
    "ad_select": Sample(("count", "bandwidth"), ("ad_select count ", "ad_select bandwidth "), _LACP),
    "ad_actor_sys_prio": Sample((100, 65535), ("ad_actor_sys_prio 100 ", "ad_actor_sys_prio 65535 "), _LACP),
    "ad_user_port_key": Sample((5, 1023), ("ad_user_port_key 5 ", "ad_user_port_key 1023 "), _LACP),
    "ad_actor_system": Sample(
        ("02:00:00:00:00:01", "02:00:00:00:00:02"),
        ("ad_actor_system 02:00:00:00:00:01 ", "ad_actor_system 02:00:00:00:00:02 "),
        _LACP,
    ),
    "coupled_control": Sample((False, True), given=_LACP),
    "ports": Sample((["leg0", "leg1"], ["leg1"], ["leg0"], [])),
    "port_options": Sample(
        (
            [_queue("leg0", 1), _queue("leg1", 2)],
            [_queue("leg0", 2), _queue("leg1", 1)],
            [{"port": "leg0", "queue_id": 0, "prio": 5}, {"port": "leg1", "queue_id": 3, "prio": -7}],
        ),
        ("queue_id 1 prio 0", "queue_id 1 prio 0", "queue_id 3 prio -7"),
        given=_BACKUP,
    ),
    "queue_mark": Sample((0x76000000, 256, 0), ("handle 0x7600000f ", "handle 0x10f ", "")),
    "tx_queues": Sample((8, 20), ("numtxqueues 8 ", "numtxqueues 20 ")),
    "mac_address": Sample(
        ("02:00:00:00:00:07", "02:00:00:00:00:08"),
        ("link/ether 02:00:00:00:00:07 ", "link/ether 02:00:00:00:00:08 "),
    ),
    "addresses": Sample(
        (["10.200.0.34/30"], ["10.200.0.38/30", "fd00:1::2/64"], []), ("10.200.0.34/30 ", "fd00:1::2/64 ", "")
    ),
    "mtu": Sample((1300, 1380), ("mtu 1300 ", "mtu 1380 ")),
    "txqueuelen": Sample((500, 2000), ("qlen 500", "qlen 2000")),
    "gso_max_size": Sample((16384, 32768), ("gso_max_size 16384 ", "gso_max_size 32768 ")),
    "gro_max_size": Sample((16384, 32768)),
    "up": Sample((False, True), (",MASTER> ", ",MASTER,UP")),
    "alias": Sample(("linkagg.wan: one", "linkagg.wan: two"), ("alias linkagg.wan: one", "alias linkagg.wan: two")),
}
