# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run saves: the wish, merged as the kernel's state is; and one writer at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MPTCP, PARTS, ROUTING, TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store
from ansible_collections.linkagg.wan.plugins.module_utils._persist.lock import locked
from ansible_collections.linkagg.wan.plugins.module_utils._persist.saving import (
    item_key,
    item_lasts,
    items_of,
    merged,
    saving,
)

KEY = item_key(TUNNELS)
KEYS = ["EEGlnEPYJV//kbvvIqxKkQwOiS+UENyPncC4bF46ong=", "/HvoHV3LLqe7UhQUCSgUmhCMrLY3SPgjTAFnTbVJUFI="]


def leg(name: str, vni: int = 1) -> dict[str, Any]:
    return {"kind": "vxlan", "name": name, "vni": vni}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, [("leg0", 9), ("leg1", 1), ("leg2", 9)]),
        ({"purge": True}, [("leg0", 9), ("leg2", 9)]),
        ({"state": "absent"}, [("leg1", 1)]),
        ({"state": "absent", "purge": True}, []),
    ],
)
def test_saved_items_come_and_go_as_those_of_the_kernel(options: dict[str, Any], names: list[Any]) -> None:
    items = merged([leg("leg1"), leg("leg0")], [leg("leg2", 9), leg("leg0", 9)], KEY, **options)
    assert [(item["name"], item["vni"]) for item in items] == names


def test_a_link_that_becomes_another_kind_is_saved_once() -> None:
    items = merged([leg("leg0")], [{"kind": "gretap", "name": "leg0"}], KEY)
    assert [item["kind"] for item in items] == ["gretap"]


def test_a_file_that_says_so_already_is_not_written() -> None:
    stored = store.Stored(store.render("tunnels", [leg("leg0")]), [leg("leg0")])
    assert saving("/s", "tunnels", KEY, [leg("leg0")], stored) is None
    assert saving("/s", "tunnels", KEY, [], store.Stored(), purge=True) is None


def test_the_step_says_what_is_saved_and_what_was_wrong() -> None:
    due = saving("/s", "tunnels", KEY, [leg("leg0")], store.Stored())
    assert due
    assert due.step == "save 1 object in /s/tunnels.json"
    gone = saving("/s", "tunnels", KEY, [], store.Stored(b"x", [leg("leg0")]), purge=True)
    assert gone
    assert (gone.step, gone.data) == ("remove /s/tunnels.json", b"")
    mended = saving("/s", "tunnels", KEY, [leg("leg0")], store.Stored(b"x", damage="/s/tunnels.json is cut off"))
    assert mended
    assert mended.step == "save 1 object in /s/tunnels.json (/s/tunnels.json is cut off)"


def test_what_only_the_node_knows_is_not_saved() -> None:
    route = {"destination": "default", "via": "learn", "device": "wwan0", "table": 7601}
    want = parse_items("routes", [ROUTING["route"]], [route])
    items = items_of(want, ROUTING, [], [])
    assert (items[0]["via"], items[0]["kind"]) == ("learn", "route")
    assert parse_items("routes", [ROUTING["route"]], items) == want


def peer(key: str | None, network: str = "10.208.0.65/32", **values: Any) -> dict[str, Any]:
    return {"public_key": key, "allowed_ips": [network], "endpoint": None, "persistent_keepalive_s": 0, **values}


def saved_peers(want: Any, now: Any, saved: Any) -> Any:
    items = [{"kind": "wireguard", "name": "wg0", "peers": peers} for peers in (want, now, saved)]
    objects = parse_items("tunnels", list(TUNNELS.values()), items[:1])
    found = items_of(objects, TUNNELS, items[1:2], items[2:])
    parse_items("tunnels", list(TUNNELS.values()), found)
    return found[0]["peers"]


def test_a_peer_whose_key_is_not_said_is_saved_with_the_key_it_has_but_not_with_what_was_learnt() -> None:
    there = peer(KEYS[0], endpoint="198.51.100.7:33333", persistent_keepalive_s=5)
    assert saved_peers([peer(None)], [there], []) == [peer(KEYS[0], persistent_keepalive_s=5)]


def test_a_peer_that_the_kernel_has_lost_keeps_the_key_that_was_saved() -> None:
    old = peer(KEYS[0], endpoint="203.0.113.2:51820")
    assert saved_peers([peer(None)], [], [old]) == [old]


def test_a_peer_that_nobody_knows_stays_without_key() -> None:
    assert saved_peers([peer(None)], [], []) == [peer(None)]


def test_a_key_that_another_peer_has_now_is_not_saved_twice() -> None:
    want = [peer(None), peer(KEYS[0], "10.208.0.66/32")]
    assert [one["public_key"] for one in saved_peers(want, [peer(KEYS[0])], [])] == [None, KEYS[0]]


def saved_limits(given: dict[str, int], saved: dict[str, int], **options: Any) -> list[Any]:
    stored = [{"kind": "mptcp_limits", **saved}] if saved else []
    want = parse_items("limits", [MPTCP["mptcp_limits"]], [given] if given else [])
    items = items_of(want, MPTCP, [], stored if options.get("state") != "absent" else [])
    found = merged(stored, items, item_key(MPTCP), lasting=item_lasts(MPTCP), **options)
    return [{name: value for name, value in item.items() if name != "kind"} for item in found]


def test_a_limit_that_is_not_given_stays_saved_as_it_stays_in_the_kernel() -> None:
    assert saved_limits({"subflows": 4}, {"add_addr_accepted": 1}) == [{"subflows": 4, "add_addr_accepted": 1}]
    assert saved_limits({"subflows": 4}, {"subflows": 8}) == [{"subflows": 4}]
    assert saved_limits({}, {"subflows": 8}, purge=True) == [{"subflows": 8}]


def test_a_limit_that_goes_back_is_forgotten_alone() -> None:
    both = {"subflows": 8, "add_addr_accepted": 1}
    assert saved_limits({"subflows": 8}, both, state="absent") == [{"add_addr_accepted": 1}]
    assert saved_limits({}, both, state="absent", purge=True) == [both]
    assert saved_limits(both, both, state="absent") == []


def test_every_kind_belongs_to_the_part_of_one_module() -> None:
    names = [name for kinds in PARTS.values() for name in kinds]
    assert len(names) == len(set(names))


def test_the_second_waits_and_then_says_who_holds_the_lock(tmp_path: Path) -> None:
    now = [0.0]

    def pause(seconds: float) -> None:
        now[0] += seconds

    path = tmp_path / "run" / "lock"
    with locked(path=path):
        with (
            pytest.raises(EngineError, match=f"for 60 s .process {os.getpid()} holds {path}"),
            locked(path=path, clock=lambda: now[0], pause=pause),
        ):
            pass
        assert 60 <= now[0] < 61
    with locked(path=path, wait_s=0):
        pass


def test_a_lock_goes_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = (
        f"import fcntl, time; f = open({str(path)!r}, 'w'); fcntl.flock(f, 2); print(1, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(EngineError), locked(path=path, wait_s=0):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with locked(path=path, wait_s=0):
        pass


def test_check_mode_makes_no_lock(tmp_path: Path) -> None:
    with locked(make=False, path=tmp_path / "run" / "lock"):
        pass
    assert list(tmp_path.iterdir()) == []
