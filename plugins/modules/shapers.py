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
  - Makes the root queueing disciplines of a whole list of interfaces be as described, in one conversation with the
    kernel. What C(tc qdisc) shows is what this module sets.
  - The interfaces can be anybody's, modems too. One that goes takes its shaper along.
  - Options are changed in place, packets that wait go on waiting. An option that is not given has its default. Another
    kind, and another number of O(shapers[].flows), take a new shaper; the result says so.
  - Shapers that this module makes have a handle from C(7600:) to C(76ff:). What the kernel puts on an interface by
    itself gives way and comes back when the shaper is removed. A shaper that somebody else has put there is never
    changed.
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
    description:
      - The shapers, one for an interface.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description:
          - What it is. V(cake) shapes to a rate and keeps the queue short and fair; V(fq_codel) does the latter only;
            V(tbf) is a plain token bucket; V(netem) makes a line worse, for tests.
        type: str
        choices: [cake, tbf, netem, fq_codel]
        required: true
      interface:
        description: The interface that it is for.
        type: str
        required: true
      rate:
        description:
          - For V(cake), V(tbf) and V(netem), the rate. For V(cake) and V(netem) also V(unlimited), as without it.
        type: str
      rtt:
        description: For V(cake), a usual round trip time, by which it judges queues. Without it, 100ms.
        type: str
      overhead:
        description:
          - For V(cake), bytes that the line below adds to the IP packet, -64 to 256. Without it, packets count as they
            are.
        type: int
      mpu:
        description: For V(cake), bytes that a packet counts at least, 0 to 256. Without it, 0.
        type: int
      atm:
        description: For V(cake), how the line packs, V(atm) for cells of ADSL, V(ptm) for VDSL. Without it, V(none).
        type: str
        choices: [none, atm, ptm]
      diffserv:
        description: For V(cake), how packets are put into classes by their DSCP mark. Without it, V(diffserv3).
        type: str
        choices: [diffserv3, diffserv4, diffserv8, besteffort, precedence]
      flow_mode:
        description: For V(cake), what gets a fair share. Without it, V(triple-isolate).
        type: str
        choices: [flowblind, srchost, dsthost, hosts, flows, dual-srchost, dual-dsthost, triple-isolate]
      nat:
        description: For V(cake), whether hosts are told apart by their addresses before NAT. Without it, no.
        type: bool
      wash:
        description: For V(cake), whether DSCP marks are cleared. Without it, no.
        type: bool
      ack_filter:
        description: For V(cake), whether TCP acknowledgements that say nothing new are dropped. Without it, V(none).
        type: str
        choices: [none, filter, aggressive]
      split_gso:
        description: For V(cake), whether packets joined for speed are split again. Without it, yes.
        type: bool
      ingress:
        description:
          - For V(cake), whether it shapes what has come over the line already, so that what it drops counts, too.
            Without it, no.
        type: bool
      autorate_ingress:
        description:
          - For V(cake), whether the kernel guesses the rate from what comes in. The rate then changes by itself and is
            not compared. Without it, no.
        type: bool
      memory_limit:
        description:
          - For V(cake) and V(fq_codel), the size of all that waits, at most. Without it, 0 for V(cake), which leaves it
            to the kernel, and 32mb for V(fq_codel).
        type: str
      fwmark:
        description: For V(cake), the bits of a packet's mark that choose its class. 0, as without it, are none.
        type: int
      burst:
        description:
          - For V(tbf), the size of what may go at once, at least a full packet. Rate times 10 ms is a good start.
        type: str
      latency:
        description: For V(tbf), how long a packet may wait. Becomes a O(shapers[].limit); one of both is needed.
        type: str
      limit:
        description:
          - For V(tbf), the size of all that waits, at most. For V(netem) and V(fq_codel), the number of packets;
            without it, 1000 and 10240.
        type: str
      peakrate:
        description: For V(tbf), the rate at which a burst goes. Without it, at once.
        type: str
      mtu:
        description: For V(tbf), the size of what may go at once at O(shapers[].peakrate), at least a full packet.
        type: str
      delay:
        description: For V(netem), the time that packets come later. Without it, 0.
        type: str
      jitter:
        description: For V(netem), how much later or earlier than that a packet can come. Without it, 0.
        type: str
      delay_correlation:
        description: For V(netem), how much a packet's delay depends on that of the one before. Without it, 0.
        type: float
      loss:
        description: For V(netem), the share of packets lost. Without it, 0.
        type: float
      loss_correlation:
        description: For V(netem), how much a loss depends on the one before. Without it, 0.
        type: float
      duplicate:
        description: For V(netem), the share of packets that come twice. Without it, 0.
        type: float
      duplicate_correlation:
        description: For V(netem), how much that depends on the one before. Without it, 0.
        type: float
      reorder:
        description: For V(netem), the share of packets that are not delayed, and so overtake. Without it, 0.
        type: float
      reorder_correlation:
        description: For V(netem), how much that depends on the one before. Without it, 0.
        type: float
      gap:
        description:
          - For V(netem), that only every so many packets can overtake. Without it, 1 with O(shapers[].reorder).
        type: int
      corrupt:
        description: For V(netem), the share of packets in which a bit is wrong. Without it, 0.
        type: float
      corrupt_correlation:
        description: For V(netem), how much that depends on the one before. Without it, 0.
        type: float
      ecn:
        description:
          - For V(netem), whether packets are marked instead of lost. Without it, no.
          - For V(fq_codel), whether they are marked instead of dropped. Without it, yes.
        type: bool
      flows:
        description: For V(fq_codel), the number of queues. Without it, 1024. It cannot be changed in place.
        type: int
      target:
        description: For V(fq_codel), how long packets may wait for good. Without it, 5ms.
        type: str
      interval:
        description: For V(fq_codel), for how long they may wait longer. Without it, 100ms.
        type: str
      quantum:
        description:
          - For V(fq_codel), the bytes that a queue may send in its turn, 256 or more. Without it, it is left as it is,
            which is a full packet in the beginning.
        type: int
      drop_batch:
        description: For V(fq_codel), how many packets are dropped at once when there is no room. Without it, 64.
        type: int
extends_documentation_fragment:
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
