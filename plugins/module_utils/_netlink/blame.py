# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys of a wish a refused request was about: from its attributes, or the one that the kernel points at."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._engine.errors import KernelError
from .._engine.objects import Obj
from .._engine.tables import Kind
from .decoder import ATOMS, HEADER_BYTES

_ATTRIBUTE = struct.Struct("=HH")
_TYPE_MASK = 0x3FFF

# What the tables have no netlink attributes for, as it is coded in the adapter.
_CODED = {
    "IFA_LOCAL": "addresses",
    "IFLA_BOND_PRIMARY": "primary",
    "IFLA_MASTER": "ports",
    "RTA_DST": "destination",
    "RTA_GATEWAY": "via",
    "RTA_OIF": "device",
    "RTA_PREFSRC": "source",
    "RTA_PRIORITY": "metric",
    "RTA_TABLE": "table",
    "FRA_SRC": "from",
    "WGDEVICE_A_FWMARK": "fwmark",
    "WGDEVICE_A_LISTEN_PORT": "listen_port",
    "WGDEVICE_A_PEERS": "peers",
    "WGDEVICE_A_PRIVATE_KEY": "private_key",
}


def blamed(cls: Any, raw: bytes, offset: int | None) -> list[str]:
    """Names of the netlink attributes in an encoded request, or only of the one at ``offset`` from its beginning."""
    fields = struct.calcsize("=" + "".join(codec for _name, codec in cls.fields))
    return list(_walk(cls, raw, HEADER_BYTES + ((fields + 3) & ~3), len(raw), offset, {}))


def _walk(cls: Any, raw: bytes, start: int, end: int, offset: int | None, seen: dict[str, str]) -> Iterator[str]:
    rows = {number: (name, codec) for number, name, codec in cls.nla_map}
    while start + 4 <= end:
        length, number = _ATTRIBUTE.unpack_from(raw, start)
        if length < 4:
            return
        name, codec = rows.get(number & _TYPE_MASK, ("", ""))
        seen[name] = raw[start + 4 : start + length].rstrip(b"\0").decode(errors="replace") if length < 64 else ""
        if name and (offset is None or start <= offset < start + length):
            inner = _inner(cls, codec, seen)
            if inner and offset != start:
                yield from _walk(inner, raw, start + 4, start + length, offset, {})
            else:
                yield name
        start += (length + 3) & ~3


def _inner(cls: Any, codec: str, seen: Mapping[str, str]) -> Any:
    """The class of a nested attribute; None for a plain one, a structure, and a list, whose parts are one key to us."""
    selector, classes = getattr(cls, "by_kind", {}).get(codec, ("", {}))
    if selector:
        found = classes.get(seen.get(selector, ""))
        return None if isinstance(found, str) else found
    return None if codec in ATOMS or not codec else getattr(cls, codec, None)


def keys(refusal: KernelError, names: Iterable[str], kind: Kind, obj: Obj) -> list[str]:
    """The kind's attributes that these netlink attributes carry, in the order of its table. Where something exists
    already, only those that no two objects can share.
    """
    there = {attr.name for attr in kind.attrs}
    rows = {nla.name: attr.name for attr in kind.attrs for nla in attr.nlas}
    found = {rows.get(name) or _CODED.get(name, "") for name in names} & there
    if refusal.errno in (errno.EEXIST, errno.EADDRINUSE):
        found = found & {name for claim in kind.claims(obj.attrs) for name, _value in claim} or found
    return [attr.name for attr in kind.attrs if attr.name in found]
