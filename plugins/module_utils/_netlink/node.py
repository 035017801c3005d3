# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all object spaces share while one module runs: the conversations, and the node's links as of the last read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from . import links, queues, routing, steering
from .conversation import NETLINK_ROUTE, Conversation

SavedRoutes = dict[str, tuple[int, list[bytes]]]  # by name: the index that it had, and the messages


class Closable(Protocol):
    """A conversation of its own, as with WireGuard."""

    def close(self) -> None:
        """End it."""


Talk = TypeVar("Talk", bound=Closable)


class Node:
    """The node as seen through one rtnetlink conversation. ``links``, ``names`` and ``addresses()`` are as of the last
    ``refresh``, but for links that steps have made or removed since; ``saved_routes`` are the routes that went with
    links since then, as the kernel's own messages, ``moved`` the indices of links that were made again since, old to
    new, ``saved_ports`` what those links had as ports of a bond, and ``saved_queues`` what shaped them.
    """

    def __init__(self) -> None:
        self.rtnl = Conversation(NETLINK_ROUTE)
        self.links: dict[str, links.Link] = {}
        self.names: dict[int, str] = {}
        self.saved_routes: SavedRoutes = {}
        self.moved: dict[int, int] = {}
        self.saved_ports: dict[str, Mapping[str, Any]] = {}
        self.saved_queues: dict[str, queues.Queues] = {}
        self._addresses: dict[int, list[links.Address]] | None = None
        self._routes: dict[int, list[bytes]] | None = None
        self._queues: dict[int, queues.Queues] | None = None
        self._classified: frozenset[int] | None = None
        self._talks: dict[type, Any] = {}

    def close(self) -> None:
        """End all conversations."""
        self.rtnl.close()
        for talk in self._talks.values():
            talk.close()

    def refresh(self) -> None:
        """Read the links anew, and forget the rest of what was read."""
        self.links = links.read_links(self.rtnl)
        self.names = {link.index: link.name for link in self.links.values()}
        self.saved_routes, self.saved_ports, self.saved_queues, self.moved = {}, {}, {}, {}
        self._addresses = None
        self._routes = None
        self._queues = None
        self._classified = None

    def link(self, name: str) -> links.Link | None:
        """The link of that name, even if a step has made it since the last read."""
        if name not in self.links:
            self.links = {**links.read_links(self.rtnl), **self.links}
        return self.links.get(name)

    def forget(self, name: str) -> None:
        """A step has made or removed that link: what was read of it is no longer true."""
        self.links.pop(name, None)

    def addresses(self) -> dict[int, list[links.Address]]:
        """All addresses but link-local ones, by interface index; one dump however many spaces ask."""
        if self._addresses is None:
            self._addresses = links.read_addresses(self.rtnl)
        return self._addresses

    def routes(self) -> dict[int, list[bytes]]:
        """The kernel's own messages of the routes over each link, by its index, as they were when first asked for."""
        if self._routes is None:
            self._routes = routing.raw_routes(self.rtnl)
        return self._routes

    def queues(self, index: int) -> queues.Queues:
        """What of ours shapes the link of that index, as it was when first asked for; one dump however many ask."""
        if self._queues is None:
            self._queues = queues.read_queues(self.rtnl)
        return queues.with_classes(self.rtnl, index, self._queues.get(index, []))

    def queue_mark(self, index: int) -> int:
        """How marked packets find their port of the bond of that index; one dump tells which bonds are to be asked."""
        if self._classified is None:
            self._classified = steering.classified(self.rtnl)
        return steering.read(self.rtnl, index) if index in self._classified else steering.NONE

    def talk(self, cls: type[Talk]) -> Talk:
        """The conversation of that class; opened when first asked for."""
        if cls not in self._talks:
            self._talks[cls] = cls()
        return self._talks[cls]
