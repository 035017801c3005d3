#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnels
short_description: Make carriers and legs, WireGuard, gretap, ip6gretap and vxlan interfaces
version_added: "0.1.0"
description:
  - Makes a whole list of tunnels be as described, in one conversation with the kernel.
  - A carrier (WireGuard) crosses the internet over one link; a leg (gretap, ip6gretap or vxlan) is the
    Ethernet-type tunnel inside it that a bond can take in.
  - What the kernel can change in place is changed in place. If a tunnel has to be made again, the result
    says so.
  - Interfaces that this module makes carry an alias that begins with C(linkagg.wan). Others are never
    changed.
options:
  tunnels:
    description:
      - The tunnels, carriers before the legs that use them.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: What it is.
        type: str
        choices: [wireguard, gretap, ip6gretap, vxlan]
        required: true
      name:
        description: Name of the interface, at most 15 characters.
        type: str
        required: true
      mtu:
        description: Largest packet in bytes. Not given, it is left as it is.
        type: int
      up:
        description: Whether the interface is up. Without it, it is.
        type: bool
      alias:
        description: Its description. Has to begin with C(linkagg.wan), which is also what it is without this
          option.
        type: str
      addresses:
        description:
          - All its addresses with prefix length; others are removed.
          - Without it, a V(wireguard) has none, and of a leg they are left as they are.
        type: list
        elements: str
      listen_port:
        description: For V(wireguard), the UDP port. 0, as without it, leaves the choice to the kernel.
        type: int
      fwmark:
        description:
          - For V(wireguard), V(gretap) and V(ip6gretap), the mark on its own packets, for policy rules. 0 is none.
          - Without it, a V(wireguard) has none, and of the others it is left as it is.
        type: int
      private_key_file:
        description:
          - For V(wireguard), the file on the node with its private key, as M(linkagg.wan.wireguard_keys)
            makes it.
          - Without it, C(/etc/linkagg/keys/NAME.key).
        type: path
      peers:
        description: For V(wireguard), all its peers; others are removed.
        type: list
        elements: dict
        suboptions:
          public_key:
            description:
              - The peer's public key. Without it, whatever peer has exactly these
                O(tunnels[].peers[].allowed_ips) is
                left as it is, and if there is none, none is made.
            type: str
          endpoint:
            description:
              - Where it is, C(address:port) or C([address]:port). Without it, the kernel learns it from its
                packets.
            type: str
          allowed_ips:
            description: The networks behind it. They are what tells peers apart.
            type: list
            elements: str
            required: true
          persistent_keepalive_s:
            description: Seconds between keepalives. 0, as without it, is none.
            type: int
          preshared_key_file:
            description:
              - File on the node with the key that both ends share besides, as C(wg genpsk) makes it, readable by its
                owner only. The key is never returned. Without it, there is none.
            type: path
      local:
        description: For legs, the own outer address, IPv4 for V(gretap), IPv6 for V(ip6gretap), either for V(vxlan).
        type: str
      remote:
        description:
          - For legs, the other end's outer address. For V(vxlan), it can be a multicast group, with O(tunnels[].link).
          - A V(vxlan) takes another one in place, but not one of the other IP version.
        type: str
      link:
        description:
          - For legs, the interface over which outer packets leave, whatever the routes say; V("") is none.
          - A V(vxlan) that has one has to be made again to have none.
        type: str
      key:
        description: For V(gretap) and V(ip6gretap), the GRE key, 0 to 4294967295. Without it, there is none or it is
          left as it is.
        type: int
      csum:
        description: For V(gretap) and V(ip6gretap), whether GRE packets have a checksum. Both ends need the same.
        type: bool
      seq:
        description:
          - For V(gretap) and V(ip6gretap), whether GRE packets are numbered, and those out of order dropped. Both ends
            need the same.
        type: bool
      ttl:
        description: For legs, time to live (hop limit) of outer packets. Without it, 64.
        type: int
      tos:
        description: For legs, type of service (traffic class) of outer packets; 1 takes it from the inner ones.
        type: int
      flowlabel:
        description: For V(ip6gretap) and V(vxlan) over IPv6, the flow label of outer packets, 0 to 1048575.
        type: int
      encaplimit:
        description:
          - For V(ip6gretap), how often packets may be encapsulated again, which takes 8 bytes of each packet.
          - -1, as without it, is no limit, and takes none.
        type: int
      pmtudisc:
        description: For V(gretap), whether routers may not fragment outer packets.
        type: bool
      ignore_df:
        description: For V(gretap), whether outer packets are fragmented where inner ones say not to. Needs
          O(tunnels[].pmtudisc) V(false).
        type: bool
      vni:
        description: For V(vxlan), its number, 0 to 16777215. It cannot be changed in place.
        type: int
      port:
        description: For V(vxlan), the UDP port. Without it, 4789. It cannot be changed in place.
        type: int
      port_range:
        description: For V(vxlan), the UDP source ports C(LOW-HIGH), one for each flow. It cannot be changed in place.
        type: str
      df:
        description: For V(vxlan), whether outer packets must not be fragmented; V(inherit) asks the inner ones.
        type: str
        choices: [unset, set, inherit]
      learning:
        description: For V(vxlan), whether it learns which hardware address is behind which end.
        type: bool
      ageing_s:
        description: For V(vxlan), after how many seconds it forgets a learnt address.
        type: int
      limit:
        description: For V(vxlan), how many addresses it learns at most, 0 is any number. It cannot be changed in place.
        type: int
      udp_csum:
        description: For V(vxlan) over IPv4, whether outer packets have a UDP checksum. It cannot be changed in place.
        type: bool
      udp6_zero_csum_tx:
        description: For V(vxlan) over IPv6, whether outer packets go without a checksum. It cannot be changed in place.
        type: bool
      udp6_zero_csum_rx:
        description: For V(vxlan) over IPv6, whether such packets are taken. It cannot be changed in place.
        type: bool
      mac_address:
        description:
          - For legs, the hardware address; the kernel makes one up. A leg that is in a bond leaves it for the change
            and comes back; the result says so.
        type: str
      txqueuelen:
        description: For legs, how many packets its queue holds.
        type: int
      gso_max_size:
        description: For legs, largest packet in bytes that is handed to it to be cut up.
        type: int
      gro_max_size:
        description: For legs, largest packet in bytes that is put together of received ones. Linux 5.19 or newer.
        type: int
