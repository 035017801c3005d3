# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink messages, with exactly the attributes that we read or write: what is not listed cannot be sent.

The attributes of link kinds come from the kind tables. Classes of nested attributes have lower-case names, by which
pyroute2 finds them. Layouts: linux/if_link.h, rtnetlink.h, fib_rules.h, wireguard.h, mptcp_pm.h.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from .._engine.tables import Attr, Kind, Nla
from .._kinds import BOND, LINK_KINDS, ROUTE, RULE, SHAPERS
from .decoder import Answer
from .library import genlmsg, nla, nlmsg

_NESTED = 0x8000  # NLA_F_NESTED: strict parsers insist on it


def _map(rows: Iterable[Nla]) -> tuple[tuple[int, str, str], ...]:
    return tuple((row.number, row.name, row.codec) for row in rows)


def _rows(attrs: Iterable[Attr], layer: str) -> list[Nla]:
    return [row for attr in attrs if attr.layer == layer for row in attr.nlas]


def _data_class(kind: Kind) -> type:
    return _nested_class(f"{kind.name}_data", _map(dict.fromkeys(_rows(kind.attrs, "data"))))


def _nested_class(name: str, rows: tuple[tuple[int, str, str], ...]) -> type:
    return type(name, (nla,), {"nla_map": rows, "nla_flags": _NESTED, "__slots__": ()})


_DATA = {name: _data_class(kind) for name, kind in LINK_KINDS.items() if name != "wireguard"}
_PORT_ROWS = _map(_rows(BOND.attr("port_options").options, "port"))
_PORT = {"bond": _nested_class("bond_port_data", (*_PORT_ROWS, (4, "IFLA_BOND_SLAVE_PERM_HWADDR", "l2addr")))}
_LINK_ROWS = _map(dict.fromkeys(row for kind in LINK_KINDS.values() for row in _rows(kind.attrs, "link")))
_OPTIONS = {name: "cdata" if kind.codec else _data_class(kind) for name, kind in SHAPERS.items()}


class linkinfo(nla):
    """IFLA_LINKINFO: the kind, data whose layout depends on it, and the same for what it is a port of."""

    __slots__ = ()
    nla_flags = _NESTED
    nla_map = (
        (1, "IFLA_INFO_KIND", "asciiz"),
        (2, "IFLA_INFO_DATA", "kind_data"),
        (4, "IFLA_INFO_SLAVE_KIND", "asciiz"),
        (5, "IFLA_INFO_SLAVE_DATA", "port_data"),
    )
    by_kind = {  # for the decoder
        "kind_data": ("IFLA_INFO_KIND", _DATA),
        "port_data": ("IFLA_INFO_SLAVE_KIND", _PORT),
    }

    @staticmethod
    def kind_data(message: Any, *_args: Any, **_kwargs: Any) -> type:
        """The class of IFLA_INFO_DATA; pyroute2 calls it with the message as far as it is made."""
        return _DATA.get(message.get_attr("IFLA_INFO_KIND"), message.cdata)

    @staticmethod
    def port_data(message: Any, *_args: Any, **_kwargs: Any) -> type:
        """The same of IFLA_INFO_SLAVE_DATA."""
        return _PORT.get(message.get_attr("IFLA_INFO_SLAVE_KIND"), message.cdata)


class linkmsg(nlmsg):
    """struct ifinfomsg and the attributes of a link."""

    __slots__ = ()
    fields = (("family", "B"), ("__align", "x"), ("type", "H"), ("index", "i"), ("flags", "I"), ("change", "I"))
    linkinfo = linkinfo
    nla_map = (
        (3, "IFLA_IFNAME", "asciiz"),
        (10, "IFLA_MASTER", "uint32"),
        (18, "IFLA_LINKINFO", "linkinfo"),
        (29, "IFLA_EXT_MASK", "uint32"),
        *_LINK_ROWS,
    )


class addrmsg(nlmsg):
    """struct ifaddrmsg. IFA_PROTO is newer than pyroute2 0.7.2 and than Linux 5.18, which ignores it."""

    __slots__ = ()
    fields = (("family", "B"), ("prefixlen", "B"), ("flags", "B"), ("scope", "B"), ("index", "I"))
    nla_map = (
        (1, "IFA_ADDRESS", "ipaddr"),
        (2, "IFA_LOCAL", "ipaddr"),
        (8, "IFA_FLAGS", "uint32"),
        (11, "IFA_PROTO", "uint8"),
    )


