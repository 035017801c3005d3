# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links as the kernel lists them, and the messages that make, change and remove them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Kind
from .conversation import ACK, CREATE, EXCLUSIVE, REPLACE, Conversation
from .messages import addrmsg, attributes, build, linkmsg

NEWLINK, DELLINK, GETLINK, SETLINK = 16, 17, 18, 19
NEWADDR, DELADDR, GETADDR = 20, 21, 22
OUR_PROTOCOL = 76
_UP = 1
_SKIP_STATISTICS = 8
_SCOPE_UNIVERSE, _SCOPE_LINK = 0, 253
_NO_DAD = 0x02

Request = tuple[int, int, Any]


@dataclass(frozen=True)
class Link:
    """One interface of the node."""

    name: str
    index: int
    kind: str | None
    alias: str
    mtu: int
    up: bool
    master: int | None
    nlas: Mapping[str, Any] = field(default_factory=dict)
    port: Mapping[str, Any] | None = None  # IFLA_INFO_SLAVE_DATA, of a bond's port

    @property
    def ours(self) -> bool:
        """Whether it carries our mark."""
        return self.alias.startswith(normal.ALIAS_PREFIX)


@dataclass(frozen=True)
class Address:
    """One address of an interface."""

    index: int
    text: str
    ours: bool
    local: bool


def read_links(rtnl: Conversation) -> dict[str, Link]:
    """All interfaces, by name."""
    found = {}
    for message in rtnl.dump(GETLINK, linkmsg, attrs={"IFLA_EXT_MASK": _SKIP_STATISTICS}):
        link = _link(message)
        found[link.name] = link
    return found


def read_link(rtnl: Conversation, name: str) -> Link:
    """One interface. KernelError if there is none of that name."""
    return _link(rtnl.dump(GETLINK, linkmsg, attrs={"IFLA_IFNAME": name}, flags=ACK)[0])


def _link(message: Any) -> Link:
    nlas = attributes(message)
    info = nlas.get("IFLA_LINKINFO", {})
    inner = info.get("IFLA_INFO_DATA") or {}
    return Link(
        name=nlas["IFLA_IFNAME"],
        index=message["index"],
        kind=info.get("IFLA_INFO_KIND"),
        alias=nlas.get("IFLA_IFALIAS", ""),
        mtu=nlas.get("IFLA_MTU", 0),
        up=bool(message["flags"] & _UP),
        master=nlas.get("IFLA_MASTER"),
        nlas={**nlas, **inner},
        port=info.get("IFLA_INFO_SLAVE_DATA") if info.get("IFLA_INFO_SLAVE_KIND") == "bond" else None,
    )


def read_peers(rtnl: Conversation) -> dict[int, str]:
    """The other ends of point-to-point links, as pppd tells them to the kernel, by interface index."""
    found = {}
    for message in rtnl.dump(GETADDR, addrmsg):
        nlas = attributes(message)
        own, far = nlas.get("IFA_LOCAL"), nlas.get("IFA_ADDRESS")
        if own and far and own != far:
            found.setdefault(message["index"], str(far))
    return found


def read_addresses(rtnl: Conversation) -> dict[int, list[Address]]:
    """All addresses but link-local ones, by interface index."""
    found: dict[int, list[Address]] = {}
    for message in rtnl.dump(GETADDR, addrmsg):
        nlas = attributes(message)
        value = nlas.get("IFA_LOCAL") or nlas.get("IFA_ADDRESS")
        if not value or (message["scope"] == _SCOPE_LINK and message["family"] == socket.AF_INET6):
            continue
        text = normal.address_with_prefix(f"{value}/{message['prefixlen']}")
        ours = nlas.get("IFA_PROTO") == OUR_PROTOCOL
        address = Address(message["index"], text, ours, message["scope"] == _SCOPE_UNIVERSE)
        found.setdefault(address.index, []).append(address)
    return found


def parse(kind: Kind, link: Link, names: Mapping[int, str]) -> dict[str, Any]:
    """Attributes that the link message itself shows, by the rows of the kind's table. ``names`` of interfaces."""
    attrs: dict[str, Any] = {"name": link.name, "up": link.up}
    for attr in kind.attrs:
        if attr.layer not in ("data", "link"):
            continue
        if attr.devices:
            value = names.get(link.nlas.get(attr.nlas[0].name, 0), "")
        else:
            value = link.alias if attr.name == "alias" else attr.from_netlink(link.nlas)
        if value is not None:
            attrs[attr.name] = value
    own = (link.port or {}).get("IFLA_BOND_SLAVE_PERM_HWADDR")
    if own and "mac_address" in attrs:
        attrs["mac_address"] = own  # in a bond it has the bond's, and gets its own back when it leaves
    return attrs


