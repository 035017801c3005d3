#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network
short_description: Make tunnels, bonds and the routing over them in one go
version_added: "0.1.0"
description:
  - Does what M(linkagg.wan.tunnels), M(linkagg.wan.bonds), M(linkagg.wan.link_routes) and M(linkagg.wan.shapers) do,
    with the same lists, in one conversation with the kernel. It is one step for a node that runs on what it changes,
    and if a part of it fails all of it is undone.
  - Only lists that are given are looked at, O(links), O(routes) and O(rules) together. O(purge) removes nothing of
    the others.
options:
  late_interfaces:
    description:
      - Interfaces that something else makes, such as a daemon, and that need not be there yet. What names one that is
        not there, or that is down and not brought up here by O(links) or as a port of O(bonds), is left to the agent of
        the node, see M(linkagg.wan.agent), which completes it when it comes.
      - In check mode they are taken to be there.
    type: list
    elements: str
    default: []
  await_daemons:
    description:
      - Whether to wait, once all of it is there, for the daemons that M(linkagg.wan.daemons) has started before it
        although they need it, such as the routes of their links (its option C(needs_network)).
      - When one of them fails, or its other end refuses it, all that this module and that one have changed is undone,
        and the error has its last words. One that is only late is a warning.
    type: bool
    default: false
extends_documentation_fragment:
  - linkagg.wan.lists.tunnels
  - linkagg.wan.lists.bonds
  - linkagg.wan.lists.link_routes
  - linkagg.wan.lists.shapers
  - linkagg.wan.reconcile
  - linkagg.wan.attributes
seealso:
  - module: linkagg.wan.tunnels
  - module: linkagg.wan.bonds
  - module: linkagg.wan.link_routes
  - module: linkagg.wan.shapers
  - module: linkagg.wan.daemons
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: A leg, a bond over it, and what goes over the bond
  linkagg.wan.network:
    tunnels:
      - kind: vxlan
        name: leg0-lte1
        local: 10.208.0.65
        remote: 10.208.0.1
        vni: 513
        mtu: 1390
    bonds:
      - name: agg0
        mode: balance-xor
        xmit_hash_policy: layer3+4
        mtu: 1390
        addresses: [10.200.0.34/30]
        ports: [leg0-lte1]
    routes:
      - {destination: default, via: 10.200.0.33, device: agg0, table: 7600}
    rules:
      - {priority: 7900, from: 192.168.1.0/24, table: 7600}
    purge: true

- name: Remove all of these that this collection made
  linkagg.wan.network:
    tunnels: []
    bonds: []
    routes: []
    state: absent
    purge: true
"""

RETURN = r"""
before:
  description: The changed and the removed objects as they were.
  returned: success
  type: list
  elements: dict
after:
  description: The listed objects as they are now; in check mode as they would be.
  returned: success
  type: list
  elements: dict
diff:
  description: What changes, as text.
  returned: success
  type: dict
  contains:
    before:
      description: As it was.
      type: str
    after:
      description: As it is now.
      type: str
steps:
  description: What was done, or in check mode would be, one sentence a step, in this order.
  returned: success
  type: list
  elements: str
withdrawn:
  description:
    - Routes that are left out as their link does not answer (O(links[].check)); C(linkagg.service) puts them in once it
      does. They are saved, and no change.
  returned: success
  type: list
  elements: str
followed:
  description:
    - Shapers with the rate that C(linkagg.service) has given them for now, as they follow what their link carries. The
      planned rate is saved, and no change.
  returned: success
  type: list
  elements: str
problems:
  description: Everything that stands against the wish, one sentence each; I(msg) has the same as one text.
  returned: failure
  type: list
  elements: str
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._agent.converge import possible
from ansible_collections.linkagg.wan.plugins.module_utils._daemons import trial
from ansible_collections.linkagg.wan.plugins.module_utils._daemons.node import Node
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import Kinds, referenced_devices
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import list_arguments, parse_lists
from ansible_collections.linkagg.wan.plugins.module_utils._engine.tables import Kind
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BOND, MODULES, UPLINK
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, LEARN_OPTIONS, run
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.keys import with_keys

if TYPE_CHECKING:
    from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel

PARTS = ("tunnels", "bonds", "link_routes", "shapers")
LATE_OPTIONS: dict[str, Any] = {
    "late_interfaces": {"type": "list", "elements": "str", "default": []},
    "await_daemons": {"type": "bool", "default": False},
}


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind tables."""
    lists = {name: kinds for part in PARTS for name, kinds in MODULES[part].items()}
    return {**list_arguments(lists, empty=False), **LATE_OPTIONS, **LEARN_OPTIONS, **COMMON_OPTIONS}


def given(params: Mapping[str, Any]) -> dict[str, tuple[Kind, ...]]:
    """The lists to look at: all of a part of which one is given."""
    parts = [MODULES[part] for part in PARTS if any(params[name] is not None for name in MODULES[part])]
    return {name: kinds for lists in parts for name, kinds in lists.items()}


def without_late(kernel: NetlinkKernel, kinds: Kinds, want: Sequence[Obj], late: Collection[str]) -> Sequence[Obj]:
    """What can be made while late interfaces are missing, or not up yet, as pppd's while it still negotiates; of any
    other the engine says that it is missing."""
    raised = {obj.attrs["interface"] for obj in want if obj.kind == UPLINK.name and obj.attrs["up"]}
    raised |= {port for obj in want if obj.kind == BOND.name for port in obj.attrs["ports"]}
    usable = {name for name, (_index, up) in kernel.interfaces().items() if up or name in raised or name not in late}
    there = usable | (referenced_devices(want, kinds).keys() - set(late))
    missing = set(late) - there
    if not missing:
        return want
    naming = {obj.key for name, users in referenced_devices(want, kinds).items() if name in missing for obj in users}
    ready, _left = possible([obj for obj in want if obj.key in naming], kinds, there)
    reduced = {obj.key: obj for obj in ready}
    return [reduced.get(obj.key, obj) for obj in want if obj.key not in naming or obj.key in reduced]


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    lists = given(module.params)

    kinds = {kind.name: kind for group in lists.values() for kind in group}
    late = module.params["late_interfaces"]

    def prepare(kernel: NetlinkKernel, want: Sequence[Obj]) -> Sequence[Obj]:
        now = want if module.check_mode else without_late(kernel, kinds, want, late)
        known = kernel.learn_next_hops(now, module.params["learn_timeout_s"], module.check_mode)
        return with_keys(known, module.check_mode)

    def wanted() -> Sequence[Obj]:
        return parse_lists(lists, {name: module.params[name] or [] for name in lists})

    def confirm(stopped: Callable[[], str]) -> None:
        def node(since: float) -> Node:
            return Node(lambda command: module.run_command(list(command)), since=since)

        for sentence in trial.end(node, stopped) if module.params["await_daemons"] else ():
            module.warn(sentence)

    run(module, kinds, wanted, prepare, late=late, confirm=confirm)


if __name__ == "__main__":
    main()