class routemsg(nlmsg):
    """struct rtmsg and the attributes of a route; several next hops are in nexthops.py."""

    __slots__ = ()
    metrics = _nested_class("metrics", _map(_rows(ROUTE.attrs, "metrics")))
    fields = (
        ("family", "B"),
        ("dst_len", "B"),
        ("src_len", "B"),
        ("tos", "B"),
        ("table", "B"),
        ("proto", "B"),
        ("scope", "B"),
        ("type", "B"),
        ("flags", "I"),
    )
    nla_map = (
        (1, "RTA_DST", "ipaddr"),
        (4, "RTA_OIF", "uint32"),
        (5, "RTA_GATEWAY", "ipaddr"),
        (6, "RTA_PRIORITY", "uint32"),
        (7, "RTA_PREFSRC", "ipaddr"),
        (8, "RTA_METRICS", "metrics"),
        (9, "RTA_MULTIPATH", "cdata"),
        (15, "RTA_TABLE", "uint32"),
    )


UNKNOWN_SELECTOR = "FRA_OTHER"
_SELECTORS = (4, 11, 12, 13, 17, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29)  # goto, flow, ... of FRA_*
_OUR_SELECTORS = {row.number for attr in RULE.attrs for row in attr.nlas}


class rulemsg(nlmsg):
    """struct fib_rule_hdr; the rows come from the kind table. What it has besides tells a rule from ours."""

    __slots__ = ()
    fields = (
        ("family", "B"),
        ("dst_len", "B"),
        ("src_len", "B"),
        ("tos", "B"),
        ("table", "B"),
        ("res1", "B"),
        ("res2", "B"),
        ("action", "B"),
        ("flags", "I"),
    )
    nla_map = (
        *_map(row for attr in RULE.attrs for row in attr.nlas),
        (1, "FRA_DST", "ipaddr"),
        (2, "FRA_SRC", "ipaddr"),
        (21, "FRA_PROTOCOL", "uint8"),
        *((number, f"{UNKNOWN_SELECTOR}_{number}", "cdata") for number in _SELECTORS if number not in _OUR_SELECTORS),
    )


# Requests about it, and the parent of what is at the root of an interface (linux/rtnetlink.h, linux/pkt_sched.h).
NEW_QDISC, DELETE_QDISC, GET_QDISCS = 36, 37, 38
NEW_CLASS, DELETE_CLASS, GET_CLASSES = 40, 41, 42
ROOT_PARENT = 0xFFFFFFFF


class qdiscmsg(nlmsg):
    """struct tcmsg and the attributes of a queueing discipline; its options are attributes or one structure."""

    __slots__ = ()
    fields = (
        ("family", "B"),
        ("__pad1", "B"),
        ("__pad2", "H"),
        ("index", "i"),
        ("handle", "I"),
        ("parent", "I"),
        ("info", "I"),
    )
    nla_map = ((1, "TCA_KIND", "asciiz"), (2, "TCA_OPTIONS", "kind_options"))
    by_kind = {"kind_options": ("TCA_KIND", _OPTIONS)}

    @staticmethod
    def kind_options(message: Any, *_args: Any, **_kwargs: Any) -> type:
        """The class of TCA_OPTIONS; pyroute2 calls it with the message as far as it is made."""
        found = _OPTIONS.get(message.get_attr("TCA_KIND"), "cdata")
        return getattr(message, found) if isinstance(found, str) else found


class statsmsg(nlmsg):
    """struct if_stats_msg and what it asks for."""

    __slots__ = ()
    fields = (("family", "B"), ("__pad1", "B"), ("__pad2", "H"), ("index", "I"), ("filter_mask", "I"))
    nla_map = ((1, "IFLA_STATS_LINK_64", "cdata"),)


class filtermsg(nlmsg):
    """struct tcmsg and the attributes of a filter of traffic control."""

    __slots__ = ()
    fields = qdiscmsg.fields
    nla_map = ((1, "TCA_KIND", "asciiz"), (2, "TCA_OPTIONS", "cdata"))


class errormsg(nlmsg):
    """struct nlmsgerr without the echoed request (NETLINK_CAP_ACK), and the kernel's words."""

    __slots__ = ()
    fields = (("error", "i"), ("request", "16s"))
    nla_map = ((1, "NLMSGERR_ATTR_MSG", "asciiz"), (2, "NLMSGERR_ATTR_OFFS", "uint32"))