def data_attributes(
    kind: Kind,
    attrs: Mapping[str, Any],
    index_of: Callable[[str], int],
    wanted: Callable[[Attr], bool] = lambda attr: not attr.late,
) -> dict[str, Any]:
    """IFLA_INFO_DATA for the kind's rows, all but the late ones unless it is said which. What bits of several rows
    share is joined.
    """
    result: dict[str, Any] = {}
    for attr in kind.attrs:
        value = attrs.get(attr.name)
        if attr.layer != "data" or value is None or not wanted(attr):
            continue
        if attr.devices:
            value = index_of(value) if value else 0
        shared = {nla.name for nla in attr.nlas if nla.shared}
        for name, item in attr.to_netlink(value).items():
            result[name] = result.get(name, 0) | item if name in shared else item
    return result


def link_attributes(kind: Kind, attrs: Mapping[str, Any], names: Collection[str] | None = None) -> dict[str, Any]:
    """Attributes of the link message itself, of all the kind's rows or those of these names; a link is marked later."""
    result: dict[str, Any] = {}
    for attr in kind.attrs:
        value = attrs.get(attr.name)
        if attr.layer == "link" and value is not None and (attr.name in names if names else attr.name != "alias"):
            result |= attr.to_netlink(value)
    return result


def new(
    kind: Kind, attrs: Mapping[str, Any], index_of: Callable[[str], int], *, up: bool | None = None
) -> list[Request]:
    """Make the link and mark it as ours, ``up`` at once or later. Sent together: no unmarked link stays behind."""
    info: dict[str, Any] = {"IFLA_INFO_KIND": kind.name}
    data = data_attributes(kind, attrs, index_of)
    if data:
        info["IFLA_INFO_DATA"] = data
    parts = {"IFLA_IFNAME": attrs["name"], **link_attributes(kind, attrs), "IFLA_LINKINFO": info}
    mark = set_link(attrs["name"], {"IFLA_IFALIAS": attrs["alias"]}, up=up)
    return [(NEWLINK, CREATE | EXCLUSIVE, build(linkmsg, {}, parts)), mark]


def change_data(kind: Kind, name: str, data: Mapping[str, Any], mtu: int | None = None) -> Request:
    """Change IFLA_INFO_DATA; the mtu goes along, as tunnels work out another one when they change."""
    parts: dict[str, Any] = {"IFLA_IFNAME": name}
    if mtu:
        parts["IFLA_MTU"] = mtu
    parts["IFLA_LINKINFO"] = {"IFLA_INFO_KIND": kind.name, "IFLA_INFO_DATA": data}
    return (NEWLINK, 0, build(linkmsg, {}, parts))


def change_port(name: str, data: Mapping[str, Any]) -> Request:
    """Change what a port of a bond has of its own: IFLA_INFO_SLAVE_DATA."""
    info = {"IFLA_INFO_SLAVE_KIND": "bond", "IFLA_INFO_SLAVE_DATA": data}
    return (NEWLINK, 0, build(linkmsg, {}, {"IFLA_IFNAME": name, "IFLA_LINKINFO": info}))


def set_link(
    name: str, parts: Mapping[str, Any] | None = None, *, up: bool | None = None, master: int | None = None
) -> Request:
    """Set generic attributes (``parts``, by their kernel names), up, and master (0 releases)."""
    parts = {"IFLA_IFNAME": name, **({} if master is None else {"IFLA_MASTER": master}), **(parts or {})}
    fields = {} if up is None else {"flags": int(up), "change": _UP}
    return (SETLINK, 0, build(linkmsg, fields, parts))


def set_mtu(name: str, mtu: int) -> Request:
    """Set the MTU."""
    return set_link(name, {"IFLA_MTU": mtu})


def delete(name: str) -> Request:
    """Remove the link."""
    return (DELLINK, 0, build(linkmsg, {}, {"IFLA_IFNAME": name}))


def add_address(index: int, text: str) -> Request:
    """Give the interface an address, marked as ours."""
    return (NEWADDR, CREATE | REPLACE, _address(index, text))


def remove_address(index: int, text: str) -> Request:
    """Take an address from the interface."""
    return (DELADDR, 0, _address(index, text))


def _address(index: int, text: str) -> Any:
    value, _slash, length = text.partition("/")
    family = socket.AF_INET6 if ":" in value else socket.AF_INET
    parts: dict[str, Any] = {"IFA_LOCAL": value, "IFA_ADDRESS": value}
    if family == socket.AF_INET6:
        parts["IFA_FLAGS"] = _NO_DAD
    parts["IFA_PROTO"] = OUR_PROTOCOL
    return build(addrmsg, {"family": family, "prefixlen": int(length), "index": index}, parts)
