#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bonds
short_description: Make kernel bonds over legs
version_added: "0.1.0"
description:
  - Makes a whole list of bonds be as described, in one conversation with the kernel, ports, addresses and
    MTU included.
  - An option that is not given is left as it is. What the kernel changes along with others is in the steps.
  - The kernel changes some options of a bond only while it has no ports (O(bonds[].mode), O(bonds[].fail_over_mac))
    or is down (O(bonds[].lacp_rate), O(bonds[].lacp_active), O(bonds[].ad_select), O(bonds[].ad_user_port_key),
    O(bonds[].coupled_control), O(bonds[].tlb_dynamic_lb)). The module then releases the ports or brings it down,
    changes the option, and puts everything back, routes over the bond included. The result says that traffic stops
    meanwhile.
  - An option that the node's kernel does not know yet is an error that names it, found when reading back.
  - A port keeps its own MTU, which the kernel would set to that of the bond.
  - Bonds that this module makes carry an alias that begins with C(linkagg.wan). Others are never changed.
options:
  bonds:
    description:
      - The bonds.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the interface, at most 15 characters.
        type: str
        required: true
      mode:
        description: How packets are spread over the ports; see the kernel's document about bonding.
        type: str
        choices: [balance-rr, active-backup, balance-xor, broadcast, 802.3ad, balance-tlb, balance-alb]
        default: balance-rr
      miimon:
        description:
          - Milliseconds between looks at the carrier of ports, 0 is never. A tunnel always reports carrier.
          - The kernel sets it to 100 in modes V(802.3ad), V(balance-tlb) and V(balance-alb) where it is 0, and to 0
            where O(bonds[].arp_interval) is given.
        type: int
      updelay:
        description: Milliseconds that a port has to have carrier before it is used, a multiple of O(bonds[].miimon).
        type: int
      downdelay:
        description: Milliseconds without carrier after which a port is given up, a multiple of O(bonds[].miimon).
        type: int
      peer_notif_delay:
        description: Milliseconds between announcements after a change of port, a multiple of O(bonds[].miimon).
        type: int
      use_carrier:
        description: Whether O(bonds[].miimon) trusts the driver's carrier. Kernels from 6.18 on take only V(true).
        type: bool
      arp_interval:
        description:
          - Milliseconds between questions to O(bonds[].arp_ip_target) and O(bonds[].ns_ip6_target), by whose answers
            ports are watched. It excludes O(bonds[].miimon); whichever is given ends the other.
          - Not in modes V(802.3ad), V(balance-tlb) and V(balance-alb).
        type: int
      arp_ip_target:
        description: IPv4 addresses to ask, 16 at most; an empty list removes them.
        type: list
        elements: str
      ns_ip6_target:
        description: IPv6 addresses to ask, 16 at most; an empty list removes them. Linux 5.18 or newer.
        type: list
        elements: str
      arp_validate:
        description: On which ports answers are checked, and whether other traffic counts as a sign of life.
        type: str
        choices: [none, active, backup, all, filter, filter_active, filter_backup]
      arp_all_targets:
        description: Whether V(any) or V(all) targets have to answer.
        type: str
        choices: [any, all]
      arp_missed_max:
        description: How many answers may be missed, 1 to 255. Linux 5.17 or newer.
        type: int
      xmit_hash_policy:
        description: What V(balance-xor), V(802.3ad) and V(balance-tlb) choose the port by.
        type: str
        choices: [layer2, layer3+4, layer2+3, encap2+3, encap3+4, vlan+srcmac]
      packets_per_slave:
        description: How many packets V(balance-rr) sends over one port before the next, 0 is random.
        type: int
      primary:
        description: The preferred port of V(active-backup), V(balance-tlb) and V(balance-alb); V("") is none.
        type: str
      primary_reselect:
        description: When to go back to the O(bonds[].primary).
        type: str
        choices: [always, better, failure]
      active_slave:
        description:
          - The port in use now, of V(active-backup), V(balance-tlb) and V(balance-alb). The kernel moves on by itself;
            each run comes back to this one. O(bonds[].primary) is what usually is meant.
        type: str
      fail_over_mac:
        description: Whether ports of V(active-backup) keep their own hardware address.
        type: str
        choices: [none, active, follow]
      all_slaves_active:
        description: Whether frames that come in on inactive ports are accepted.
        type: bool
      min_links:
        description: How many ports have to work before the bond reports carrier.
        type: int
      lp_interval:
        description: Seconds between learning packets of V(balance-tlb) and V(balance-alb).
        type: int
      tlb_dynamic_lb:
        description: Whether V(balance-tlb) and V(balance-alb) move flows by load; otherwise by hash.
        type: bool
      resend_igmp:
        description: How many membership reports follow a change of port, 0 to 255.
        type: int
      num_peer_notif:
        description:
          - How many announcements follow a change of port, 0 to 255. The kernel's document calls it C(num_grat_arp)
            and C(num_unsol_na).
        type: int
      lacp_rate:
        description: How often the other end of V(802.3ad) is to send; V(slow) is every 30 seconds, V(fast) each one.
        type: str
        choices: [slow, fast]
      lacp_active:
        description: Whether V(802.3ad) sends by itself or only answers. Linux 5.15 or newer.
        type: bool
      ad_select:
        description: When V(802.3ad) chooses another aggregator, and by what.
        type: str
        choices: [stable, bandwidth, count]
      ad_actor_sys_prio:
        description: The priority of the system in V(802.3ad), 1 to 65535.
        type: int
      ad_user_port_key:
        description: The upper 10 bits of the port key in V(802.3ad), 0 to 1023.
        type: int
      ad_actor_system:
        description: The hardware address of the system in V(802.3ad); V("00:00:00:00:00:00") is the bond's own.
        type: str
      coupled_control:
        description: Whether V(802.3ad) couples collecting and distributing. Linux 6.10 or newer.
        type: bool
      ports:
        description: All its ports, interfaces that exist. Others are released.
        type: list
        elements: str
        default: []
      port_options:
        description:
          - What single ports have of their own. A port that is not listed, or an option that is not given, is left as
            it is; a port that is taken in begins with none.
        type: list
        elements: dict
        suboptions:
          port:
            description: The port, one of O(bonds[].ports).
            type: str
            required: true
          queue_id:
            description:
              - Packets with this queue mapping go over this port, in modes V(balance-rr) and V(active-backup).
                0 is none. Up to O(bonds[].tx_queues); two ports cannot have the same.
            type: int
          prio:
            description:
              - Which port is next in V(active-backup), V(balance-tlb) and V(balance-alb), higher first.
                Linux 6.1 or newer.
            type: int
      tx_queues:
        description:
          - How many transmit queues it has, and by that the largest C(queue_id); the kernel makes 16. It cannot be
            changed in place.
        type: int
      mac_address:
        description:
          - Its hardware address. Not given, it is that of the first port, and stays when ports come and go.
        type: str
      addresses:
        description: All its addresses with prefix length; others are removed.
        type: list
        elements: str
        default: []
      mtu:
        description: Largest packet in bytes. Not given, it is left as it is.
        type: int
      txqueuelen:
        description: How many packets its queue holds.
        type: int
      gso_max_size:
        description: Largest packet in bytes that is handed to it to be cut up.
        type: int
      gro_max_size:
        description: Largest packet in bytes that is put together of received ones. Linux 5.19 or newer.
        type: int
      up:
        description: Whether it is up.
        type: bool
        default: true
      alias:
        description: Its description. Has to begin with C(linkagg.wan).
        type: str
        default: linkagg.wan