class familymsg(genlmsg):
    """CTRL_CMD_GETFAMILY."""

    __slots__ = ()
    nla_map = ((1, "CTRL_ATTR_FAMILY_ID", "uint16"), (2, "CTRL_ATTR_FAMILY_NAME", "asciiz"))


class allowedip(nla):
    """A network of a WireGuard peer."""

    __slots__ = ()
    nla_flags = _NESTED
    nla_map = (
        (1, "WGALLOWEDIP_A_FAMILY", "uint16"),
        (2, "WGALLOWEDIP_A_IPADDR", "cdata"),
        (3, "WGALLOWEDIP_A_CIDR_MASK", "uint8"),
    )


class peer(nla):
    """A WireGuard peer."""

    __slots__ = ()
    nla_flags = _NESTED
    allowedip = allowedip
    nla_map = (
        (1, "WGPEER_A_PUBLIC_KEY", "cdata"),
        (2, "WGPEER_A_PRESHARED_KEY", "cdata"),
        (3, "WGPEER_A_FLAGS", "uint32"),
        (4, "WGPEER_A_ENDPOINT", "cdata"),
        (5, "WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL", "uint16"),
        (7, "WGPEER_A_RX_BYTES", "uint64"),
        (8, "WGPEER_A_TX_BYTES", "uint64"),
        (9, "WGPEER_A_ALLOWEDIPS", "*allowedip"),
    )


class wgmsg(genlmsg):
    """A WireGuard device: linux/wireguard.h."""

    __slots__ = ()
    peer = peer
    nla_map = (
        (2, "WGDEVICE_A_IFNAME", "asciiz"),
        (3, "WGDEVICE_A_PRIVATE_KEY", "cdata"),
        (5, "WGDEVICE_A_FLAGS", "uint32"),
        (6, "WGDEVICE_A_LISTEN_PORT", "uint16"),
        (7, "WGDEVICE_A_FWMARK", "uint32"),
        (8, "WGDEVICE_A_PEERS", "*peer"),
    )


class mptcpaddr(nla):
    """MPTCP_PM_ATTR_ADDR."""

    __slots__ = ()
    nla_flags = _NESTED
    nla_map = (
        (1, "MPTCP_PM_ADDR_ATTR_FAMILY", "uint16"),
        (2, "MPTCP_PM_ADDR_ATTR_ID", "uint8"),
        (3, "MPTCP_PM_ADDR_ATTR_ADDR4", "ip4addr"),
        (4, "MPTCP_PM_ADDR_ATTR_ADDR6", "ip6addr"),
        (5, "MPTCP_PM_ADDR_ATTR_PORT", "uint16"),
        (6, "MPTCP_PM_ADDR_ATTR_FLAGS", "uint32"),
        (7, "MPTCP_PM_ADDR_ATTR_IF_IDX", "int32"),
    )


class mptcpmsg(genlmsg):
    """What the path manager of MPTCP is told and tells: linux/mptcp_pm.h."""

    __slots__ = ()
    mptcpaddr = mptcpaddr
    nla_map = (
        (1, "MPTCP_PM_ATTR_ADDR", "mptcpaddr"),
        (2, "MPTCP_PM_ATTR_RCV_ADD_ADDRS", "uint32"),
        (3, "MPTCP_PM_ATTR_SUBFLOWS", "uint32"),
    )


def attributes(message: Any) -> dict[str, Any]:
    """Name -> value of a decoded message or nested attribute; what we have no name for is left out."""
    return message.nlas if isinstance(message, Answer) else message


def build(cls: type, fields: Mapping[str, Any], attrs: Mapping[str, Any]) -> Any:
    """A message ready to send. ValueError for an attribute that the class does not have.

    A nested attribute is a mapping, or a list of mappings for an array.
    """
    message = cls()
    message.update(fields)
    message["attrs"] = _nest(cls, attrs)
    return message


@cache
def _codecs(cls: Any) -> dict[str, str]:
    return {name: codec for _number, name, codec in cls.nla_map}


def _nest(cls: type, attrs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    known = _codecs(cls)
    result = []
    for name, value in attrs.items():
        if name not in known:
            raise ValueError(f"{cls.__name__} has no attribute {name}")
        codec = known[name].lstrip("*")
        selector, classes = getattr(cls, "by_kind", {}).get(codec, ("", {}))
        inner = classes.get(attrs.get(selector)) if selector else getattr(cls, codec, None)
        if isinstance(value, Mapping):
            value = {"attrs": _nest(inner, value)}
        elif isinstance(value, list):
            value = [{"attrs": _nest(inner, item)} for item in value]
        result.append((name, value))
    return result
