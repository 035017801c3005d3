# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Normalisers: one spelling for one meaning, so that comparing is plain equality.

Each takes what a person or the kernel wrote and returns the canonical form; ValueError says what is wrong.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from functools import lru_cache
from typing import Any

ALIAS_PREFIX = "linkagg.wan"
KEY_BYTES = 32
_once = lru_cache(maxsize=1 << 16)  # what is wanted comes again in what is there, for each of thousands of objects
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}")
_HARDWARE = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")


def same(value: Any) -> Any:
    """The value itself."""
    return value


def interface_name(value: str) -> str:
    """A Linux interface name, 1 to 15 characters (the kernel's IFNAMSIZ)."""
    if not _NAME.fullmatch(value):
        raise ValueError(f"{value!r} is no interface name: 1 to 15 of letters, digits, '_', '.', '-'")
    return value


def interface_name_or_none(value: str) -> str:
    """A Linux interface name; the empty text is none."""
    return interface_name(value) if value else ""


def interface_names(value: list[str]) -> tuple[str, ...]:
    """Sorted, each once."""
    return tuple(sorted({interface_name(name) for name in value}))


def alias(value: str) -> str:
    """The ifalias that marks a link as ours."""
    if not value.startswith(ALIAS_PREFIX):
        raise ValueError(f"{value!r} does not start with {ALIAS_PREFIX!r}, by which links are known as ours")
    return value


@_once
def address(value: str) -> str:
    """An IPv4 or IPv6 address."""
    return str(ipaddress.ip_address(value))


@_once
def ipv4_address(value: str) -> str:
    """An IPv4 address."""
    return str(ipaddress.IPv4Address(value))


@_once
def ipv6_address(value: str) -> str:
    """An IPv6 address."""
    return str(ipaddress.IPv6Address(value))


def ipv4_addresses(value: list[str]) -> tuple[str, ...]:
    """Sorted, each once."""
    return tuple(sorted({ipv4_address(item) for item in value}))


def ipv6_addresses(value: list[str]) -> tuple[str, ...]:
    """Sorted, each once."""
    return tuple(sorted({ipv6_address(item) for item in value}))


@_once
def mac_address(value: str) -> str:
    """The Ethernet address of an interface, which is no multicast address."""
    found = value.lower().replace("-", ":")
    if not _HARDWARE.fullmatch(found) or int(found[:2], 16) & 1:
        raise ValueError(f"{value!r} is no Ethernet address of an interface, such as '02:00:00:00:00:01'")
    return found


@_once
def address_with_prefix(value: str) -> str:
    """``10.0.0.1/24``; a bare address gets its full length."""
    return ipaddress.ip_interface(value).with_prefixlen


def addresses_with_prefix(value: list[str]) -> tuple[str, ...]:
    """Sorted, each once."""
    return tuple(sorted({address_with_prefix(item) for item in value}))


@_once
def network(value: str) -> str:
    """``10.0.0.0/24``; a bare address gets its full length, host bits are an error."""
    return ipaddress.ip_network(value).with_prefixlen


def networks(value: list[str]) -> tuple[str, ...]:
    """Sorted, each once."""
    return tuple(sorted({network(item) for item in value}))


def endpoint(value: str) -> str:
    """``203.0.113.2:51820`` or ``[2001:db8::1]:51820``."""
    host, _colon, port = value.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{value!r} is not 'address:port' (IPv6 as '[address]:port')")
    parsed = ipaddress.ip_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    return f"[{parsed}]:{int(port)}" if parsed.version == 6 else f"{parsed}:{int(port)}"


def key32(value: str) -> str:
    """A WireGuard key: 32 bytes in base64."""
    try:
        raw = base64.b64decode(value.strip(), validate=True)
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise ValueError("is no WireGuard key: 32 bytes in base64, 44 characters")
    return base64.b64encode(raw).decode()


def clamped_key(raw: bytes) -> bytes:
    """A private key the way the kernel keeps it (RFC 7748, section 5)."""
    if len(raw) != KEY_BYTES:
        raise ValueError("is no WireGuard key: 32 bytes in base64, 44 characters")
    return bytes((raw[0] & 248, *raw[1:31], raw[31] & 127 | 64))


def family_of(value: str) -> str:
    """ipv4 or ipv6, by an address or a network."""
    return "ipv6" if ":" in value else "ipv4"
