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
      - What sets with C(flags timeout) hold is not compared, and stays when the table is replaced.
    type: str
  names:
    description:
      - Domains by the name of a set of the table, of type C(ipv4_addr) or C(ipv6_addr) and with C(flags timeout), that
        is to hold their addresses, as this node's resolver tells them. That a set has got more of them is no change.
      - C(linkagg names) looks them up again. An address stays for a day after the last look that found it.
    type: dict
  state:
    description:
      - V(present) makes it be as written, V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - linkagg.wan.reconcile.persist
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
saved:
  description: What was saved of the table before, with the options of this module; empty if nothing was.
  returned: success
  type: dict
unresolved:
  description: Domains of O(names) that have no address now, one sentence each; also given as warnings.
  returned: success
  type: list
  elements: str
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
from ansible_collections.linkagg.wan.plugins.module_utils._module import PERSIST_OPTIONS, save, told
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.nft import PART, Nft, reconcile, table_key
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store
from ansible_collections.linkagg.wan.plugins.module_utils._persist.lock import locked
from ansible_collections.linkagg.wan.plugins.module_utils._persist.saving import Saving, saving
from ansible_collections.linkagg.wan.plugins.module_utils._persist.store import Stored

FAMILIES = ["ip", "ip6", "inet", "arp", "bridge", "netdev"]


def argument_spec() -> dict[str, Any]:
    """The module's arguments."""
    return {
        "family": {"type": "str", "choices": FAMILIES, "default": "inet"},
        "name": {"type": "str", "default": "linkagg"},
        "content": {"type": "str"},
        "names": {"type": "dict"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **PERSIST_OPTIONS,
    }


def make_it_so(module: AnsibleModule) -> dict[str, Any]:
    """Reconcile and save; the module's result."""
    params = module.params
    nft = Nft(
        params["family"],
        params["name"],
        lambda command, text: module.run_command(command, data=text),
        module.get_bin_path,
    )
    content = params["content"] if params["state"] == "present" else ""
    with locked(make=not module.check_mode):
        stored = store.read(params["state_directory"], PART)
        result = reconcile(nft, content, module.check_mode, params["names"])
        due = _savings(params, stored)
        save(module, due, result)
    for problem in result["unresolved"]:
        module.warn(problem)
    saved = next((item for item in stored.items if table_key(item) == table_key(params)), {})
    return {**told(result, due), "saved": saved}


def _savings(params: dict[str, Any], stored: Stored) -> list[Saving]:
    if not params["persist"]:
        return []
    item = {name: params[name] for name in ("family", "name", "content")}
    item |= {"names": params["names"]} if params["names"] else {}
    due = saving(params["state_directory"], PART, table_key, [item], stored, state=params["state"])
    return [due] if due else []


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_if=[("state", "present", ["content"])],
        supports_check_mode=True,
    )
    try:
        result = make_it_so(module)
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    except PermissionError as exc:
        module.fail_json(msg=f"{exc}: run this module as root (become: true)", problems=[str(exc)])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
