# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What WireGuard's peers have carried, from messages as the kernel makes them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.decoder import Answer, decode
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.messages import build, wgmsg
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.wireguard import WireGuard


def message(*peers: dict[str, Any]) -> Answer:
    made = build(wgmsg, {"cmd": 0, "version": 1}, {"WGDEVICE_A_IFNAME": "wg-linkagg", "WGDEVICE_A_PEERS": list(peers)})
    made["header"] = {"type": 32, "flags": 0, "sequence_number": 1, "pid": 0}
    made.encode()
    return decode(wgmsg, bytes(made.data))


def peer(number: int, *networks: tuple[bytes, int], **counts: int) -> dict[str, Any]:
    allowed = [
        {"WGALLOWEDIP_A_FAMILY": 2, "WGALLOWEDIP_A_IPADDR": address, "WGALLOWEDIP_A_CIDR_MASK": mask}
        for address, mask in networks
    ]
    counters = {f"WGPEER_A_{name.upper()}_BYTES": value for name, value in counts.items()}
    return {"WGPEER_A_PUBLIC_KEY": bytes([number] * 32), **counters, "WGPEER_A_ALLOWEDIPS": allowed}


def test_bytes_are_told_by_each_single_address_of_a_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    one = peer(1, (bytes([10, 208, 0, 65]), 32), rx=5 << 32, tx=7)
    networks = peer(2, (bytes([10, 208, 0, 66]), 32), (bytes([192, 168, 1, 0]), 24), rx=1, tx=2)
    continued = peer(2, (bytes([10, 208, 0, 67]), 32))
    parts = [message(one), message(networks), message(continued)]
    monkeypatch.setattr(WireGuard, "dump", lambda self, *_words: parts)
    assert WireGuard.__new__(WireGuard).counts("wg-linkagg") == {
        "10.208.0.65": (5 << 32, 7),
        "10.208.0.66": (1, 2),
        "10.208.0.67": (1, 2),
    }
