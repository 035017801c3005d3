#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: wireguard_keys
short_description: Make WireGuard keys on the node
version_added: "0.1.0"
description:
  - Makes a private key for each interface that has none yet, and returns the public keys of all. Private
    keys never leave
    the node, and a key that is there is never replaced.
options:
  interfaces:
    description:
      - Names of the interfaces. Each has a file C(NAME.key) in O(directory).
    type: list
    elements: str
    required: true
  directory:
    description:
      - Where the keys are. It is made if missing, readable by root only.
    type: path
    default: /etc/linkagg/keys
extends_documentation_fragment:
  - linkagg.wan.attributes
requirements:
  - wg (package wireguard-tools)
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: A key for each carrier
  linkagg.wan.wireguard_keys:
    interfaces: [wg-lte1, wg-lte2]
  register: keys
"""

RETURN = r"""
public_keys:
  description: The public key by interface. In check mode a key that would be made is not among them.
  returned: success
  type: dict
  sample: {wg-lte1: "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="}
before:
  description: Interfaces that had a key.
  returned: success
  type: list
  elements: str
after:
  description: Interfaces that have a key; in check mode, that would have one.
  returned: success
  type: list
  elements: str
diff:
  description: What changes, as text.
  returned: success
  type: dict
steps:
  description: What was done, or in check mode would be, one sentence a step.
  returned: success
  type: list
  elements: str
problems:
  description: Everything that stands against the wish, one sentence each.
  returned: failure
  type: list
  elements: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._keys import OPTIONS, outcome, refuse_bad_names, run
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store


def reconcile(module: AnsibleModule, directory: Path, interfaces: list[str]) -> dict[str, Any]:
    """Make what is missing; the module's result."""
    refuse_bad_names(interfaces)
    paths = {name: directory / f"{name}.key" for name in interfaces}
    wg = module.get_bin_path("wg")
    if wg is None and paths:
        raise EngineError(["the program wg is missing on this node: install the package wireguard-tools"])
    before = sorted(name for name, path in paths.items() if path.exists())
    missing = sorted(set(paths) - set(before))
    public_keys = {}
    for name in sorted(paths):
        if name in missing:
            if module.check_mode:
                continue
            store.write_file(paths[name], module.run_command([wg, "genkey"], check_rc=True)[1].encode())
        private_key = paths[name].read_text()
        code, output, _errors = module.run_command([wg, "pubkey"], data=private_key)
        if code:
            raise EngineError([f"{paths[name]} holds no WireGuard private key: restore it, or remove it for a new one"])
        public_keys[name] = output.strip()
    steps = [f"make a private key for {name} in {paths[name]}" for name in missing]
    return outcome(before, sorted(paths), public_keys, steps)


def main() -> None:
    """Run as an Ansible module."""
    run(AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True), "keys", reconcile)


if __name__ == "__main__":
    main()
