# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object spaces: for each, one adapter that reads its objects and applies its steps.

A new space is a new file here and a line in SPACES. Kinds name their space in their tables, objects in their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from ..node import Node
from .link import LinkSpace
from .mptcp import MptcpSpace
from .qclass import ClassSpace
from .qdisc import QdiscSpace
from .route import RouteSpace
from .rule import RuleSpace
from .uplink import UplinkSpace


class Space(Protocol):
    """What the kernel needs of a space. All of it is about objects of this space only."""

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> Sequence[Obj]:
        """The wanted objects that exist, whoever owns them, and, of these kinds, all of ours. One dump per table.

        ``purge``: and whatever may have something of ours. ``others``: and, of these kinds, everybody's.
        """

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """What stands against these wishes on this node, as of the last read."""

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses; linkwriter.GONE are the numbers for what does not exist."""


SPACES: Mapping[str, Callable[[Node], Space]] = {
    "link": LinkSpace,
    "uplink": UplinkSpace,
    "route": RouteSpace,
    "rule": RuleSpace,
    "mptcp": MptcpSpace,
    "qdisc": QdiscSpace,
    "qclass": ClassSpace,
}
