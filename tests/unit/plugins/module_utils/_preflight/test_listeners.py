# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which listeners are in the way of what is wanted, from recorded output."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._preflight.listeners import (
    listeners,
    taken,
    wanted,
    wireguard_ports,
)

# Of iproute2 6.1; the sockets of WireGuard and vxlan have no program.
SS = """\
udp   UNCONN 0      0      127.0.0.53%lo:53          0.0.0.0:*    users:(("systemd-resolve",pid=300,fd=14))
udp   UNCONN 0      0            0.0.0.0:51820       0.0.0.0:*
udp   UNCONN 0      0            0.0.0.0:51999       0.0.0.0:*
udp   UNCONN 0      0            0.0.0.0:4789        0.0.0.0:*
udp   UNCONN 0      0               [::]:51820          [::]:*
udp   UNCONN 0      0      203.0.113.2%eth0:7601     0.0.0.0:*    users:(("openvpn",pid=7,fd=6))
tcp   LISTEN 0      511          0.0.0.0:443         0.0.0.0:*    users:(("nginx",pid=12,fd=6),("nginx",pid=13,fd=6))
tcp   LISTEN 0      128        127.0.0.1:8080        0.0.0.0:*    users:(("java",pid=20,fd=3))
tcp   LISTEN 0      128             [::]:22             [::]:*    users:(("sshd",pid=5,fd=4))
"""
WG = "wg-linkagg\t51820\nwg0\t51999\n"


def problems(port: object, protocol: str = "udp", shown: str = SS, **more: Any) -> list[str]:
    wish = wanted({"protocol": protocol, "port": port, "used_for": "key listen_port", **more})
    return taken([wish], listeners(shown), wireguard_ports(WG), lambda pid: pid == 7)


def test_a_program_is_named_once_whatever_the_number_of_its_sockets() -> None:
    (problem,) = problems(443, "tcp")
    assert problem == (
        "tcp port 443 is taken by nginx (process 12), and is needed for key listen_port. "
        "Stop that, have it use another port, or choose another one here"
    )


@pytest.mark.parametrize(
    ("port", "protocol", "more"),
    [
        (51820, "udp", {"interface": "wg-linkagg"}),
        (4789, "udp", {"kernel": True}),
        (7601, "udp", {}),
        (443, "udp", {}),
        (444, "tcp", {}),
        (8080, "tcp", {"addresses": ["203.0.113.2"]}),
    ],
)
def test_what_is_ours_or_elsewhere_is_not_in_the_way(port: int, protocol: str, more: dict[str, Any]) -> None:
    assert problems(port, protocol, **more) == []


def test_another_wireguard_interface_is_named() -> None:
    (problem,) = problems(51999, interface="wg-linkagg")
    assert "is taken by the WireGuard interface wg0, and" in problem


def test_a_port_of_the_kernel_itself_is_taken_where_it_cannot_be_shared() -> None:
    (problem,) = problems(4789, interface="wg-linkagg")
    assert "is taken by the kernel itself, or a program that cannot be seen from here" in problem


def test_a_listener_at_any_address_or_that_one_takes_a_forwarded_range() -> None:
    found = problems("1-9000", "tcp", addresses=["203.0.113.2"])
    assert [problem.split(" is taken by ")[0] for problem in found] == ["tcp port 443", "tcp port 22"]


def test_a_listener_at_one_address_is_in_the_way_of_all_of_them() -> None:
    (problem,) = problems(53)
    assert "systemd-resolve (process 300)" in problem


def test_a_port_that_is_none_is_said() -> None:
    with pytest.raises(ValueError, match="neither a port nor a range"):
        wanted({"protocol": "tcp", "port": "http", "used_for": "x"})
