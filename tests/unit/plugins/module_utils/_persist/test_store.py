# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved state is whole or not used: cut off, damaged, from another version, killed while it is written."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store

ITEMS = [
    {"kind": "vxlan", "name": "leg0", "vni": 513, "alias": "linkagg.wan: Büro\n"},
    {"kind": "wireguard", "name": "wg0", "peers": [{"public_key": None, "allowed_ips": ["10.0.0.1/32"]}]},
]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    data = store.render("tunnels", ITEMS)
    store.write(tmp_path / "state", "tunnels", data)
    assert store.read(tmp_path / "state", "tunnels") == store.Stored(data, ITEMS)
    assert store.render("tunnels", ITEMS) == data


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert store.read(tmp_path, "tunnels") == store.Stored()


def test_only_root_can_read_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store.write(tmp_path / "state", "tunnels", store.render("tunnels", ITEMS))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / "tunnels.json").stat().st_mode) == 0o600


def test_a_file_cut_off_anywhere_is_never_used(tmp_path: Path) -> None:
    data = store.render("tunnels", ITEMS)
    path = store.path_of(tmp_path, "tunnels")
    for length in range(len(data)):
        path.write_bytes(data[:length])
        stored = store.read(tmp_path, "tunnels")
        assert (list(stored.items), stored.damage) == ([], f"{path} is not used, it is cut off"), length


def test_a_file_with_any_bit_turned_is_never_used() -> None:
    data = store.render("tunnels", ITEMS)
    for position in range(len(data)):
        for bit in range(8):
            other = bytearray(data)
            other[position] ^= 1 << bit
            with pytest.raises(ValueError, match=r"cut off|checksum"):
                store.parse("tunnels", bytes(other))


def test_a_file_that_goes_on_behind_its_end_is_not_used() -> None:
    with pytest.raises(ValueError, match="cut off"):
        store.parse("tunnels", store.render("tunnels", ITEMS) + b"\n")


def test_a_newer_format_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FORMAT", 2)
    data = store.render("tunnels", ITEMS)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"it has format 2, but this version of linkagg\.wan knows format 1"):
        store.parse("tunnels", data)


def test_the_file_of_another_part_is_not_used() -> None:
    with pytest.raises(ValueError, match="it was saved as 'bonds'"):
        store.parse("tunnels", store.render("bonds", ITEMS))


def test_nothing_to_save_removes_the_file(tmp_path: Path) -> None:
    store.write(tmp_path, "tunnels", store.render("tunnels", ITEMS))
    store.write(tmp_path, "tunnels", b"")
    store.write(tmp_path, "tunnels", b"")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = store.render("tunnels", ITEMS[:1])
    store.write(tmp_path, "tunnels", data)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EngineError, match=r"tunnels\.json could not be written: No space left on device"):
        store.write(tmp_path, "tunnels", store.render("tunnels", ITEMS))
    assert [path.name for path in tmp_path.iterdir()] == ["tunnels.json"]
    assert store.read(tmp_path, "tunnels").data == data


WRITER = """
import sys
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store
items = [[{"kind": "vxlan", "name": f"leg{n}", "vni": n + many} for n in range(many)] for many in (2000, 3000)]
data = [store.render("tunnels", some) for some in items]
print("ready", flush=True)
while True:
    for one in data:
        store.write(sys.argv[1], "tunnels", one)
"""


def test_a_writer_killed_at_any_time_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    sizes: set[Any] = set()
    left_over = False
    for attempt in range(120):
        if left_over and attempt >= 12:
            break
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=environment
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(0.03 + 0.0037 * (attempt % 12))  # on a busy machine it writes less in the same time
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        stored = store.read(tmp_path, "tunnels")
        assert not stored.damage
        sizes.add(len(stored.items))
        left_over |= (tmp_path / ".tunnels.json.new").exists()
    assert sizes <= {2000, 3000}
    assert left_over, "no writer was killed while it wrote: the test says nothing"
