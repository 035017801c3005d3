#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: link_routes_info
short_description: Read addresses, routes and policy rules
version_added: "0.1.0"
description:
  - Returns the links on which an address of ours is, and all routes and rules of ours, in the words of
    M(linkagg.wan.link_routes), which takes the result as it is.
  - A next hop is the one that there is, also where it was learnt.
extends_documentation_fragment:
  - linkagg.wan.info
seealso:
  - module: linkagg.wan.link_routes
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Read what is there
  linkagg.wan.link_routes_info:
  register: found

- name: Read what others have made, too
  linkagg.wan.link_routes_info:
    all: true
  register: everything
"""

RETURN = r"""
links:
  description: The links, with our addresses, as O(linkagg.wan.link_routes#module:links) takes them.
  returned: success
  type: list
  elements: dict
routes:
  description: The routes, as O(linkagg.wan.link_routes#module:routes) takes them.
  returned: success
  type: list
  elements: dict
rules:
  description: The rules, as O(linkagg.wan.link_routes#module:rules) takes them.
  returned: success
  type: list
  elements: dict
others:
  description: The same lists, of what is not ours.
  returned: success, with O(all=true)
  type: dict
  contains:
    links:
      description: As C(links) above.
      type: list
      elements: dict
    routes:
      description: As C(routes) above.
      type: list
      elements: dict
    rules:
      description: As C(rules) above.
      type: list
      elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._info import INFO_OPTIONS, run
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MODULES


def argument_spec() -> dict[str, dict[str, object]]:
    """The module's arguments."""
    return dict(INFO_OPTIONS)


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, MODULES["link_routes"])


if __name__ == "__main__":
    main()
