# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""linkagg.wan.mtu_budget"""

from __future__ import annotations

DOCUMENTATION = r"""
name: mtu_budget
author:
  - linkagg.wan contributors (@linkagg)
version_added: "0.1.0"
short_description: What is left of a link's MTU inside the tunnels, layer by layer
description:
  - Takes the overhead of carrier and leg from the MTU of a link and returns every step.
positional: _input
options:
  _input:
    description: MTU of the link, in bytes.
    type: int
    required: true
  carrier:
    description:
      - The tunnel over the link. V(openvpn-none) is one that does not encrypt; V(openvpn-tap) is an Ethernet tunnel by
        itself, with which I(leg) is V(none).
    type: str
    choices: [wireguard, direct, openvpn, openvpn-none, openvpn-tap, openvpn-tap-none, pptp]
    default: wireguard
  leg:
    description: The Ethernet tunnel inside the carrier.
    type: str
    choices: [gretap, vxlan, none]
    default: gretap
  family:
    description: Family of the carrier's outer header, that is of the concentrator's address.
    type: str
    choices: [ipv4, ipv6]
    default: ipv4
  inner_family:
    description: Family of the leg's outer header, that is of the addresses within the carrier.
    type: str
    choices: [ipv4, ipv6]
    default: ipv4
  keyed:
    description: Whether a gretap leg has a key.
    type: bool
    default: true
  pppoe:
    description: Whether the link's MTU still has PPPoE in it.
    type: bool
    default: false
  far_mtu:
    description:
      - MTU of the concentrator's way out, which no packet can be larger than.
      - WireGuard pads packets to multiples of 16 bytes, but not beyond the MTU of its interface, which at the
        concentrator is one for all links. On a link that carries less than this, room is left for the padding.
    type: int
    default: 1500
"""

EXAMPLES = r"""
- name: A usual link, 1398
  ansible.builtin.debug:
    msg: "{{ (1500 | linkagg.wan.mtu_budget).mtu }}"

- name: A DSL line, when the concentrator has an IPv6 address
  ansible.builtin.debug:
    msg: "{{ 1500 | linkagg.wan.mtu_budget(pppoe=true, family='ipv6') }}"
"""

RETURN = r"""
_value:
  description:
    - C(mtu), what is left inside the leg; C(carrier_mtu), what is left inside the carrier; C(layers), a list of
      C(layer) and C(bytes), negative for what a layer takes, which adds up to C(mtu).
  type: dict
"""

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import budget
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.carriers import layers

CHOICES = {
    "carrier": layers(),
    "leg": budget.LEGS,
    "family": budget.IP_HEADER,
    "inner_family": budget.IP_HEADER,
}


def mtu_budget(link_mtu: int, **options: Any) -> dict[str, Any]:
    """See DOCUMENTATION. Raises AnsibleFilterError for an option or a choice that is not there."""
    for name, choices in CHOICES.items():
        if name in options and options[name] not in choices:
            allowed = ", ".join(choices)
            raise AnsibleFilterError(f"linkagg.wan.mtu_budget, {name}: found {options[name]!r}; allowed: {allowed}")
    try:
        carrier = CHOICES["carrier"][options.pop("carrier", "wireguard")]
        result = budget.mtu_budget(int(link_mtu), carrier, **options)
    except (TypeError, ValueError) as exc:
        raise AnsibleFilterError(f"linkagg.wan.mtu_budget: {exc}") from exc
    return {"mtu": result.mtu, "carrier_mtu": result.carrier_mtu, "layers": result.breakdown()}


class FilterModule:
    """Filters of this file by name."""

    def filters(self) -> dict[str, Any]:
        """What Ansible asks for."""
        return {"mtu_budget": mtu_budget}
