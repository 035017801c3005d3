# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kinds of values that a key can have: how each is read and how "allowed" is worded."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
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


def number(low: float, high: float) -> Kind:
    """A number; text that is one is accepted."""

    def parse(value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise Refused
        return value

    return Kind(f"a number from {low:g} to {high:g}", parse)


def boolean() -> Kind:
    """Yes or no. The words that Ansible takes for them are accepted, since templates produce text, and the kernel's
    own 0 and 1."""
    words = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}

    def parse(value: Any) -> bool:
        if isinstance(value, (bool, int, str)) and str(value).lower() in words:
            return words[str(value).lower()]
        raise Refused

    return Kind("true, false", parse)


def choice(*names: str, refused: Mapping[str, str] | None = None) -> Kind:
    """One of a few words; ``refused`` are words that one could expect among them, with the reason why not."""
    reasons = refused or {}

    def parse(value: Any) -> str:
        if isinstance(value, str) and value in reasons:
            raise Refused(reasons[value])
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


def ports() -> Kind:
    """One port, or the first and the last of several, as a pair."""

    def parse(value: Any) -> tuple[int, int]:
        found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", str(value)) if isinstance(value, (int, str)) else None
        if found is None or isinstance(value, bool):
            raise Refused
        first, last = int(found[1]), int(found[2] or found[1])
        if not 1 <= first <= last <= 65535:
            raise Refused
        return first, last

    return Kind("a port from 1 to 65535, or a range of them such as 5000-5100", parse)


def lan_host() -> Kind:
    """The IPv4 address of a host behind a gateway."""
    any_host = ip_address(4)

    def parse(value: Any) -> IPAddress:
        if isinstance(value, str) and ":" in value:
            raise Refused(
                "IPv6 needs no forward: a host of a prefix that your provider routes to the concentrator is reached at "
                "its own address"
            )
        return any_host.parse(value)

    return Kind(any_host.allowed, parse)


def secret() -> Kind:
    """Text that is not to be shown. Ansible hands what a vault holds on as an object that is no text yet."""

    def parse(value: Any) -> str:
        if isinstance(value, Sequence) and not isinstance(value, (str, bytes, list, tuple)):
            value = str(value)
        if isinstance(value, int):
            raise Refused("put it in quotes, or a zero at its beginning is lost")
        if not isinstance(value, str) or not re.fullmatch(r"[^\x00-\x1f\x7f]{1,255}", value):
            raise Refused
        return str(value)

    return Kind("1 to 255 characters, none of them a control character", parse)


def interface() -> Kind:
    """An interface name as the kernel takes it (net/core/dev.c, dev_valid_name), without odd characters."""
    never = ("all", "default", "lo")
    return text(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}", "an interface name of 1 to 15 of A-Z a-z 0-9 _ . -", never)


def link_name() -> Kind:
    """What a link is called; short, since names of interfaces are made of it (see names.py)."""
    return text(r"[a-z0-9][a-z0-9_-]{0,9}", "1 to 10 of a-z 0-9 _ -, beginning with a letter or digit")


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


def ip_address(version: int | None = None) -> Kind:
    """One address of a host, IPv4 or IPv6, or of that version only."""

    def parse(value: Any) -> IPAddress:
        address = _ip_address(value)
        if int(address) == 0 or address.is_multicast() or address.is_loopback():
            raise Refused
        if version is not None and address.version != version:
            raise Refused
        return address

    named = {4: "an IPv4 address", 6: "an IPv6 address"}.get(version or 0, "the IPv4 or IPv6 address")
    return Kind(f"{named} of a host", parse)


# What can be no network of anybody's own, with what it is (IANA's special-purpose address registries).
def address_or(word: str) -> Kind:
    """One address of a host, or a word in its place."""
    host = ip_address()

    def parse(value: Any) -> str | IPAddress:
        return word if value == word else host.parse(value)

    return Kind(f"{word}, or {host.allowed}", parse)


_NO_SUBNET = {
    "0.0.0.0/8": "of this host",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "224.0.0.0/3": "multicast or reserved",
    "::/16": "special",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
}
_EXAMPLE = {4: "192.168.1.0/24", 6: "fd00:1:2:3::/64"}


def subnet(*versions: int) -> Kind:
    """A subnet of one of these IP versions with no host bits set."""
    special = [(IPNetwork(text), what) for text, what in _NO_SUBNET.items()] if IPNetwork is not None else []

    def parse(value: Any) -> IPNetwork:
        network = _ip_network(value)
        if network.version not in versions:
            raise Refused
        if network.cidr != network or network.ip != network.network:
            raise Refused(f"the subnet of that address is {network.cidr}")
        if network.prefixlen == 0:
            raise Refused("that is every address there is")
        for other, what in special:
            if other.version == network.version and other.first <= network.last and network.first <= other.last:
                raise Refused(f"{other} is {what}")
        return network

    families = " or ".join(f"IPv{version}" for version in versions)
    return Kind(f"an {families} subnet such as {' or '.join(_EXAMPLE[version] for version in versions)}", parse)


# What no NAT-less way leads out of (RFC 1918, RFC 6598, RFC 4193).
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")


def is_private(address: IPAddress) -> bool:
    """Whether an address is of a private network, or of a provider's own behind its NAT."""
    return any(address in IPNetwork(network) for network in _PRIVATE)


def link_address() -> Kind:
    """``dhcp``, ``pppoe``, ``unmanaged``, or the static address of a link with its prefix length."""

    def parse(value: Any) -> str | StaticAddress:
        if isinstance(value, str) and value in ("dhcp", "pppoe", "unmanaged"):
            return str(value)
        network = _ip_network(value)
        point_to_point = 31 if network.version == 4 else 127
        ends = (network.first, network.last if network.version == 4 else network.first)
        if network.prefixlen < point_to_point and int(network.ip) in ends:
            raise Refused(f"{network.ip} is not a host's address within {network.cidr}")
        return StaticAddress(network.ip, network.cidr)

    return Kind("dhcp, pppoe, unmanaged, or an address with its prefix length such as 10.0.1.2/24", parse)
