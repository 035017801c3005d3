# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of domains, by this node's own resolver, and the sets of an nftables table that hold them.

Addresses that a name had stay for a day after it was last seen with them: connections are still told old ones.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

KEPT = "1d"
_AT_ONCE = 16
_FAMILIES = {"ipv4_addr": socket.AF_INET, "ipv6_addr": socket.AF_INET6}

# A set whose elements come and go by themselves, as nft lists it without state; its elements are no configuration.
_LEARNING = re.compile(
    r"^(\tset (?P<name>\S+) \{\n\t\ttype (?P<type>\S+)\n"
    r"(?:\t\t(?!flags|elements).*\n)*\t\tflags .*\btimeout\b.*\n(?:\t\t(?!elements).*\n)*)"
    r"\t\telements = \{(?P<elements>[^}]*)\}\n",
    re.MULTILINE,
)

Lookup = Callable[[str], "Sequence[tuple[int, str]]"]
Found = Mapping[str, "Sequence[tuple[int, str]]"]


def lookup(name: str) -> list[tuple[int, str]]:
    """``(family, address)`` of each address of a name. OSError if it does not resolve."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return sorted({(int(family), str(address[0])) for family, _type, _protocol, _name, address in found})


def resolve(names: Iterable[str], look: Lookup = lookup) -> tuple[dict[str, list[tuple[int, str]]], dict[str, str]]:
    """Addresses by name, and for names that do not resolve the reason."""

    def one(name: str) -> tuple[str, list[tuple[int, str]], str]:
        try:
            return name, list(look(name)), ""
        except (OSError, UnicodeError) as exc:
            return name, [], str(getattr(exc, "strerror", None) or exc)

    wanted = sorted(set(names))
    if not wanted:
        return {}, {}
    with ThreadPoolExecutor(min(_AT_ONCE, len(wanted))) as pool:
        answers = list(pool.map(one, wanted))
    found = {name: addresses for name, addresses, _reason in answers if addresses}
    return found, {name: reason or "no address" for name, addresses, reason in answers if not addresses}


def without_learnt(listing: str) -> str:
    """A listing of a table without what its sets have learnt."""
    return _LEARNING.sub(r"\1", listing)


def learnt(listing: str) -> dict[str, str]:
    """What the sets of a table have learnt, as text that nft takes."""
    return {found["name"]: " ".join(found["elements"].split()) for found in _LEARNING.finditer(listing)}


def set_types(listing: str) -> dict[str, str]:
    """Type of each set of a table."""
    return dict(re.findall(r"^\tset (\S+) \{\n\t\ttype (\S+)\n", listing, re.MULTILINE))


def fill(
    table: str, listing: str, names: Mapping[str, Sequence[str]], found: Mapping[str, Sequence[tuple[int, str]]]
) -> str:
    """Commands that put addresses into the sets that hold these names, to stay from now on; nothing if there are none.

    ``names``: domains by set. A set takes the addresses of its own type.
    """
    types = set_types(listing)
    lines = []
    for name, domains in names.items():
        family = _FAMILIES.get(types.get(name, ""))
        addresses = {address for domain in domains for kind, address in found.get(domain, ()) if kind == family}
        for address in sorted(addresses):
            # What is there already keeps its time unless it goes first, and what is not there cannot go.
            lines += [f"{verb} element {table} {name} {{ {address} }}" for verb in ("add", "delete")]
            lines.append(f"add element {table} {name} {{ {address} timeout {KEPT} }}")
    return "".join(f"{line}\n" for line in lines)
