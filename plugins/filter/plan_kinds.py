# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.plan_kinds"""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_kinds
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.2.0"
short_description: Kinds of interfaces that the nodes of an inventory need
description:
  - Says which kinds of interfaces the kernels of the nodes have to know, for M(linkagg.wan.preflight).
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
    description:
      - Name of the node in it for which to say it, from its own site or, of a concentrator, from its own sites, with
        what only that one needs, such as V(pppoe) where a link is dialled. Without it, all sites count.
    type: str
seealso:
  - plugin: linkagg.wan.plan
    plugin_type: filter
  - module: linkagg.wan.preflight
"""

EXAMPLES = r"""
- name: wireguard, gretap, bond
  ansible.builtin.debug:
    msg: "{{ inventory | linkagg.wan.plan_kinds }}"
  vars:
    inventory:
      concentrators:
        vps: {address: 203.0.113.2}
      sites:
        home: {site_id: 1, links: [{name: lte1, link_id: 1, interface: wwan0}]}
"""

RETURN = r"""
_value:
  description: Names of kinds as M(linkagg.wan.preflight) takes them.
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.queries import interface_kinds


def plan_kinds(data: Any, host: str | None = None) -> list[str]:
    """See DOCUMENTATION."""
    return interface_kinds(data, host)


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"plan_kinds": plan_kinds}
