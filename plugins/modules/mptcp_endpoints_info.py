#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mptcp_endpoints_info
short_description: Read MPTCP endpoints and limits
version_added: "0.1.0"
description:
  - Returns all endpoints of ours and the limits, in the words of M(linkagg.wan.mptcp_endpoints), which takes the
    result as it is.
  - On a kernel without MPTCP there are none.
extends_documentation_fragment:
  - linkagg.wan.info
seealso:
  - module: linkagg.wan.mptcp_endpoints
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Read what is there
  linkagg.wan.mptcp_endpoints_info:
  register: found

- name: Read what others have made, too
  linkagg.wan.mptcp_endpoints_info:
    all: true
  register: everything
"""

RETURN = r"""
endpoints:
  description: The endpoints, as O(linkagg.wan.mptcp_endpoints#module:endpoints) takes them.
  returned: success
  type: list
  elements: dict
limits:
  description:
    - The limits, as O(linkagg.wan.mptcp_endpoints#module:limits) takes them. Empty on a kernel without MPTCP.
  returned: success
  type: dict
  sample: {subflows: 2, add_addr_accepted: 0}
others:
  description: The same lists, of what is not ours.
  returned: success, with O(all=true)
  type: dict
  contains:
    endpoints:
      description: As C(endpoints) above.
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
    run(module, MODULES["mptcp_endpoints"], single=("limits",))


if __name__ == "__main__":
    main()
