# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How options of a bond depend on each other: what is refused, and what the kernel changes along with others.

Source: drivers/net/bonding/bond_options.c and bond_netlink.c of Linux 6.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import normal
from . import steering

ARP_MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast")
PRIO_MODES = ("active-backup", "balance-tlb", "balance-alb")
DELAYS = ("updelay", "downdelay", "peer_notif_delay")
_DEFAULT_MIIMON_MS = 100
_PLAIN_PORT = {"queue_id": 0, "prio": 0}

PortOptions = tuple[Mapping[str, Any], ...]


def port_options(items: list[Mapping[str, Any]]) -> PortOptions:
    """Options of ports in canonical form, by name; None for what is not given. ValueError names every bad one."""
    found: dict[str, dict[str, Any]] = {}
    problems = []
    for item in items:
        name = normal.interface_name(item["port"])
        if name in found:
            problems.append(f"{name} appears twice")
        found[name] = {"port": name, "queue_id": item.get("queue_id"), "prio": item.get("prio")}
    queues = [option["queue_id"] for option in found.values() if option["queue_id"]]
    problems += [
        f"queue_id {queue} is given to several ports" for queue in sorted(set(queues)) if queues.count(queue) > 1
    ]
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(found[name] for name in sorted(found))


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What the rows cannot see alone."""
    return _ports_problems(attrs) + _monitoring_problems(attrs) + steering.check(attrs)


def _ports_problems(attrs: Mapping[str, Any]) -> list[str]:
    ports = attrs["ports"]
    listed = ", ".join(ports) or "none"
    problems = [
        f"{name}: {attrs[name]} is none of its ports ({listed})"
        for name in ("primary", "active_slave")
        if attrs.get(name) and attrs[name] not in ports
    ]
    for option in attrs.get("port_options", ()):
        if option["port"] not in ports:
            problems.append(f"port_options: {option['port']} is none of its ports ({listed})")
        if option["prio"] is not None and attrs["mode"] not in PRIO_MODES:
            problems.append(
                f"port_options: {option['port']}: the kernel takes prio only with mode {' or '.join(PRIO_MODES)}"
            )
    return problems


def _monitoring_problems(attrs: Mapping[str, Any]) -> list[str]:
    miimon = attrs.get("miimon") or 0
    problems = []
    if miimon:
        problems = [
            f"{name}: is not used with miimon; leave out one of them: a bond watches its ports either way, not both"
            for name in ("arp_interval", "arp_validate")
            if attrs.get(name) not in (None, 0, "none")
        ]
        for name in DELAYS:
            below = (attrs.get(name) or 0) // miimon * miimon
            if attrs.get(name) not in (None, below):
                problems.append(
                    f"{name}: {attrs[name]} is no multiple of miimon ({miimon}), in which the kernel counts it; "
                    f"near are {below} and {below + miimon}"
                )
    if attrs.get("arp_interval") and not (attrs.get("arp_ip_target") or attrs.get("ns_ip6_target")):
        problems.append("arp_interval: needs somebody to ask: give arp_ip_target or ns_ip6_target")
    return problems


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fill in what the kernel changes along with what is wanted, so that the steps say it and can be undone."""
    there = have or {}
    result = dict(want)
    if want.get("miimon") is None:
        moved = there.get("mode") != want["mode"] and want["mode"] not in ARP_MODES and not there.get("miimon")
        if want.get("arp_interval") and there.get("miimon"):
            result["miimon"] = 0
        elif moved:
            result["miimon"] = _DEFAULT_MIIMON_MS
    miimon = result.get("miimon")
    if miimon and there.get("arp_interval") and want["mode"] in ARP_MODES:
        result |= {"arp_interval": 0, "arp_validate": "none"}
    if miimon and miimon != there.get("miimon"):
        for name in DELAYS:
            if want.get(name) is None and there.get(name, 0) % miimon:
                result[name] = there[name] // miimon * miimon
    result["port_options"] = _merged(want, there.get("port_options", ()), bool(there.get("queue_mark")))
    for name in ("port_options", "arp_ip_target", "ns_ip6_target"):
        if not result.get(name) and not there.get(name):
            result[name] = None  # nothing wanted and nothing there
    return result


def _merged(want: Mapping[str, Any], there: PortOptions, steered: bool) -> PortOptions:
    """Options of all wanted ports: what is given over what is there. Ports that have none are left out."""
    present = {option["port"]: option for option in there}
    if steered and not want.get("queue_mark"):  # queues without filters take packets by the queue they came in
        present = {name: {**option, "queue_id": 0} for name, option in present.items()}
    given = {option["port"]: option for option in want.get("port_options", ())}
    merged = []
    for name in want["ports"]:
        asked = {key: value for key, value in given.get(name, {}).items() if value is not None}
        option = {**_PLAIN_PORT, **present.get(name, {}), **asked, "port": name}
        if want["mode"] not in PRIO_MODES:
            option["prio"] = 0
        if option["queue_id"] or option["prio"]:
            merged.append({key: option[key] for key in ("port", *_PLAIN_PORT)})
    return tuple(merged)
