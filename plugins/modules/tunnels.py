#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnels
short_description: Make carriers and legs, WireGuard, gretap, ip6gretap and vxlan interfaces
version_added: "0.1.0"
description:
  - Makes a whole list of tunnels be as described, in one conversation with the kernel.
  - A carrier (WireGuard) crosses the internet over one link; a leg (gretap, ip6gretap or vxlan) is the
    Ethernet-type tunnel inside it that a bond can take in.
  - What the kernel can change in place is changed in place. If a tunnel has to be made again, the result
    says so.
  - Interfaces that this module makes carry an alias that begins with C(linkagg.wan). Others are never
    changed.
options:
  tunnels:
    required: true
extends_documentation_fragment:
  - linkagg.wan.lists.tunnels
  - linkagg.wan.reconcile
  - linkagg.wan.attributes
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: A key for the carrier, which stays on the node
  linkagg.wan.wireguard_keys:
    interfaces: [wg-lte1]

- name: One carrier and the leg inside it
  linkagg.wan.tunnels:
    tunnels:
      - kind: wireguard
        name: wg-lte1
        mtu: 1440
        addresses: [10.208.0.65/32]
        fwmark: 30209
        peers:
          - public_key: "{{ concentrator_public_key }}"
            endpoint: 203.0.113.2:51820
            allowed_ips: [0.0.0.0/0]
            persistent_keepalive_s: 15
      - kind: gretap
        name: leg0-lte1
        local: 10.208.0.65
        remote: 10.208.0.1
        key: 513
        mtu: 1398

- name: A leg over IPv6, and one over UDP
  linkagg.wan.tunnels:
    tunnels:
      - kind: ip6gretap
        name: leg0-dsl1
        local: fd00:208::41
        remote: fd00:208::1
        key: 513
        mtu: 1358
      - kind: vxlan
        name: leg0-cable1
        local: 10.208.0.66
        remote: 10.208.0.1
        vni: 514
        port_range: 40000-40999
        mtu: 1390

- name: Remove every tunnel that this collection made
  linkagg.wan.tunnels:
    tunnels: []
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

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import argument_options, parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, run
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.keys import with_keys

KINDS = list(TUNNELS.values())


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind tables."""
    item = argument_options(KINDS)
    return {"tunnels": {"type": "list", "elements": "dict", "required": True, "options": item}, **COMMON_OPTIONS}


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def prepare(_kernel: object, want: Sequence[Obj]) -> Sequence[Obj]:
        return with_keys(want, module.check_mode)

    run(module, TUNNELS, lambda: parse_items("tunnels", KINDS, module.params["tunnels"]), prepare)


if __name__ == "__main__":
    main()
