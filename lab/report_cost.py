# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a report that says what each method costs, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab import tables

TITLE = "What it costs"
NOTE = (
    "seconds of a processor per GB of one download: of the whole lab host, which is both ends, modems, client and "
    "server in one kernel, and of HAProxy at each end"
)
_HEAD = ["method", "Mbit/s", "lab host", "HAProxy, gateway", "HAProxy, concentrator"]


def cells(cost: Mapping[str, Any]) -> list[list[str]]:
    """A row of headings, then one for each method."""
    return [_HEAD] + [
        [
            row["method"],
            f"{row['goodput_mbit']:.1f}",
            f"{row['cpu_s_per_gb']:.0f}",
            *(f"{row['haproxy_s_per_gb'][node]:.0f}" for node in ("gateway", "concentrator")),
        ]
        for row in cost["traffic"]
    ]


def connections(cost: Mapping[str, Any]) -> str:
    """Memory per connection as a sentence; empty if it was not measured."""
    found = cost.get("connections")
    if not found:
        return ""
    gateway, concentrator = (found["haproxy_kb"][node] for node in ("gateway", "concentrator"))
    return (
        f"{found['count']} connections at once through the proxy, open after {found['opened_s']:.0f} s: "
        f"{gateway:.0f} kB each of HAProxy at the gateway, {concentrator:.0f} kB at the concentrator, "
        f"{found['host_kb']:.0f} kB of the whole lab host, kernel, client and server included."
    )


def table(cost: Mapping[str, Any]) -> str:
    """Aligned text for a terminal; ends with a line break."""
    return "\n".join([f"{TITLE}: {NOTE}.", "", *tables.aligned(cells(cost)), "", connections(cost)]).rstrip() + "\n"


def markdown(cost: Mapping[str, Any]) -> list[str]:
    """The same as lines of Markdown."""
    lines = ["", f"## {TITLE}", "", f"{NOTE[0].upper()}{NOTE[1:]}.", "", *tables.markdown(cells(cost))]
    return [*lines, "", connections(cost)] if connections(cost) else lines
