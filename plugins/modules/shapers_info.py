#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: shapers_info
short_description: Read the queueing disciplines of interfaces
version_added: "0.1.0"
description:
  - Returns all shapers of ours, in the words of M(linkagg.wan.shapers), which takes the result as it is.
extends_documentation_fragment:
  - linkagg.wan.info
seealso:
  - module: linkagg.wan.shapers
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Read what is there
  linkagg.wan.shapers_info:
  register: found

- name: Read what others have made, too
  linkagg.wan.shapers_info:
    all: true
  register: everything
"""

RETURN = r"""
shapers:
  description: The shapers, as O(linkagg.wan.shapers#module:shapers) takes them.
  returned: success
  type: list
  elements: dict
  sample:
    - {kind: tbf, interface: wan1, parent: root, rate: 5mbit, burst: 10240, limit: 41490}
others:
  description: The same lists, of what is not ours.
  returned: success, with O(all=true)
  type: dict
  contains:
    shapers:
      description: As C(shapers) above.
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
    run(module, MODULES["shapers"])


if __name__ == "__main__":
    main()
