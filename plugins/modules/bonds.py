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
    required: true
extends_documentation_fragment:
  - linkagg.wan.lists.bonds
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

- name: Packets marked 257 over the first leg, those marked 258 over the second
  linkagg.wan.bonds:
    bonds:
      - name: agg0
        mode: balance-rr
        ports: [leg0-lte1, leg0-lte2]
        port_options:
          - {port: leg0-lte1, queue_id: 1}
          - {port: leg0-lte2, queue_id: 2}
        queue_mark: 256

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
