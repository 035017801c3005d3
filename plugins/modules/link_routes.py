#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: link_routes
short_description: Give every link its own routing
version_added: "0.1.0"
description:
  - Brings links up, gives them static addresses, and makes routes and policy rules be as described, in one
    conversation
    with the kernel.
  - Routes and rules carry the protocol number 76, and addresses the address protocol 76, by which they are
    known as ours.
    Others are never changed. An address that is there already is left to whoever put it there.
options:
  links:
    default: []
  routes:
    default: []
  rules:
    default: []
extends_documentation_fragment:
  - linkagg.wan.lists.link_routes
  - linkagg.wan.reconcile
  - linkagg.wan.attributes
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: A link with a static address and one with DHCP
  linkagg.wan.link_routes:
    links:
      - interface: wan1
        addresses: [10.0.1.2/24]
      - interface: wwan0
    routes:
      - {destination: default, via: 10.0.1.1, device: wan1, table: 7601}
      - {destination: default, type: blackhole, table: 7601, metric: 65535}
      - {destination: default, via: learn, device: wwan0, table: 7602}
    rules:
      - {priority: 7601, fwmark: 30209, table: 7601}
      - {priority: 7602, fwmark: 30210, table: 7602}
    purge: true

- name: Connections spread over two links by weight, and one application pinned to the second
  linkagg.wan.link_routes:
    links:
      - interface: wan1
        addresses: [10.0.1.2/24]
      - interface: wan2
        addresses: [10.0.2.2/24]
    routes:
      - destination: default
        table: 7600
        initcwnd: 20
        nexthops:
          - {via: 10.0.1.1, device: wan1, weight: 3}
          - {via: 10.0.2.1, device: wan2}
      - {destination: default, via: 10.0.2.1, device: wan2, table: 7602}
    rules:
      - {priority: 7590, ipproto: udp, dport: 5060-5061, table: 7602}
      - {priority: 7600, fwmark: 30208, fwmask: 65280, table: 7600}
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
withdrawn:
  description:
    - Routes that are left out as their link does not answer (O(links[].check)); C(linkagg.service) puts them in once it
      does. They are saved, and no change.
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
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import list_arguments, parse_lists
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MODULES, ROUTING
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, LEARN_OPTIONS, run

if TYPE_CHECKING:
    from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind tables."""
    return {
        **list_arguments(MODULES["link_routes"]),
        **LEARN_OPTIONS,
        **COMMON_OPTIONS,
    }


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def prepare(kernel: NetlinkKernel, want: Sequence[Obj]) -> Sequence[Obj]:
        return kernel.learn_next_hops(want, module.params["learn_timeout_s"], module.check_mode)

    run(module, ROUTING, lambda: parse_lists(MODULES["link_routes"], module.params), prepare)


if __name__ == "__main__":
    main()
