# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the MPTCP adapter says where the kernel has none; with one, see tests/netns/test_engine_mptcp.py."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import KernelError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import MPTCP, MPTCP_ENDPOINT
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.generic import Family
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.messages import mptcpmsg
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.spaces.mptcp import MptcpSpace


class NodeWithoutMptcp:
    """As much of a node as is asked for: the real generic netlink, of which no kernel has this family."""

    def talk(self, _cls: type) -> Any:
        """Fails as it does for a family that does not exist."""
        return Family("linkagg_none", mptcpmsg)


def test_a_family_that_this_kernel_does_not_have() -> None:
    with pytest.raises(KernelError) as caught:
        Family("linkagg_none", mptcpmsg)
    assert caught.value.errno == errno.ENOENT


def test_without_mptcp_there_is_nothing_and_a_wish_gets_one_clear_error() -> None:
    want = parse_items("endpoints", [MPTCP_ENDPOINT], [{"address": f"10.0.0.{number}"} for number in (1, 2)])
    space = MptcpSpace(NodeWithoutMptcp())
    assert space.read(MPTCP, want, purge=True) == []
    (problem,) = space.objections(want)
    assert problem.startswith("this node's kernel has no MPTCP (it needs CONFIG_MPTCP)")
