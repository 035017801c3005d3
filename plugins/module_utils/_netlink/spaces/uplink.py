# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces that somebody else makes: brought up, given addresses of our protocol number."""

from __future__ import annotations

from collections.abc import Sequence

from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from .. import links
from ..linkwriter import LinkWriter
from ..node import Node


class UplinkSpace:
    """Keyed by name."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> list[Obj]:
        """Wanted interfaces that are not ours; with ``purge`` all of them, as any can have an address of ours."""
        wanted = {obj.key[1] for obj in want}
        return [
            _obj(link, self._node.addresses().get(link.index, []))
            for link in self._node.links.values()
            if not link.ours and (link.name in wanted or purge or others)
        ]

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """Wanted uplinks that are links of ours."""
        found = [self._node.links[obj.key[1]] for obj in want if obj.key[1] in self._node.links]
        return [
            f"link {link.name}: is a {link.kind} of ours: write its addresses where it is made"
            for link in found
            if link.ours
        ]

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        LinkWriter(self._node, undo).apply(step, kinds)


def _obj(link: links.Link, addresses: Sequence[links.Address]) -> Obj:
    attrs = {
        "interface": link.name,
        "up": link.up,
        "addresses": tuple(sorted(address.text for address in addresses if address.ours)),
        "others_addresses": tuple(sorted(address.text for address in addresses if not address.ours)),
    }
    return Obj("link", ("uplink", link.name), attrs, False)
