# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes while a link does not answer: pure, over wanted objects.

The routes over it that lead on: defaults and whatever has a next hop there. A route of several next hops goes on
without that one. What stays is the way to the address that is asked, or nobody would see it answer again. Over a bond
none of whose legs is heard, only routes that are to give way.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._engine.objects import Obj

Silent = Mapping[str, str]  # interface -> the address that does not answer there; bond -> LEGS
LEGS = "legs"


def split(want: Sequence[Obj], silent: Silent) -> tuple[list[Obj], list[Obj]]:
    """The objects as they are to be meanwhile, and those that are to be away."""
    if not silent:
        return list(want), []
    kept, gone = [], []
    for obj in want:
        reduced = _reduced(obj, silent) if obj.kind == "route" else obj
        if reduced is None:
            gone.append(obj)
        else:
            kept.append(reduced)
    return kept, gone


def sentence(name: str, target: str) -> str:
    """For a person whose run leaves routes out."""
    if target == LEGS:
        return f"bond {name}: none of its legs is heard, so routes that give way are left out until one is"
    return f"link {name}: {target} does not answer, so its routes are left out until it does"


def heeded(want: Sequence[Obj], silent: Silent) -> dict[str, str]:
    """Those that are silent, but for links that, as wanted now, nobody is to check any longer."""
    unchecked = {obj.key[1] for obj in want if obj.kind == "link" and not obj.attrs.get("check")}
    return {name: address for name, address in silent.items() if name not in unchecked}


def _reduced(obj: Obj, silent: Silent) -> Obj | None:
    attrs = obj.attrs
    hops = attrs.get("nexthops") or ()
    alive = tuple(hop for hop in hops if silent.get(hop["device"], LEGS) == LEGS)
    if len(alive) < len(hops):
        return replace(obj, attrs=_with_hops(attrs, alive)) if alive else None
    device = attrs.get("device")
    if silent.get(device) == LEGS:
        return None if attrs.get("give_way") else obj
    leads_on = attrs.get("via") or attrs["destination"] == "default"
    if device in silent and leads_on and not _asked(attrs["destination"], silent[device]):
        return None
    return obj


def _with_hops(attrs: Mapping[str, Any], hops: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    rest = {name: value for name, value in attrs.items() if name != "nexthops"}
    if len(hops) > 1:
        return {**rest, "nexthops": hops}
    return {**rest, "via": hops[0]["via"], "device": hops[0]["device"]}


def _asked(destination: str, address: str) -> bool:
    if destination == "default" or not address:
        return False
    network = ipaddress.ip_network(destination)
    return network.num_addresses == 1 and str(network.network_address) == address
