#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nft_table
short_description: Make one nftables table be as written
version_added: "0.1.0"
description:
  - Makes one table have exactly the content that is given, atomically. Other tables are not touched.
  - To compare, the wanted content is loaded in a network namespace of its own, listed there, and thrown
    away. So any way to
    write the same thing is the same, and a mistake in it is found before anything is touched.
options:
  family:
    description:
      - The address family of the table.
    type: str
    choices: [ip, ip6, inet, arp, bridge, netdev]
    default: inet
  name:
    description:
      - Name of the table.
    type: str
    default: linkagg
  content:
    description:
      - The whole table, C(table inet linkagg { ... }), as C(nft -f) reads it. Interfaces have to be named as
        text (C(iifname),
        C(oifname)), as they do not exist in the other namespace.
      - Required with O(state=present).
    type: str
  state:
    description:
      - V(present) makes it be as written, V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - linkagg.wan.attributes
requirements:
  - nft (package nftables)
  - unshare (package util-linux)
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Clamp the MSS over the bond
  linkagg.wan.nft_table:
    content: |
      table inet linkagg {
        chain forward {
          type filter hook forward priority mangle; policy accept;
          oifname "agg0" tcp flags syn tcp option maxseg size set rt mtu
        }
      }
"""

RETURN = r"""
before:
  description: The table as it was, empty if there was none.
  returned: success
  type: str
after:
  description: The table as it is now; in check mode as it would be.
  returned: success
  type: str
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError

FAMILIES = ["ip", "ip6", "inet", "arp", "bridge", "netdev"]


class Nft:
    """The nft program and the one table it is asked about."""

    def __init__(self, module: AnsibleModule, family: str, name: str) -> None:
        self._module = module
        self._table = f"{family} {name}"
        self._nft = self._program("nft", "nftables")

    def _program(self, name: str, package: str) -> str:
        path = self._module.get_bin_path(name)
        if path is None:
            raise EngineError([f"the program {name} is missing on this node: install the package {package}"])
        return path

    def live(self) -> str:
        """The table as the kernel has it, without counters; empty if there is none."""
        code, output, errors = self._module.run_command([self._nft, "-s", "list", "table", *self._table.split()])
        if code and "No such file" not in errors:
            raise EngineError([f"table {self._table} could not be listed: {errors.strip()}"])
        return "" if code else output

    def rendered(self, content: str) -> str:
        """What the kernel would list for this content. EngineError with nft's words if it is wrong."""
        listing = f"{{ {self._nft} -s list table {self._table} 2>/dev/null || :; }}"
        script = f"{self._nft} -f - && {self._nft} list tables && {listing}"
        command = [self._program("unshare", "util-linux"), "--net", "--", "sh", "-c", script]
        code, output, errors = self._module.run_command(command, data=content)
        if code:
            raise EngineError([f"content: {errors.strip()}"])
        lines = output.splitlines(keepends=True)
        tables = [line.strip() for line in lines if line.startswith("table ") and not line.rstrip().endswith("{")]
        others = [table for table in tables if table != f"table {self._table}"]
        if others:
            raise EngineError([f"content: makes {', '.join(others)}, but only table {self._table} is managed here"])
        if not tables:
            raise EngineError([f"content: makes no table {self._table}"])
        return "".join(lines[len(tables) :])

    def load(self, content: str) -> None:
        """Replace the table in one transaction; empty content removes it."""
        script = f"table {self._table}\ndelete table {self._table}\n{content}\n"
        code, _output, errors = self._module.run_command([self._nft, "-f", "-"], data=script)
        if code:
            raise EngineError([f"table {self._table} could not be loaded, nothing was changed: {errors.strip()}"])


def reconcile(nft: Nft, table: str, content: str, check: bool) -> dict[str, Any]:
    """Make the table have that content (empty: no table); the module's result."""
    before = nft.live()
    after = nft.rendered(content) if content else ""
    changed = before != after
    if changed and not check:
        nft.load(content)
        if nft.live() != after:
            raise EngineError([f"read back after loading, table {table} is not as written: {nft.live()}"])
    verb = "replace" if before and after else "create" if after else "remove"
    return {
        "changed": changed,
        "before": before,
        "after": after,
        "diff": {"before": before, "after": after},
        "steps": [f"{verb} table {table}"] if changed else [],
    }


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "family": {"type": "str", "choices": FAMILIES, "default": "inet"},
            "name": {"type": "str", "default": "linkagg"},
            "content": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["content"])],
        supports_check_mode=True,
    )
    family, name, content = (module.params[key] for key in ("family", "name", "content"))
    if module.params["state"] == "absent":
        content = ""
    try:
        result = reconcile(Nft(module, family, name), f"{family} {name}", content, module.check_mode)
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
