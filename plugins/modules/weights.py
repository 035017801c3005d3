#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: weights
short_description: Share packets or connections out to a bond's legs by weight
version_added: "0.1.0"
description:
  - Deals what bonds send to their legs in proportion to weights, packet by packet or connection by connection. The
    kernel's bond alone has no weights. Each end of a bond has its own, for what it sends.
  - An nftables table of its own, C(inet linkagg_weights), chooses the leg and marks the packet with it. The mark is
    0x76000000, which has to be the bond's C(queue_mark) in M(linkagg.wan.bonds), plus the C(queue_id) of the leg. While
    the table or the bond's filters are not there, or a leg is down, packets go by the bond's own policy.
  - There are 256 buckets, which the legs share by largest remainder. With a change of weights only those connections
    move whose bucket must.
  - "C(linkagg weights BOND LINK=WEIGHT ...) on the node changes weights at run time, in one transaction; 0 takes a leg
    out of use. That lasts, over restarts and runs of this module, until the planned weights of the bond change, or
    until C(linkagg weights BOND planned)."
  - Where the agent follows what links carry (C(rates) of M(linkagg.wan.agent)), it deals by what it measures for now.
    This module leaves that as it is, and saves what is planned.
options:
  bonds:
    description:
      - All bonds of the node that have weights. The others go by their own policy.
    type: list
    elements: dict
    required: true
    suboptions:
      bond:
        description: The bond's interface.
        type: str
        required: true
      schedule:
        description:
          - V(packet) deals packets, so that a single connection can use all legs and its packets overtake each other.
          - V(flow) deals connections, each of which stays on its leg and in order. The connection's mark keeps where it
            goes, 0xe0000000 plus the number of a bucket; where somebody else uses that mark, a hash decides.
        type: str
        choices: [packet, flow]
        required: true
      legs:
        description: Its legs.
        type: list
        elements: dict
        required: true
        suboptions:
          link:
            description: What to call it.
            type: str
            required: true
          queue:
            description: The C(queue_id) of its port in the bond, 1 to 15.
            type: int
            required: true
          weight:
            description: Its weight beside the others', such as its rate. With 0 it is not used. One has to be above 0.
            type: float
            required: true
extends_documentation_fragment:
  - linkagg.wan.reconcile.persist
  - linkagg.wan.attributes
requirements:
  - nft (package nftables)
  - unshare (package util-linux)
seealso:
  - module: linkagg.wan.bonds
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Connections over two links, three of four over the faster one
  linkagg.wan.weights:
    bonds:
      - bond: agg0
        schedule: flow
        legs:
          - {link: dsl, queue: 1, weight: 30}
          - {link: lte1, queue: 2, weight: 10}

- name: Let all bonds go by their own policy
  linkagg.wan.weights:
    bonds: []
"""

RETURN = r"""
before:
  description: The weights as they were saved, one element a bond.
  returned: success
  type: list
  elements: dict
after:
  description:
    - The weights as they are now; in check mode as they would be. C(weight) is what counts, as measured where links are
      followed, C(planned_weight) what this module was given, C(buckets) how many of the 256 the leg has.
  returned: success
  type: list
  elements: dict
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
from ansible_collections.linkagg.wan.plugins.module_utils._module import PERSIST_OPTIONS, save, told
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.nft import Nft
from ansible_collections.linkagg.wan.plugins.module_utils._persist.lock import locked
from ansible_collections.linkagg.wan.plugins.module_utils._rates import told as rates_told
from ansible_collections.linkagg.wan.plugins.module_utils._weights import saved, table
from ansible_collections.linkagg.wan.plugins.module_utils._weights.apply import apply
from ansible_collections.linkagg.wan.plugins.module_utils._weights.model import SCHEDULES, wanted

LEG = {
    "link": {"type": "str", "required": True},
    "queue": {"type": "int", "required": True},
    "weight": {"type": "float", "required": True},
}
BOND = {
    "bond": {"type": "str", "required": True},
    "schedule": {"type": "str", "required": True, "choices": list(SCHEDULES)},
    "legs": {"type": "list", "elements": "dict", "required": True, "options": LEG},
}


def argument_spec() -> dict[str, Any]:
    """The module's arguments."""
    return {
        "bonds": {"type": "list", "elements": "dict", "required": True, "options": BOND},
        **PERSIST_OPTIONS,
    }


def make_it_so(module: AnsibleModule) -> dict[str, Any]:
    """Apply and save; the module's result."""
    params = module.params
    nft = Nft(
        table.FAMILY,
        table.NAME,
        lambda command, text: module.run_command(command, data=text),
        module.get_bin_path,
    )
    with locked(make=not module.check_mode):
        before = saved.load(params["state_directory"])
        after = wanted(params["bonds"], before)
        dealt = rates_told.read(params["state_directory"]).dealt
        result = apply(nft, before, after, check=module.check_mode, dealt=dealt)
        due = saved.savings(params["state_directory"], after) if params["persist"] else []
        save(module, due, result)
    return told(result, due)


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = make_it_so(module)
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    except PermissionError as exc:
        module.fail_json(msg=f"{exc}: run this module as root (become: true)", problems=[str(exc)])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
