#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnels_info
short_description: Read tunnels, WireGuard, GRE and vxlan interfaces
version_added: "0.1.0"
description:
  - Returns all tunnels of ours, with their options in the words of M(linkagg.wan.tunnels), which takes the result
    as it is.
  - Private and preshared keys are not told, and the kernel does not know their files. Where
    O(linkagg.wan.tunnels#module:tunnels[].private_key_file) is not the default, it is to be added, and so is
    O(linkagg.wan.tunnels#module:tunnels[].peers[].preshared_key_file).
extends_documentation_fragment:
  - linkagg.wan.info
seealso:
  - module: linkagg.wan.tunnels
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Read what is there
  linkagg.wan.tunnels_info:
  register: found

- name: Read what others have made, too
  linkagg.wan.tunnels_info:
    all: true
  register: everything
"""

RETURN = r"""
tunnels:
  description: The tunnels, as O(linkagg.wan.tunnels#module:tunnels) takes them.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: vxlan
      name: leg0-lte1
      local: 10.208.0.65
      remote: 10.208.0.1
      vni: 513
      port: 4789
      ttl: 64
      mtu: 1398
      up: true
      alias: linkagg.wan
others:
  description: The same lists, of what is not ours.
  returned: success, with O(all=true)
  type: dict
  contains:
    tunnels:
      description: As C(tunnels) above.
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
    run(module, MODULES["tunnels"])


if __name__ == "__main__":
    main()
