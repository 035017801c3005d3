# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.plan_problems"""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_problems
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.1.0"
short_description: List every mistake of the inventory, and of the nodes
description:
  - Finds the mistakes that P(linkagg.wan.plan#filter) would raise, as a list of texts, together with what
    M(linkagg.wan.preflight) found on the nodes, so that all can be reported at once.
requirements:
  - netaddr on the controller
  - jmespath on the controller
positional: _input
options:
  _input:
    description: The same as the input of P(linkagg.wan.plan#filter).
    type: dict
    required: true
  preflight:
    description: Lists of problems as M(linkagg.wan.preflight) returns them, by host.
    type: dict
    default: {}
  addresses:
    description:
      - Addresses of interfaces as M(linkagg.wan.preflight) returns them, by host and interface.
      - Those of links without a static address are held against the LAN and what is used of the pools, since a
        modem may give out what is taken.
    type: dict
    default: {}
seealso:
  - plugin: linkagg.wan.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Stop if anything is wrong
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems }}"
  vars:
    problems: "{{ inventory | linkagg.wan.plan_problems(preflight={'home': []}) }}"
    inventory:
      concentrators:
        vps: {address: 203.0.113.2}
      sites:
        home: {site_id: 1, links: [{name: lte1, link_id: 1, interface: wwan0}]}
"""

RETURN = r"""
_value:
  description: One text for each mistake; empty when there is none.
  type: list
  elements: str
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import list_problems


def plan_problems(
    data: Any,
    preflight: Mapping[str, Sequence[str]] | None = None,
    addresses: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
) -> list[str]:
    """See DOCUMENTATION."""
    return list_problems(data, preflight, addresses)


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"plan_problems": plan_problems}
