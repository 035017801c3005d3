# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of values that a key can have: how each is read and how "allowed" is worded."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from .deps import AddrFormatError, IPAddress, IPNetwork


class Refused(ValueError):
    """A value that a kind does not accept; the text, if any, says what to write instead."""


@dataclass(frozen=True)
class Kind:
    """``parse(value)`` returns the value in its final type or raises ``Refused``."""

    allowed: str
    parse: Callable[[Any], Any]


@dataclass(frozen=True)
class StaticAddress:
    """An interface address with its subnet, e.g. 10.0.1.2/24."""

    address: IPAddress
    subnet: IPNetwork

    def __str__(self) -> str:
        return f"{self.address}/{self.subnet.prefixlen}"


def integer(low: int, high: int) -> Kind:
    """A whole number; text that is one is accepted, since templates and INI inventories produce it."""

    def parse(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Refused
        return int(value)

    return Kind(f"a whole number from {low} to {high}", parse)


def positive_number() -> Kind:
    """A number above zero; text that is one is accepted."""

    def parse(value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise Refused
        return value

    return Kind("a number above 0", parse)


def choice(*names: str) -> Kind:
    """One of a few words."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise Refused
        return str(value)

    return Kind(", ".join(names), parse)


def text(pattern: str, allowed: str, never: Collection[str] = ()) -> Kind:
    """Text that matches a pattern from end to end."""
    compiled = re.compile(pattern)

    def parse(value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value) or value in never:
            raise Refused
        return str(value)

    return Kind(allowed, parse)


def interface() -> Kind:
    """An interface name as the kernel takes it (net/core/dev.c, dev_valid_name), without odd characters."""
    never = ("all", "default", "lo")
    return text(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}", "an interface name of 1 to 15 of A-Z a-z 0-9 _ . -", never)


def _ip_address(value: Any) -> IPAddress:
    if not isinstance(value, str):
        raise Refused
    try:
        return IPAddress(str(value))
    except (AddrFormatError, ValueError) as exc:
        raise Refused from exc


def _ip_network(value: Any) -> IPNetwork:
    if not isinstance(value, str) or "/" not in value:
        raise Refused
    try:
        return IPNetwork(str(value))
    except (AddrFormatError, ValueError) as exc:
        raise Refused from exc


def ip_address() -> Kind:
    """One IPv4 or IPv6 address of a host."""

    def parse(value: Any) -> IPAddress:
        address = _ip_address(value)
        if int(address) == 0 or address.is_multicast() or address.is_loopback():
            raise Refused
        return address

    return Kind("the IPv4 or IPv6 address of a host", parse)


def ipv4_subnet() -> Kind:
    """An IPv4 subnet with no host bits set."""

    def parse(value: Any) -> IPNetwork:
        network = _ip_network(value)
        if network.version != 4:
            raise Refused("IPv6 is not planned inside the tunnels yet")
        if network.cidr != network or network.ip != network.network:
            raise Refused(f"the subnet of that address is {network.cidr}")
        return network

    return Kind("an IPv4 subnet such as 192.168.1.0/24", parse)


def link_address() -> Kind:
    """``dhcp``, ``unmanaged``, or the static address of a link with its prefix length."""

    def parse(value: Any) -> str | StaticAddress:
        if isinstance(value, str) and value in ("dhcp", "unmanaged"):
            return str(value)
        network = _ip_network(value)
        point_to_point = 31 if network.version == 4 else 127
        ends = (network.first, network.last if network.version == 4 else network.first)
        if network.prefixlen < point_to_point and int(network.ip) in ends:
            raise Refused(f"{network.ip} is not a host's address within {network.cidr}")
        return StaticAddress(network.ip, network.cidr)

    return Kind("dhcp, unmanaged, or an address with its prefix length such as 10.0.1.2/24", parse)