extends_documentation_fragment:
  - linkagg.wan.reconcile
  - linkagg.wan.attributes
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: One bond over two legs
  linkagg.wan.bonds:
    bonds:
      - name: agg0
        mode: balance-xor
        xmit_hash_policy: layer3+4
        mtu: 1398
        addresses: [10.200.0.34/30]
        ports: [leg0-lte1, leg0-lte2]

- name: One leg at a time, each asked by ARP whether it still reaches the other end
  linkagg.wan.bonds:
    bonds:
      - name: agg0
        mode: active-backup
        primary: leg0-lte1
        primary_reselect: failure
        arp_interval: 500
        arp_ip_target: [10.200.0.33]
        arp_validate: all
        arp_missed_max: 3
        addresses: [10.200.0.34/30]
        ports: [leg0-lte1, leg0-lte2]

- name: A queue for each leg, by which traffic control chooses where packets go, and an order of them
  linkagg.wan.bonds:
    bonds:
      - name: agg0
        mode: active-backup
        ports: [leg0-lte1, leg0-lte2]
        port_options:
          - port: leg0-lte1
            queue_id: 1
            prio: 10
          - port: leg0-lte2
            queue_id: 2

- name: Link aggregation with LACP, fast, over ports that reach a switch
  linkagg.wan.bonds:
    bonds:
      - name: lan0
        mode: 802.3ad
        lacp_rate: fast
        ad_select: bandwidth
        xmit_hash_policy: layer3+4
        min_links: 1
        ports: [enp1s0, enp2s0]

- name: Remove every bond that this collection made
  linkagg.wan.bonds:
    bonds: []
    state: absent
    purge: true
"""

RETURN = r"""
before:
  description: The changed and the removed objects as they were.
  returned: success
  type: list
  elements: dict
after:
  description: The listed objects as they are now; in check mode as they would be.
  returned: success
  type: list
  elements: dict
diff:
  description: What changes, as text.
  returned: success
  type: dict
  contains:
    before:
      description: As it was.
      type: str
    after:
      description: As it is now.
      type: str
steps:
  description: What was done, or in check mode would be, one sentence a step, in this order.
  returned: success
  type: list
  elements: str
problems:
  description: Everything that stands against the wish, one sentence each; I(msg) has the same as one text.
  returned: failure
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import argument_options, parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, run

KINDS = list(BONDS.values())


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind table."""
    item = argument_options(KINDS)
    return {"bonds": {"type": "list", "elements": "dict", "required": True, "options": item}, **COMMON_OPTIONS}


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, BONDS, lambda: parse_items("bonds", KINDS, module.params["bonds"]))


if __name__ == "__main__":
    main()
