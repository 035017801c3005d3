#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnels
short_description: Make carriers and legs, WireGuard, gretap and vxlan interfaces
version_added: "0.1.0"
description:
  - Makes a whole list of tunnels be as described, in one conversation with the kernel.
  - A carrier (WireGuard) crosses the internet over one link; a leg (gretap or vxlan) is the Ethernet-type
    tunnel inside
    it that a bond can take in.
  - What the kernel can change in place is changed in place. If a tunnel has to be made again, the result
    says so.
  - Interfaces that this module makes carry an alias that begins with C(linkagg.wan). Others are never
    changed.
options:
  tunnels:
    description:
      - The tunnels, carriers before the legs that use them.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [wireguard, gretap, vxlan]
        required: true
      name:
        description: Name of the interface, at most 15 characters.
        type: str
        required: true
      mtu:
        description: Largest packet in bytes. Not given, it is left as it is.
        type: int
      up:
        description: Whether the interface is up. Without it, it is.
        type: bool
      alias:
        description: Its description. Has to begin with C(linkagg.wan), which is also what it is without this
          option.
        type: str
      addresses:
        description: For V(wireguard), all its addresses with prefix length; others are removed.
        type: list
        elements: str
      listen_port:
        description: For V(wireguard), the UDP port. 0, as without it, leaves the choice to the kernel.
        type: int
      fwmark:
        description: For V(wireguard), the mark on its own packets, for policy rules. 0, as without it, is
          none.
        type: int
      private_key_file:
        description:
          - For V(wireguard), the file on the node with its private key, as M(linkagg.wan.wireguard_keys)
            makes it.
          - Without it, C(/etc/linkagg/keys/NAME.key).
        type: path
      peers:
        description: For V(wireguard), all its peers; others are removed.
        type: list
        elements: dict
        suboptions:
          public_key:
            description:
              - The peer's public key. Without it, whatever peer has exactly these
                O(tunnels[].peers[].allowed_ips) is
                left as it is, and if there is none, none is made.
            type: str
          endpoint:
            description:
              - Where it is, C(address:port) or C([address]:port). Without it, the kernel learns it from its
                packets.
            type: str
          allowed_ips:
            description: The networks behind it. They are what tells peers apart.
            type: list
            elements: str
            required: true
          persistent_keepalive_s:
            description: Seconds between keepalives. 0, as without it, is none.
            type: int
      local:
        description: For V(gretap) and V(vxlan), the own outer address.
        type: str
      remote:
        description: For V(gretap) and V(vxlan), the other end's outer address.
        type: str
      key:
        description: For V(gretap), the GRE key, 0 to 4294967295. Without it, there is none or it is left as
          it is.
        type: int
      ttl:
        description: For V(gretap) and V(vxlan), time to live of outer packets. Without it, 64.
        type: int
      vni:
        description: For V(vxlan), its number, 0 to 16777215. It cannot be changed in place.
        type: int
      port:
        description: For V(vxlan), the UDP port. Without it, 4789. It cannot be changed in place.
        type: int
extends_documentation_fragment:
  - linkagg.wan.reconcile
  - linkagg.wan.attributes
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
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

- name: Remove every tunnel that this collection made
  linkagg.wan.tunnels:
    tunnels: []
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

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import argument_options, parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, run
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.keys import with_private_keys

KINDS = list(TUNNELS.values())


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind tables."""
    item = argument_options(KINDS)
    return {"tunnels": {"type": "list", "elements": "dict", "required": True, "options": item}, **COMMON_OPTIONS}


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def prepare(_kernel: object, want: Sequence[Obj]) -> Sequence[Obj]:
        return with_private_keys(want, module.check_mode)

    run(module, TUNNELS, lambda: parse_items("tunnels", KINDS, module.params["tunnels"]), prepare)


if __name__ == "__main__":
    main()
