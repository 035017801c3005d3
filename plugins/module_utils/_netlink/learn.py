# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next hop of a link whose address comes from DHCP: from networkd's lease, else from a default route."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._engine.errors import EngineError
from .._engine.objects import Obj
from .._kinds.route import LEARN
from .links import OUR_PROTOCOL

LEASES = Path("/run/systemd/netif/leases")
_PAUSE_S = 0.5


def router_in_lease(text: str) -> str | None:
    """The first ROUTER= of a lease file of systemd-networkd."""
    for line in text.splitlines():
        name, _equals, value = line.partition("=")
        for word in value.split() if name == "ROUTER" else ():
            try:
                return str(ipaddress.IPv4Address(word))
            except ValueError:
                continue
    return None


def next_hop(index: int, family: str, routes: Sequence[Mapping[str, Any]]) -> str | None:
    """The next hop of the device with that index, given the routes over it. None if nobody says one."""
    lease = LEASES / str(index)
    router = router_in_lease(lease.read_text()) if family == "ipv4" and lease.is_file() else None
    if router:
        return router
    for route in routes:
        default = route["destination"] == "default" and route["family"] == family
        if default and route["via"] and route["protocol"] != OUR_PROTOCOL:
            return str(route["via"])
    return None


def learnt(
    want: Sequence[Obj],
    timeout_s: float,
    check: bool,
    find: Callable[[str, str], str | None],
    devices: Collection[str],
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> list[Obj]:
    """The objects with ``via: learn`` over one of ``devices`` replaced, after waiting up to ``timeout_s`` for all.

    ``find(device, family)`` returns a next hop or None. In check mode there is no waiting, and what is unknown
    stays ``learn``. EngineError names every device that gave none.
    """
    open_: set[tuple[str, str]] = {
        (obj.attrs["device"], obj.attrs["family"])
        for obj in want
        if obj.attrs.get("via") == LEARN and obj.attrs["device"] in devices
    }
    found: dict[tuple[str, str], str] = {}
    deadline = clock() + (0 if check else timeout_s)
    while open_:
        for key in sorted(open_):
            hop = find(*key)
            if hop:
                found[key] = hop
        open_ -= found.keys()
        if not open_ or clock() >= deadline:
            break
        pause(_PAUSE_S)
    if open_ and not check:
        raise EngineError(
            [
                f"link {device}: no next hop ({family}) learnt within {timeout_s:g} s: no DHCP lease in {LEASES}, no "
                "default route over it. Is the modem connected? Otherwise write its address as next_hop"
                for device, family in sorted(open_)
            ]
        )
    return [_with_hop(obj, found) for obj in want]


def _with_hop(obj: Obj, found: Mapping[tuple[str, str], str]) -> Obj:
    hop = found.get((obj.attrs.get("device", ""), obj.attrs.get("family", "")))
    if obj.attrs.get("via") != LEARN or hop is None:
        return obj
    return replace(obj, attrs={**obj.attrs, "via": hop})