extends_documentation_fragment:
  - linkagg.wan.reconcile
  - linkagg.wan.attributes
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: One carrier and the leg inside it
  linkagg.wan.tunnels:
    tunnels:
      - kind: wireguard
        name: wg-lte1
        mtu: 1440
        addresses: [10.208.0.65/32]
        fwmark: 30209
        peers:
          - public_key: "{{ concentrator_public_key }}"
            endpoint: 203.0.113.2:51820
            allowed_ips: [0.0.0.0/0]
            persistent_keepalive_s: 15
      - kind: gretap
        name: leg0-lte1
        local: 10.208.0.65
        remote: 10.208.0.1
        key: 513
        mtu: 1398

- name: A leg over IPv6, and one over UDP
  linkagg.wan.tunnels:
    tunnels:
      - kind: ip6gretap
        name: leg0-dsl1
        local: fd00:208::41
        remote: fd00:208::1
        key: 513
        mtu: 1358
      - kind: vxlan
        name: leg0-cable1
        local: 10.208.0.66
        remote: 10.208.0.1
        vni: 514
        port_range: 40000-40999
        mtu: 1390

- name: Remove every tunnel that this collection made
  linkagg.wan.tunnels:
    tunnels: []
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

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import argument_options, parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._module import COMMON_OPTIONS, run
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.keys import with_keys

KINDS = list(TUNNELS.values())


def argument_spec() -> dict[str, Any]:
    """The module's arguments, from the kind tables."""
    item = argument_options(KINDS)
    return {"tunnels": {"type": "list", "elements": "dict", "required": True, "options": item}, **COMMON_OPTIONS}


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)

    def prepare(_kernel: object, want: Sequence[Obj]) -> Sequence[Obj]:
        return with_keys(want, module.check_mode)

    run(module, TUNNELS, lambda: parse_items("tunnels", KINDS, module.params["tunnels"]), prepare)


if __name__ == "__main__":
    main()
