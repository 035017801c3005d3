# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found, as a module takes it: ours and theirs apart, no secrets."""

from __future__ import annotations

from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj, Secret
from ansible_collections.linkagg.wan.plugins.module_utils._engine.report import as_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MODULES

PEER: dict[str, Any] = {"public_key": "k", "endpoint": None, "allowed_ips": ("0.0.0.0/0",), "persistent_keepalive_s": 0}


def test_secrets_are_left_out_also_inside() -> None:
    secret = Secret(b"\x01" * 32)
    attrs = {"name": "wg0", "private_key": secret, "peers": ({**PEER, "preshared_key": secret},)}
    ours, theirs = as_items([Obj("wireguard", ("link", "wg0"), attrs)], MODULES["tunnels"])
    peer = {**PEER, "allowed_ips": ["0.0.0.0/0"]}
    assert (ours, theirs) == ({"tunnels": [{"kind": "wireguard", "name": "wg0", "peers": [peer]}]}, {"tunnels": []})


def test_an_interface_is_ours_as_far_as_it_has_something_of_ours() -> None:
    def link(name: str, *addresses: str) -> Obj:
        return Obj("link", ("uplink", name), {"interface": name, "addresses": addresses, "up": True}, owned=False)

    ours, theirs = as_items([link("wan1", "10.0.1.2/24"), link("wan2")], {"links": MODULES["link_routes"]["links"]})
    assert [item["interface"] for item in ours["links"]] == ["wan1"]
    assert [item["interface"] for item in theirs["links"]] == ["wan2"]
