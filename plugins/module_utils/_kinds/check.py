# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a link is watched: rows of the option ``check``. It is nothing of the kernel's: a module saves it, the agent acts
on it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .._engine.tables import Attr

NEXT_HOP = "next_hop"
LEAST_INTERVAL_S = 0.1

ROWS = (
    Attr("ping", default=NEXT_HOP),
    Attr("interval_s", "float", default=1.0),
    Attr("lost", "int", low=1, high=1000, default=3),
    Attr("back", "int", low=1, high=1000, default=2),
    Attr("fwmark", "int", low=0, high=0xFFFFFFFF, default=0),
)


def check(given: Mapping[str, Any]) -> dict[str, Any]:
    """The option in canonical form, defaults filled in. ValueError names everything that is wrong."""
    known = {row.name: row for row in ROWS}
    problems = [f"{name}: a check has no such option" for name in given if name not in known]
    found = {}
    for row in ROWS:
        value = given.get(row.name)
        value = row.default if value is None else value
        if row.low is not None and not row.low <= value <= (row.high or 0):
            problems.append(f"{row.name}: {value} is not within {row.low} to {row.high}")
        found[row.name] = value
    found["interval_s"] = float(found["interval_s"])
    if not LEAST_INTERVAL_S <= found["interval_s"] <= 3600:
        problems.append(f"interval_s: {found['interval_s']:g} is not within {LEAST_INTERVAL_S} to 3600")
    if found["ping"] != NEXT_HOP:
        try:
            found["ping"] = str(ipaddress.ip_address(found["ping"]))
        except ValueError:
            problems.append(f"ping: {found['ping']!r} is neither {NEXT_HOP} nor an address")
    if problems:
        raise ValueError("; ".join(problems))
    return found


CHECK = Attr("check", "dict", options=ROWS, normalise=check, noted=True)
