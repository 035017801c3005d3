# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.link_subnets"""

from __future__ import annotations

DOCUMENTATION = r"""
name: link_subnets
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.2.0"
short_description: The subnets of the links of a site, or of all sites
description:
  - Lists the links of the inventory with the subnets between gateway and modem, for firewall rules, monitoring or
    checks of your own.
  - The subnet of a link with a static address is known from the inventory. That of any other is known only to the
    node, and is in the result if O(facts) tell it.
  - Only the links are read. Mistakes in them are reported all at once, one per line; P(linkagg.wan.plan#filter)
    checks the rest.
requirements:
  - netaddr on the controller
  - jmespath on the controller
positional: _input
options:
  _input:
    description:
      - The C(linkagg_site) of one host, or a dictionary with C(sites), from the name of a host to its
        C(linkagg_site), as P(linkagg.wan.plan#filter) takes it.
    type: dict
    required: true
  facts:
    description:
      - What is known of the nodes. Either Ansible's facts (C(ansible_facts) with the network gathered), or the result
        of M(linkagg.wan.preflight).
      - For one C(linkagg_site) those of its host, for C(sites) a dictionary from the names of hosts to theirs.
    type: dict
    default: {}
seealso:
  - plugin: linkagg.wan.plan
    plugin_type: filter
  - module: linkagg.wan.preflight
"""

EXAMPLES = r"""
- name: Let the web interfaces of modems be reached from the LAN
  ansible.builtin.debug:
    msg: "{{ links | map(attribute='subnets') | flatten | unique }}"
  vars:
    links: "{{ linkagg_site | linkagg.wan.link_subnets(facts=ansible_facts) }}"
    linkagg_site:
      site_id: 1
      links:
        - {name: lte1, link_id: 1, interface: wwan0, address: dhcp}
        - {name: dsl, link_id: 2, interface: eth1, address: 10.0.1.2/24, next_hop: 10.0.1.1}

- name: Links of all sites whose subnet is not known
  ansible.builtin.debug:
    msg: "{{ {'sites': sites} | linkagg.wan.link_subnets | rejectattr('subnets') | map(attribute='interface') }}"
  vars:
    sites:
      home: {site_id: 1, links: [{name: lte, link_id: 1, interface: wwan0, address: dhcp}]}
      cabin: {site_id: 2, links: [{name: lte, link_id: 1, interface: wwan0}]}
"""

RETURN = r"""
_value:
  description: One element for each link, by C(site_id) and C(link_id).
  type: list
  elements: dict
  contains:
    site:
      description: The name of the host; none if one C(linkagg_site) was given.
      type: str
    site_id:
      description: Number of the site.
      type: int
    link:
      description: Name of the link.
      type: str
    link_id:
      description: Number of the link.
      type: int
    interface:
      description: The link's interface on the gateway.
      type: str
    address:
      description:
        - As in the inventory, that is V(dhcp), V(pppoe), V(unmanaged), or the static address with prefix length.
      type: str
    next_hop:
      description: The modem's own address if the inventory has it, else none.
      type: str
    subnets:
      description: The subnets of the link, IPv4 before IPv6, without link-local ones. Empty if none is known.
      type: list
      elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.links import list_link_subnets
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.problems import PlanError


def link_subnets(data: Any, facts: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """See DOCUMENTATION. Raises AnsibleFilterError with every mistake on a line of its own."""
    try:
        return list_link_subnets(data, facts)
    except PlanError as exc:
        raise AnsibleFilterError(exc.report()) from exc


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"link_subnets": link_subnets}
