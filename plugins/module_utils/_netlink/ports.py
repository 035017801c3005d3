# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ports of a bond have of their own: read by the rows of ``port_options``, changed, and kept for a port that
leaves and comes back. A port that the bond takes in begins with nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._engine.tables import Attr
from .._kinds import BOND
from .links import Link, Request, change_port

_ROWS: tuple[Attr, ...] = tuple(row for row in BOND.attr("port_options").options if row.layer == "port")

Options = Iterable[Mapping[str, Any]]


def read(ports: Iterable[Link]) -> tuple[dict[str, Any], ...]:
    """Options as in the kind table, by name; ports that have none are left out."""
    found = []
    for link in sorted(ports, key=lambda link: link.name):
        option = {row.name: row.from_netlink(link.port or {}) or 0 for row in _ROWS}
        if any(option.values()):
            found.append({"port": link.name, **option})
    return tuple(found)


def kept(link: Link) -> dict[str, Any]:
    """What the port has of its own, as netlink attributes, to give it back."""
    names = {nla.name for row in _ROWS for nla in row.nlas}
    return {name: value for name, value in (link.port or {}).items() if name in names and value}


def changes(ports: Iterable[str], old: Options, new: Options) -> list[Request]:
    """From the old options to the new ones. Queues are given up first: no two ports can have one."""
    before = {option["port"]: option for option in old}
    after = {option["port"]: option for option in new}
    given_up, given = [], []
    for port in sorted(ports):
        was, is_ = before.get(port, {}), after.get(port, {})
        rows = [row for row in _ROWS if (was.get(row.name) or 0) != (is_.get(row.name) or 0)]
        data: dict[str, Any] = {}
        for row in rows:
            data |= row.to_netlink(is_.get(row.name) or 0)
            if row.name == "queue_id" and was.get("queue_id"):
                given_up.append(change_port(port, row.to_netlink(0)))
        if data:
            given.append(change_port(port, data))
    return given_up + given
