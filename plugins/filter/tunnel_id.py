# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.tunnel_id"""

from __future__ import annotations

DOCUMENTATION = r"""
name: tunnel_id
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.1.0"
short_description: Number of a leg, its GRE key or VNI
description:
  - The number that tells a leg from every other, made of the ids of its site (14 bits), bond (3 bits) and
    link (6 bits). It fits a GRE key (32 bits) and a VXLAN network identifier (24 bits).
positional: _input, link_id, bond_id
options:
  _input:
    description: C(site_id), 0 to 16383.
    type: int
    required: true
  link_id:
    description: Number of the link within its site, 0 to 62.
    type: int
    required: true
  bond_id:
    description: Number of the bond within its site, 0 to 7.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: The key of link 1 of site 1 in its first bond, 513
  ansible.builtin.debug:
    msg: "{{ 1 | linkagg.wan.tunnel_id(link_id=1) }}"
"""

RETURN = r"""
_value:
  description: The tunnel id.
  type: int
"""

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import numbers


def tunnel_id(site_id: int, link_id: int, bond_id: int = 0) -> int:
    """See DOCUMENTATION. Raises AnsibleFilterError when an id does not fit."""
    try:
        return numbers.tunnel_id(site_id, bond_id, link_id)
    except ValueError as exc:
        raise AnsibleFilterError(f"linkagg.wan.tunnel_id: {exc}") from exc


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"tunnel_id": tunnel_id}
