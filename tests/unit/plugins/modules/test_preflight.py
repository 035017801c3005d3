# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight makes of the kernel's own lists."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.linkagg.wan.plugins.modules.preflight import addresses_in, learning

DEFAULT = {"dst": "default", "gateway": "fe80::1", "protocol": "ra", "metric": 1024}


def settings(directory: Path, **accept_ra: str) -> Path:
    for name, value in accept_ra.items():
        (directory / name).mkdir()
        (directory / name / "accept_ra").write_text(f"{value}\n")
    return directory


def test_addresses_are_those_that_others_can_use() -> None:
    listed = [
        {"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "prefixlen": 8, "scope": "host"}]},
        {
            "ifname": "wwan0",
            "addr_info": [
                {"local": "192.168.8.100", "prefixlen": 24, "scope": "global"},
                {"local": "fe80::1", "prefixlen": 64, "scope": "link"},
            ],
        },
        {"ifname": "eth1"},
    ]
    assert addresses_in(listed) == {"wwan0": ["192.168.8.100/24"]}


def test_an_interface_learns_if_the_kernel_takes_advertisements_and_had_one(tmp_path: Path) -> None:
    conf = settings(tmp_path, all="1", default="1", eth0="1", eth1="1", wlan0="0")
    assert learning([{**DEFAULT, "dev": "eth0"}, {**DEFAULT, "dev": "wlan0"}], conf) == ["eth0"]


def test_an_interface_that_was_told_to_go_on_stays_so_while_its_modem_is_away(tmp_path: Path) -> None:
    assert learning([], settings(tmp_path, eth0="2", eth1="1", all="2")) == ["eth0"]


def test_two_routers_at_once_count_as_well(tmp_path: Path) -> None:
    route = {"dst": "default", "protocol": "ra", "nexthops": [{"dev": "eth0"}, {"dev": "eth1"}]}
    assert learning([route], settings(tmp_path, eth0="1", eth1="1")) == ["eth0", "eth1"]
