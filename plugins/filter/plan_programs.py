# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.plan_programs"""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_programs
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.2.0"
short_description: Programs that a node of an inventory needs
description:
  - Says which programs a node has to have, with the Debian packages that have them, for M(linkagg.wan.preflight).
  - The data need not have been checked. What cannot be read in it is passed over.
requirements:
  - jmespath on the controller
positional: _input, host
options:
  _input:
    description: The same as the input of P(linkagg.wan.plan#filter).
    type: dict
    required: true
  host:
    description: Name of the node in it.
    type: str
    required: true
seealso:
  - plugin: linkagg.wan.plan_kinds
    plugin_type: filter
  - module: linkagg.wan.preflight
"""

EXAMPLES = r"""
- name: nft with the package nftables, wg with wireguard-tools
  ansible.builtin.debug:
    msg: "{{ inventory | linkagg.wan.plan_programs('home') }}"
  vars:
    inventory:
      concentrators:
        vps: {address: 203.0.113.2}
      sites:
        home: {site_id: 1, links: [{name: lte1, link_id: 1, interface: wwan0}]}
"""

RETURN = r"""
_value:
  description: The package of each program.
  type: dict
"""

from typing import Any

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.queries import programs


def plan_programs(data: Any, host: str) -> dict[str, str]:
    """See DOCUMENTATION."""
    return programs(data, host)


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"plan_programs": plan_programs}
