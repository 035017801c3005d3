# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of iperf3 servers as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError

DEFAULT_PORT = 5201

_WRITTEN = re.compile(r"^(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<name>[^\s:\[\]]+))(?::(?P<port>\d+))?$")
_BARE_V6 = re.compile(r"^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[\w.-]+)?$")


@dataclass(frozen=True)
class Endpoint:
    """A server's address (IPv4, IPv6 or a name) and its TCP and UDP port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address} port {self.port}"


def parse(text: str, default_port: int = DEFAULT_PORT) -> Endpoint:
    """`192.0.2.1`, `192.0.2.1:5202`, `2001:db8::1`, `[2001:db8::1]:5202` or a name, with or without port.

    :raises MeasureError: it is none of these, or the port is not 1..65535.
    """
    if _BARE_V6.match(text):
        return Endpoint(text, default_port)
    match = _WRITTEN.match(text)
    if match is None:
        raise MeasureError(f"server '{text}': not an address; write ADDRESS, ADDRESS:PORT, [IPV6]:PORT or a host name")
    port = int(match["port"]) if match["port"] else default_port
    if not 1 <= port <= 65535:
        raise MeasureError(f"server '{text}': port {port} is not between 1 and 65535")
    return Endpoint(match["v6"] or match["name"], port)


def parse_all(texts: list[str], default_port: int = DEFAULT_PORT) -> list[Endpoint]:
    """All of them, in order.

    :raises MeasureError: naming every text that is wrong or given twice, not the first only.
    """
    endpoints: list[Endpoint] = []
    problems: list[str] = []
    for text in texts:
        try:
            endpoint = parse(text, default_port)
        except MeasureError as error:
            problems.append(str(error))
            continue
        if endpoint in endpoints:
            problems.append(f"server '{text}': {endpoint} is given twice; each server runs one test at a time")
        endpoints.append(endpoint)
    if problems:
        raise MeasureError("\n".join(problems))
    return endpoints
