# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is special about WireGuard: peers are known by their networks, and secrets stay secret."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj, Secret
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import plan_steps
from ansible_collections.linkagg.wan.plugins.module_utils._engine.render import diff, listing, sentence
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.wireguard import peers
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.keys import with_keys

KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in range(4)]


def peer(key: str | None, *networks: str, **options: Any) -> dict[str, Any]:
    return {"public_key": key, "allowed_ips": list(networks), **options}


def carrier(*items: dict[str, Any], **options: Any) -> Obj:
    return parse_items(
        "tunnels", list(TUNNELS.values()), [{"kind": "wireguard", "name": "wg0", "peers": list(items), **options}]
    )[0]


def there(*items: dict[str, Any], **options: Any) -> dict[Any, Obj]:
    """What the kernel would say of that carrier."""
    wanted = carrier(*items, **options)
    attrs = {**wanted.attrs, "private_key": Secret(b"old")}
    attrs.pop("private_key_file", None)
    return {wanted.key: Obj("wireguard", wanted.key, attrs)}


def steps(want: Obj, have: dict[Any, Obj]) -> list[str]:
    return [sentence(step, TUNNELS) for step in plan_steps([want], have, TUNNELS)]


def test_a_learnt_endpoint_and_a_chosen_port_are_no_change() -> None:
    have = there(peer(KEYS[0], "10.0.0.0/24", endpoint="192.0.2.1:7"), listen_port=4711)
    assert steps(carrier(peer(KEYS[0], "10.0.0.0/24"), listen_port=0), have) == []


def test_an_endpoint_that_is_wanted_otherwise_is_a_change() -> None:
    have = there(peer(KEYS[0], "10.0.0.0/24", endpoint="192.0.2.1:7"))
    assert steps(carrier(peer(KEYS[0], "10.0.0.0/24", endpoint="192.0.2.1:8")), have) == [
        "change wireguard wg0: peers 10.0.0.0/24 (endpoint 192.0.2.1:7 -> 192.0.2.1:8)"
    ]


def test_a_peer_without_a_key_is_whoever_has_these_networks_and_otherwise_nobody() -> None:
    have = there(peer(KEYS[0], "10.0.0.0/24", persistent_keepalive_s=5))
    assert steps(carrier(peer(None, "10.0.0.0/24")), have) == []
    assert steps(carrier(peer(None, "10.0.0.0/24"), peer(None, "10.0.1.0/24")), have) == []
    assert steps(carrier(peer(None, "10.0.0.0/25")), have) == ["change wireguard wg0: peers -10.0.0.0/24"]


def test_a_new_key_for_the_same_networks_replaces_the_peer() -> None:
    have = there(peer(KEYS[0], "10.0.0.0/24"))
    assert steps(carrier(peer(KEYS[1], "10.0.0.0/24")), have) == [
        f"change wireguard wg0: peers 10.0.0.0/24 (public_key {KEYS[0]} -> {KEYS[1]})"
    ]


def test_two_peers_cannot_have_one_key_or_the_same_networks() -> None:
    with pytest.raises(ValueError, match=r"two peers have the public_key .*two peers have the allowed_ips 10.0.0.0/24"):
        peers([peer(KEYS[0], "10.0.0.0/24"), peer(KEYS[0], "10.0.1.0/24"), peer(None, "10.0.0.0/24")])


def test_order_and_spelling_of_networks_do_not_matter() -> None:
    one = peers([peer(KEYS[0], "fd00:0::/64", "10.0.0.1"), peer(KEYS[1], "10.0.0.0/30")])
    other = peers([peer(KEYS[1], "10.0.0.0/30"), peer(KEYS[0], "10.0.0.1/32", "fd00::/64")])
    assert one == other


def test_no_text_shows_a_private_key() -> None:
    old, new = Secret(b"o" * 32), Secret(b"n" * 32)
    want = carrier()
    wanted = Obj(want.kind, want.key, {**want.attrs, "private_key": new})
    have = {want.key: Obj(want.kind, want.key, {**want.attrs, "private_key": old})}
    (step,) = plan_steps([wanted], have, TUNNELS)
    texts = [sentence(step, TUNNELS), repr(step), str(diff([step], TUNNELS)), str(listing([wanted], TUNNELS))]
    assert texts[0] == "change wireguard wg0: private_key (another one)"
    assert diff([step], TUNNELS)["before"] != diff([step], TUNNELS)["after"]
    assert not any("ooo" in text or "nnn" in text for text in texts)


def test_a_preshared_key_is_read_from_its_file_and_never_shown(tmp_path: Path) -> None:
    path, text = tmp_path / "psk.key", base64.b64encode(b"p" * 32).decode()
    own = tmp_path / "own.key"
    own.write_text(KEYS[1])
    path.write_text(text)
    path.chmod(0o644)
    files = {"private_key_file": str(own)}
    want = carrier(peer(KEYS[0], "10.0.0.0/24", preshared_key_file=str(path)), **files)
    with pytest.raises(EngineError, match="can be read by others than its owner: chmod 600"):
        with_keys([want], check=False)
    path.chmod(0o600)
    (full,) = with_keys([want], check=False)
    have = there(peer(KEYS[0], "10.0.0.0/24"))
    (step,) = plan_steps([full], have, TUNNELS)
    assert "10.0.0.0/24 (preshared_key none -> (secret))" in sentence(step, TUNNELS)
    shown = f"{diff([step], TUNNELS)} {listing([step.after], TUNNELS)} {step}"
    assert "preshared_key" in shown
    assert text not in shown
    after = {step.key: step.after}
    assert steps(full, after) == []
    assert steps(want, after) == []  # in check mode the file may still be to come
    assert "preshared_key (secret) -> none" in steps(carrier(peer(KEYS[0], "10.0.0.0/24"), **files), after)[0]
