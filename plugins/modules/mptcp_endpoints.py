#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mptcp_endpoints
short_description: Tell MPTCP which addresses to make subflows from
version_added: "0.1.0"
description:
  - Makes the endpoints and limits of the kernel's MPTCP path manager be as described, in one conversation with the
    kernel. What C(ip mptcp) shows is what this module sets.
  - The flags O(endpoints[].backup) and O(endpoints[].fullmesh) and the limits are changed in place, with the subflows
    that there are. If an endpoint has to be made again, the result says so; its subflows end.
  - The kernel keeps no owner of an endpoint. An endpoint is ours if its device is one of ours, or if its address is on
    an interface of ours or is one of ours on somebody else's. Others are not changed, and not removed by O(purge). One
    that is exactly as listed is taken for the listed one, whoever made it.
  - An endpoint whose address and device are both gone is not known as ours any more. Remove endpoints before the
    interfaces that they are on.
  - If a step fails, what was done before it in this run is undone. After all steps the kernel is read back and
    compared.
options:
  endpoints:
    description:
      - The endpoints. Address and port tell them apart.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The address, IPv4 or IPv6.
        type: str
        required: true
      port:
        description:
          - The port that is announced with the address, and on which the kernel then listens. 0 is that of the
            connection. It goes with O(endpoints[].signal) and without O(endpoints[].subflow).
        type: int
        default: 0
      device:
        description: The interface that subflows from this address are bound to. Without it, routing decides.
        type: str
      signal:
        description: Whether the other side is told of the address.
        type: bool
        default: false
      subflow:
        description: Whether subflows are made from this address.
        type: bool
        default: false
      backup:
        description: Whether its subflows are used only while there is no other.
        type: bool
        default: false
      fullmesh:
        description:
          - Whether a subflow is made to every address that the other side announces. It does not go with
            O(endpoints[].signal).
        type: bool
        default: false
      id:
        description: Its number, 1 to 255. Without it, the kernel chooses one, and it stays.
        type: int
  limits:
    description:
      - The limits of every connection. One that is not given is left as it is.
      - With O(state=absent), the limits given here go back to what the kernel starts with, C(2) subflows and C(0)
        addresses.
    type: dict
    suboptions:
      subflows:
        description: How many subflows a connection may have besides its first. Kernels of today allow 8 at most.
        type: int
      add_addr_accepted:
        description: How many addresses announced by the other side are used. Kernels of today allow 8 at most.
        type: int
extends_documentation_fragment:
  - linkagg.wan.attributes
  - linkagg.wan.reconcile
seealso:
  - module: linkagg.wan.link_routes
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: A subflow over each of two carriers
  linkagg.wan.mptcp_endpoints:
    endpoints:
      - {address: 10.208.0.65, device: wg-lte1, subflow: true}
      - {address: 10.208.0.66, device: wg-lte2, subflow: true, backup: true}
    limits: {subflows: 2, add_addr_accepted: 0}
    purge: true

- name: Remove every endpoint of ours
  linkagg.wan.mptcp_endpoints:
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
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import (
    argument_options,
    list_arguments,
    parse_lists,
)
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MODULES, MPTCP
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.mptcp import reserving_ids
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, run


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind tables."""
    endpoints = list_arguments({"endpoints": MODULES["mptcp_endpoints"]["endpoints"]})
    limits = {"type": "dict", "options": argument_options(MODULES["mptcp_endpoints"]["limits"])}
    return {**endpoints, "limits": limits, **COMMON_OPTIONS}


def parse(params: dict[str, Any]) -> list[Obj]:
    """Endpoints and limits. EngineError with the problems of both."""
    return parse_lists(MODULES["mptcp_endpoints"], {**params, "limits": [params["limits"]] if params["limits"] else []})


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, MPTCP, lambda: parse(module.params), lambda _kernel, want: reserving_ids(want))


if __name__ == "__main__":
    main()
