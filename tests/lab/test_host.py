# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that run while the lab host is watched, with real processes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lab import host, qemu
from lab.ui import LabError


class Watched:
    """A lab host that gets into trouble once there is something in a file, or never."""

    def __init__(self, sign: Path | None = None) -> None:
        self.sign = sign

    def trouble(self) -> str | None:
        bad = self.sign is not None and self.sign.exists() and self.sign.read_text().strip()
        return "the lab host's kernel is dead (Oops)" if bad else None


def alive(pid: int) -> bool:
    """Whether the process still runs; a zombie has no command line."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def test_a_command_that_ends_gives_its_exit_status():
    assert host.watched(Watched(), ["sh", "-c", "exit 3"]) == 3


def test_a_command_is_ended_with_its_children_when_the_lab_host_dies(tmp_path):
    pid_file = tmp_path / "pid"
    with pytest.raises(LabError, match=r"kernel is dead \(Oops\).*console"):
        host.watched(Watched(pid_file), ["sh", "-c", f"sleep 300 & echo $! > {pid_file}; wait"])
    deadline = time.monotonic() + 30
    while alive(int(pid_file.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(pid_file.read_text()))


def test_a_command_that_takes_too_long_is_ended():
    with pytest.raises(LabError, match="did not end within 1 s"):
        host.watched(Watched(), ["sleep", "300"], limit_s=1)


def test_commands_side_by_side_give_their_exit_statuses_and_their_output_one_after_the_other(tmp_path, capfd):
    there = tmp_path / "there"
    waits = ["sh", "-c", f"until [ -e {there} ]; do sleep 0.05; done; echo first; exit 3"]
    says = ["sh", "-c", f"echo second; echo its errors >&2; touch {there}"]
    assert host.watched_at_once(Watched(), [waits, says], limit_s=30) == [3, 0]
    assert capfd.readouterr().out.splitlines() == ["first", "second", "its errors"]


def test_commands_side_by_side_are_all_ended_when_one_takes_too_long(tmp_path):
    pid_file = tmp_path / "pid"
    long = ["sh", "-c", f"echo $$ > {pid_file}; exec sleep 300"]
    with pytest.raises(LabError, match="did not end within 2 s"):
        host.watched_at_once(Watched(), [["sleep", "0"], long], limit_s=2)
    assert not alive(int(pid_file.read_text()))


def test_a_local_lab_host_lists_all_that_is_missing(monkeypatch):
    monkeypatch.setitem(host.KERNEL_PARTS, "a part that no kernel has", "no_such_module")
    monkeypatch.setattr(host, "PROGRAMS", ("sh", "no-such-program"))
    missing = host.missing_for_local()
    assert "kernel: a part that no kernel has (module no_such_module)" in missing
    assert "program: no-such-program" in missing
    assert "program: sh" not in missing


class TestMachine:
    """What makes a QEMU machine count as dead, with a sleeping process in its place."""

    @pytest.fixture
    def machine(self, tmp_path, monkeypatch):
        monkeypatch.setattr(qemu.paths, "CONSOLE", tmp_path / "console.log")
        monkeypatch.setattr(qemu.paths, "HEARTBEAT", tmp_path / "heartbeat")
        (tmp_path / "console.log").write_text("lab-init: ready\n")
        (tmp_path / "heartbeat").write_text("12.3\n")
        process = host.subprocess.Popen(["sh", "-c", "sleep 300; true", str(tmp_path / "console.log")])
        machine = qemu.Machine(process.pid, 2222, "tcg")
        assert qemu._wait_until(machine.running, 5)
        yield machine
        process.kill()
        process.wait()

    def test_a_machine_that_breathes_is_well(self, machine):
        assert machine.trouble() is None

    def test_an_oops_on_the_console_is_trouble(self, machine):
        qemu.paths.CONSOLE.write_text("[   13.5] Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n")
        assert machine.trouble() == "the lab host's kernel is dead (Oops)"

    def test_silence_is_trouble(self, machine):
        past = time.time() - 100
        os.utime(qemu.paths.HEARTBEAT, (past, past))
        assert machine.trouble() == "the lab host has given no sign of life for 100 s"

    def test_a_stopped_machine_is_trouble_and_gone(self, machine):
        machine.stop()
        assert not machine.running()
        assert machine.trouble() == "the lab host's QEMU process has ended"

    def test_another_process_with_the_same_id_is_not_ours(self, machine):
        assert not qemu.Machine(os.getpid(), 2222, "tcg").running()


def test_a_machine_that_dies_twice_while_it_starts_is_one_clear_error(monkeypatch, capsys, tmp_path):
    attempts = []

    def dies(_image, accelerator, _key):
        attempts.append(accelerator)
        raise qemu.BootError("the lab host's kernel is dead (Kernel panic)\n    | Kernel panic - not syncing")

    monkeypatch.setattr(qemu, "_boot", dies)
    monkeypatch.setattr(qemu.paths, "LAB", tmp_path)
    monkeypatch.setenv("LAB_ACCEL", "tcg")
    with pytest.raises(LabError, match=r"did not start, twice: .*Kernel panic"):
        qemu.start(None, "key")
    assert attempts == ["tcg", "tcg"]
    assert "starting it once more" in capsys.readouterr().out


def test_an_unknown_accelerator_names_the_allowed_ones(monkeypatch, tmp_path):
    monkeypatch.setattr(qemu.paths, "LAB", tmp_path)
    monkeypatch.setenv("LAB_ACCEL", "xen")
    with pytest.raises(LabError, match="LAB_ACCEL=xen is not known; it is one of: kvm, tcg"):
        qemu.start(None, "key")
