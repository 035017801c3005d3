# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight tries on the kernel what a plan needs of it, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.linkagg.wan.tests.netns.node import Node, ip

KNOWN = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")


def test_a_congestion_control_is_asked_for_as_a_route_has_it(node: Node) -> None:
    """The kernel loads it for a route if it can, and knows it afterwards."""
    before = ip("route show table all")
    found = node.module("preflight", programs=[], kinds=["bbr"])["problems"]
    known = "bbr" in KNOWN.read_text(encoding="ascii").split()
    assert [problem.split(" has no ")[1].split(" (")[0] for problem in found] == (
        [] if known else ["congestion control bbr"]
    )
    assert ip("route show table all") == before
