#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: shapers
short_description: Shape what interfaces send, and keep their queues short
version_added: "0.1.0"
description:
  - Makes the queueing disciplines of a whole list of interfaces, and their classes, be as described, in one
    conversation with the kernel. What C(tc qdisc) and C(tc class) show is what this module sets.
  - The interfaces can be anybody's, modems too. One that goes takes its shaper along.
  - Options are changed in place, packets that wait go on waiting. An option that is not given has its default. Another
    kind, and another number of O(shapers[].flows), take a new shaper; the result says so.
  - Shapers that this module makes have a handle from C(7600:) to C(76ff:), or are in a class of one of them. What the
    kernel puts on an interface by itself gives way and comes back when the shaper is removed. A shaper that somebody
    else has put there is never changed.
  - If a step fails, what was done before it in this run is undone. After all steps the kernel is read back and
    compared.
notes:
  - Rates are written as C(5mbit), C(800kbit), or bit/s without a unit; C(bps) is bytes a second. The kernel counts
    whole bytes a second.
  - Times are written as C(100ms), C(20us) or C(1s).
  - Sizes are written as bytes without a unit, C(10kb) or C(4mb), of 1024 each.
  - Shares are percent.
options:
  shapers:
    required: true
extends_documentation_fragment:
  - linkagg.wan.lists.shapers
  - linkagg.wan.attributes
  - linkagg.wan.reconcile
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Keep the queues of two modems ours, at a little under their rates
  linkagg.wan.shapers:
    shapers:
      - {interface: wwan0, kind: cake, rate: 900kbit, rtt: 100ms}
      - {interface: eth1, kind: cake, rate: 9500kbit, atm: ptm, overhead: 22, nat: true}
    purge: true

- name: Make a line as bad as a moving car's
  linkagg.wan.shapers:
    shapers:
      - {interface: eth2, kind: netem, delay: 80ms, jitter: 20ms, loss: 0.5, rate: 3mbit}

- name: Shape an interface to each of two neighbours by itself, whatever its number (nft puts the classes on packets)
  linkagg.wan.shapers:
    shapers:
      - {interface: wg0, kind: htb}
      - {interface: wg0, kind: htb_class, classid: "7600:41", rate: 5700kbit, overhead: 60}
      - {interface: wg0, kind: cake, parent: "7600:41", diffserv: diffserv4}
      - {interface: wg0, kind: htb_class, classid: "7600:42", rate: 1900kbit, overhead: 60}
      - {interface: wg0, kind: cake, parent: "7600:42", diffserv: diffserv4, rtt: 192ms}

- name: Remove every shaper that this module has made
  linkagg.wan.shapers:
    shapers: []
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

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import argument_options, parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import SHAPERS
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, run

KINDS = list(SHAPERS.values())


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind tables."""
    item = argument_options(KINDS)
    return {"shapers": {"type": "list", "elements": "dict", "required": True, "options": item}, **COMMON_OPTIONS}


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    run(module, SHAPERS, lambda: parse_items("shapers", KINDS, module.params["shapers"]))


if __name__ == "__main__":
    main()
