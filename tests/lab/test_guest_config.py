# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest's configuration, faults and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from test_guest_lab import lab_of

from lab.guest import __main__, config, state
from lab.guest.config import GuestError
from lab.guest.shape import FAULT_FORMS, Faults


def test_faults_add_up_and_clear_ends_all():
    faults = Faults().after("blackhole").after("delay:1500").after("loss:20").after("rate:0.5")
    assert faults.words() == ["blackhole", "delay:1500", "loss:20", "rate:0.5"]
    assert faults.after("delay:10").words() == ["blackhole", "delay:10", "loss:20", "rate:0.5"]
    assert faults.after("clear") == Faults()


def test_a_rate_of_nothing_is_a_fault_and_no_rate_is_none():
    assert Faults().after("rate:0").words() == ["rate:0"]
    assert Faults().words() == []


@pytest.mark.parametrize("fault", ["", "foo", "delay", "down:3", "clear:all", "Delay:3"])
def test_an_unknown_fault_is_told_with_the_known_forms(fault):
    with pytest.raises(GuestError) as caught:
        Faults().after(fault)
    assert str(caught.value) == f"fault {fault!r} is not known; it is one of: {FAULT_FORMS}"


@pytest.mark.parametrize("fault", ["delay:x", "delay:-1", "delay:", "loss:101", "rate:-0.5", "loss:nan", "delay:1e9"])
def test_a_fault_out_of_range_is_told_with_the_range(fault):
    with pytest.raises(GuestError, match=r"is not a number of .* from 0 to .*; write it like "):
        Faults().after(fault)


def test_a_link_is_found_by_number_and_by_name():
    lab = lab_of(2)
    assert lab.link("2") is lab.link("b2") is lab.links[1]


def test_an_unknown_link_is_told_with_the_known_ones():
    with pytest.raises(GuestError, match=r"no link '7' in profile two; links: 1 \(b1\), 2 \(b2\)"):
        lab_of(2).link("7")


def test_a_configuration_without_its_frame_is_told_in_one_go():
    with pytest.raises(GuestError, match=r"x\.json: missing: lab_id, authorized_key"):
        config.parse({"rootfs": "/ro", "profile": {"name": "p", "links": []}}, "x.json")


@pytest.mark.parametrize("lab_id", ["Lab", "1st", "a-b", "waytoolong"])
def test_a_lab_id_fits_into_interface_names(lab_id):
    with pytest.raises(GuestError, match="lab_id"):
        config.parse({"lab_id": lab_id, "rootfs": "/ro", "authorized_key": "k", "profile": {"name": "p", "links": []}})


def test_everything_of_a_lab_carries_its_id():
    lab = lab_of(1)
    assert (lab.bridge, lab.container("client"), str(lab.state)) == ("t1-mgmt", "t1-client", "/run/linkagg-lab-t1")
    assert lab.address() == "198.18.255.1"
    assert [lab.address(node) for node in config.NODES] == [f"198.18.255.{number}" for number in range(11, 18)]


def test_faults_are_remembered_until_cleared(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "state_dir", lambda _lab_id: tmp_path)
    lab = lab_of(2)
    state.write_faults(lab, {1: Faults().after("down"), 2: Faults()})
    assert state.read_faults(lab) == {1: Faults(down=True)}
    assert list(json.loads((tmp_path / "faults.json").read_text())) == ["1"]


def test_a_process_is_told_from_a_later_one_with_its_number():
    me = state.note(os.getpid())
    assert state.alive(me)
    assert not state.alive({**me, "start": "1"})
    assert not state.alive(None)


def test_a_process_that_ended_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", ""])
    noted = state.note(child.pid)
    child.wait()
    assert not state.alive(noted)


@pytest.mark.parametrize(
    "words", [[], ["up"], ["fault", "1"], ["exec", "client"], ["exec", "client", "--"], ["destroy"]]
)
def test_a_wrong_command_line_is_answered_with_the_right_ones(words, capsys):
    assert __main__.main(words) == 2
    assert "python3 -m guest up CONFIG.json" in capsys.readouterr().err


def test_a_lab_that_is_not_there_is_an_error_with_exit_status_1(capsys):
    assert __main__.main(["--lab", "nolab", "status"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
