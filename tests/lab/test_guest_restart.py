# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that was restarted is plugged in as it was before."""

from __future__ import annotations

import re

import pytest
from test_guest_lab import lab_of, lab_of_two_sites, namespaces

from lab.guest import topology
from lab.guest.config import SYSTEMD_NODES
from lab.guest.shape import Faults

BOTH = pytest.mark.parametrize("node", SYSTEMD_NODES)


@BOTH
def test_every_interface_comes_again_with_the_same_hardware_address(node):
    lab = lab_of_two_sites()
    paths = namespaces(lab)
    first = [*topology.mgmt_lines(lab, paths), *topology.pair_lines(lab, paths)]
    again = [topology.mgmt_port_line(lab, node, paths), *topology.replug_lines(lab, node, {}, paths)]
    assert again == [line for line in first if f"netns /{node} " in f"{line} "]
    assert all(re.search(f"netns /{node} address 02:4c:41:00:..:..", line) for line in again)


@BOTH
def test_both_ends_get_the_same_addresses_again(node):
    lab = lab_of_two_sites()
    first = {setup.where: setup for setup in topology.setups(lab)}
    for again in topology.replug_setups(lab, node, {}):
        assert again.ip
        assert set(again.ip) <= set(first[again.where].ip)
        assert again.pinned.items() <= first[again.where].pinned.items()
        assert again.sysctl.items() <= first[again.where].sysctl.items()
    assert {node} | {where for where, _device in topology.far_ends(lab, node, {})} == {
        setup.where for setup in topology.replug_setups(lab, node, {})
    }
    assert first[node] in topology.replug_setups(lab, node, {})


def test_a_modem_that_is_out_stays_out_and_one_that_is_down_stays_down():
    lab = lab_of(3)
    faults = {1: Faults(unplug=True), 2: Faults(down=True)}
    again = topology.replug_lines(lab, "gateway", faults, namespaces(lab))
    assert [name for name in ("wwan1", "wwan2", "wwan3") if name in " ".join(again)] == ["wwan2", "wwan3"]
    down = [setup.where for setup in topology.replug_setups(lab, "gateway", faults) if "link set lan down" in setup.ip]
    assert down == ["modem2"]
