# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of the kernel are tried, and how it is said that one is missing."""

from __future__ import annotations

from ansible_collections.linkagg.wan.plugins.module_utils._preflight.kinds import refused, script


def test_what_cannot_be_tried_before_a_program_is_installed_is_left_out() -> None:
    assert script(["cake", "htb", "mptcp"], {"{tc}": None}) == (
        "{ test -e /proc/sys/net/mptcp/enabled; } 2>&1 || echo :mptcp"
    )


def test_each_part_that_the_kernel_lacks_is_named_with_its_own_reason() -> None:
    told = "Error: Unknown device type.\n:bond\n:mptcp\nError: Could not process rule\n:tproxy\nInvalid argument\n:bbr"
    kind, mptcp, tproxy, bbr = refused(told)
    assert "cannot make bond interfaces (Error: Unknown device type): load the module bonding" in kind
    assert "does not speak MPTCP (CONFIG_MPTCP) (it gives no reason): take a kernel that does" in mptcp
    assert "nft_tproxy and nft_socket) (Error: Could not process rule): take" in tproxy
    assert tproxy.endswith("or say `proxy: {enabled: false}`")
    assert "has no congestion control bbr (module tcp_bbr) (Invalid argument): take" in bbr
    assert bbr.endswith("or say `proxy: {congestion_control: cubic}`")
