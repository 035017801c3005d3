# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of a profile: one row per key, from which checks, messages and documentation come."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MAX_LINKS = 32
MAX_SITES = 2
NAME = r"[a-z0-9][a-z0-9_-]{0,9}"


@dataclass(frozen=True)
class Field:
    """One key of a profile: ``check`` returns the value, or raises ValueError with what is allowed."""

    key: str
    check: Callable[[Any], Any]
    allowed: str
    default: Any = None
    required: bool = False
    meaning: str = ""


def _number(low: float, high: float, whole: bool = False) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise ValueError
        return value

    return check


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(NAME, value):
        raise ValueError
    return value


def _mapping(value: Any) -> dict:
    if not isinstance(value, dict):
        raise ValueError
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _links(value: Any) -> list:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LINKS:
        raise ValueError
    return value


def _sites(value: Any) -> list:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_SITES:
        raise ValueError
    return value


def _subnet(value: Any) -> ipaddress.IPv4Network:
    network = ipaddress.IPv4Network(value)
    if not 8 <= network.prefixlen <= 30:
        raise ValueError
    return network


def _address(value: Any) -> str:
    if value not in ("static", "dhcp", "pppoe"):
        raise ValueError
    return value


_RATE = "a number of Mbit/s from 0.01 to 10000"
PROFILE_FIELDS = (
    Field("name", _text, "a text", required=True, meaning="name of the profile"),
    Field("description", _text, "a text", default="", meaning="what it is like, for people"),
    Field(
        "links",
        _links,
        f"a list of 1 to {MAX_LINKS} links",
        meaning="the modems, in the order of `wwan1`, `wwan2`, ...; this or `sites`",
    ),
    Field(
        "sites",
        _sites,
        f"a list of 1 to {MAX_SITES} sites",
        meaning="sites of one concentrator, all with the same LAN: the nodes `gateway` and `client`, `gateway2` and"
        " `client2`",
    ),
)
SITE_FIELDS = (
    Field(
        "links",
        _links,
        f"a list of 1 to {MAX_LINKS} links",
        required=True,
        meaning="the site's modems; links are numbered, and named, through all sites",
    ),
)
LINK_FIELDS = (
    Field("name", _name, f"a text like {NAME}", required=True, meaning="name of the link, unique"),
    Field("rate", _mapping, "down_mbit and up_mbit", meaning="constant rate; this or `trace`"),
    Field(
        "trace",
        _mapping,
        "file and offset_s",
        meaning="recorded rate, which the inventory says to follow; this or `rate`",
    ),
    Field(
        "delay_ms",
        _number(0, 10000),
        "a number of ms from 0 to 10000",
        required=True,
        meaning="delay one way, each way",
    ),
    Field(
        "jitter_ms",
        _number(0, 10000),
        "a number of ms from 0 to delay_ms",
        default=0,
        meaning="delay varies by up to this; the order of packets stays",
    ),
    Field("loss_percent", _number(0, 100), "a number from 0 to 100", default=0, meaning="random loss, each way"),
    Field(
        "queue_packets",
        _number(1, 10000, whole=True),
        "a whole number from 1 to 10000",
        default=60,
        meaning="queue at the bottleneck, in full-size packets",
    ),
    Field(
        "mtu",
        _number(576, 9216, whole=True),
        "a whole number from 576 to 9216",
        default=1500,
        meaning="largest IP packet of the way beyond the modem",
    ),
    Field(
        "subnet",
        _subnet,
        "an IPv4 network like 10.0.1.0/24, /8 to /30 (/25 with dhcp or pppoe)",
        meaning="network between gateway and modem; the modem is .1; default `10.0.<number of the link>.0/24`",
    ),
    Field(
        "address",
        _address,
        "static, dhcp or pppoe",
        default="static",
        meaning="the gateway's address: `static` .2, .100 by `dhcp`, or by `pppoe` .100 and the next at each dial",
    ),
    Field(
        "nat",
        _boolean,
        "true or false",
        default=True,
        meaning="whether the modem hides the gateway behind its own address; without, `subnet` is a public /29",
    ),
    Field(
        "inventory",
        _mapping,
        "a mapping",
        meaning="more keys for the link in the gateway's inventory, such as `carrier`",
    ),
)
RATE_FIELDS = (
    Field(
        "down_mbit",
        _number(0.01, 10000),
        _RATE,
        required=True,
        meaning="towards the gateway, Ethernet headers included",
    ),
    Field("up_mbit", _number(0.01, 10000), _RATE, required=True, meaning="from the gateway"),
)
TRACE_FIELDS = (
    Field(
        "file",
        _text,
        "a path beside the profile, or a shipped trace",
        required=True,
        meaning="csv file `t_s,down_mbit,up_mbit` in half-second steps;"
        " a path from the profile's directory, or the name of a shipped trace",
    ),
    Field(
        "offset_s",
        _number(0, 1e6),
        "a number of seconds from 0",
        default=0,
        meaning="where playback starts; it begins anew at the end",
    ),
)
FIELDS: Mapping[str, tuple[Field, ...]] = {
    "profile": PROFILE_FIELDS,
    "sites[]": SITE_FIELDS,
    "links[]": LINK_FIELDS,
    "links[].rate": RATE_FIELDS,
    "links[].trace": TRACE_FIELDS,
}


def schema_table() -> str:
    """Return the schema as the Markdown of ``profiles/README.md``."""
    lines = []
    for part, fields in FIELDS.items():
        lines += [f"### `{part}`", "", "| key | value | default | meaning |", "|---|---|---|---|"]
        for field in fields:
            default = "required" if field.required else "" if field.default in (None, "") else f"`{field.default}`"
            default = default.lower() if isinstance(field.default, bool) else default
            lines.append(f"| `{field.key}` | {field.allowed} | {default} | {field.meaning} |")
        lines.append("")
    return "\n".join(lines)


def read(raw: dict, fields: tuple[Field, ...], where: str, problems: list[str]) -> dict[str, Any]:
    """Return the values of a mapping, defaults filled in; add what is wrong with it to ``problems``.

    Keys that are wrong or missing without a default are left out.
    """
    known = [field.key for field in fields]
    problems += [
        f"{where}: key {key!r} is not known{near(key, known)}; remove it, or use one of: {', '.join(known)}"
        for key in raw
        if key not in known
    ]
    found = {}
    for field in fields:
        if field.key not in raw:
            if field.required:
                problems.append(f"{where}: key {field.key!r} is missing; set it to {field.allowed}")
            else:
                found[field.key] = field.default
            continue
        try:
            found[field.key] = field.check(raw[field.key])
        except (TypeError, ValueError):
            problems.append(f"{where}: {field.key} is {_shown(raw[field.key])}; set it to {field.allowed}")
    return found


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def near(found: Any, known: list[str]) -> str:
    """Return a remark that names the known word that ``found`` may have meant, or nothing."""
    close = difflib.get_close_matches(str(found), known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
