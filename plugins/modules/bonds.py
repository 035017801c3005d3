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
  - An option that is not given is left as it is, as the kernel itself changes some of them with the mode.
  - The kernel changes the mode of a bond only while it has no ports. The module then releases the ports,
    changes the mode,
    takes the ports back and restores the routes over the bond. The result says that traffic stops meanwhile.
  - A port keeps its own MTU, which the kernel would set to that of the bond.
  - If a step fails, what was done before it in this run is undone. After all steps the kernel is read back
    and compared.
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
      xmit_hash_policy:
        description: What V(balance-xor), V(802.3ad) and V(balance-tlb) choose the port by.
        type: str
        choices: [layer2, layer3+4, layer2+3, encap2+3, encap3+4, vlan+srcmac]
      miimon:
        description: Milliseconds between looks at the carrier of ports. A tunnel always reports carrier.
        type: int
      use_carrier:
        description: Whether C(miimon) trusts the driver's carrier.
        type: bool
      primary:
        description: The preferred port of V(active-backup), V(balance-tlb) and V(balance-alb).
        type: str
      primary_reselect:
        description: When to go back to the O(bonds[].primary).
        type: str
        choices: [always, better, failure]
      resend_igmp:
        description: How many membership reports follow a change of port, 0 to 255.
        type: int
      num_peer_notif:
        description: How many announcements follow a change of port, 0 to 255.
        type: int
      all_slaves_active:
        description: Whether frames that come in on inactive ports are accepted.
        type: bool
      min_links:
        description: How many ports have to work before the bond reports carrier.
        type: int
      lp_interval:
        description: Seconds between learning packets of V(balance-tlb) and V(balance-alb).
        type: int
      packets_per_slave:
        description: How many packets V(balance-rr) sends over one port before the next, 0 is random.
        type: int
      ports:
        description: All its ports, interfaces that exist. Others are released.
        type: list
        elements: str
        default: []
      addresses:
        description: All its addresses with prefix length; others are removed.
        type: list
        elements: str
        default: []
      mtu:
        description: Largest packet in bytes. Not given, it is left as it is.
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

- name: Remove every bond that this collection made
  linkagg.wan.bonds:
    bonds: []
    state: absent
    purge: true
"""

RETURN = r"""
before:
  description: The listed and the removed objects as they were.
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
