# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.plan_ports"""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_ports
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.2.0"
short_description: Ports of a concentrator that an inventory needs
description:
  - Says at which ports of a concentrator carriers and legs are to listen, and which are to be forwarded, for
    M(linkagg.wan.preflight).
  - The data need not have been checked. What cannot be read in it is passed over.
requirements:
  - netaddr on the controller
positional: _input
options:
  _input:
    description: The same as the input of P(linkagg.wan.plan#filter).
    type: dict
    required: true
  host:
    description: The concentrator. For any other host there are none.
    type: str
    required: true
seealso:
  - plugin: linkagg.wan.plan
    plugin_type: filter
  - module: linkagg.wan.preflight
"""

EXAMPLES = r"""
- name: UDP port 51820, and TCP port 443
  ansible.builtin.debug:
    msg: "{{ inventory | linkagg.wan.plan_ports(host='vps') }}"
  vars:
    inventory:
      concentrators:
        vps: {address: 203.0.113.2}
      sites:
        home:
          site_id: 1
          lan: {subnets: [192.168.1.0/24]}
          links: [{name: lte1, link_id: 1, interface: wwan0}]
          forwards: [{port: 443, to: 192.168.1.10}]
"""

RETURN = r"""
_value:
  description: What M(linkagg.wan.preflight) takes as O(linkagg.wan.preflight#module:ports).
  type: list
  elements: dict
"""

from typing import Any

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.ports import ports_of


def plan_ports(data: Any, host: str) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    return ports_of(data, host)


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"plan_ports": plan_ports}
