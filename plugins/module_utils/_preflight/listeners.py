# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens at ports that we are going to use: what ``ss`` and ``wg`` show, against what is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

_USERS = re.compile(r'\("(?P<name>[^"]*)",pid=(?P<pid>[0-9]+)')
_WILDCARDS = ("0.0.0.0", "::", "*")


@dataclass(frozen=True)
class Listener:
    """One socket. ``programs``: (name, process id); none where the kernel itself listens or they cannot be seen."""

    protocol: str
    address: str
    port: int
    programs: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Wanted:
    """Ports that we are going to use.

    ``addresses``: at which of the node's; none for all of them. ``interface``: the WireGuard interface that is to
    listen there. ``kernel``: whether the kernel's own sockets are no obstacle, as those of vxlan, which share a port.
    """

    protocol: str
    first: int
    last: int
    what: str
    addresses: tuple[str, ...] = ()
    interface: str = ""
    kernel: bool = False


def wanted(item: Mapping[str, object]) -> Wanted:
    """From an element of the module's list. Raises ValueError with what is wrong with it."""
    found = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", str(item["port"]))
    if not found:
        raise ValueError(f"port: {item['port']!r} is neither a port nor a range such as 5000-5100")
    return Wanted(
        protocol=str(item["protocol"]),
        first=int(found[1]),
        last=int(found[2] or found[1]),
        what=str(item["used_for"]),
        addresses=tuple(item.get("addresses") or ()),  # type: ignore[arg-type]
        interface=str(item.get("interface") or ""),
        kernel=bool(item.get("kernel")),
    )


def listeners(shown: str) -> Iterator[Listener]:
    """Of ``ss --no-header --numeric --listening --tcp --udp --processes``."""
    for line in shown.splitlines():
        words = line.split(maxsplit=6)
        if len(words) < 5 or words[0] not in ("tcp", "udp"):
            continue
        address, _colon, port = words[4].rpartition(":")
        if port.isdigit():
            programs = tuple((name, int(pid)) for name, pid in _USERS.findall(words[6] if len(words) > 6 else ""))
            yield Listener(words[0], address.partition("%")[0].strip("[]"), int(port), programs)


def wireguard_ports(shown: str) -> dict[int, list[str]]:
    """Of ``wg show all listen-port``: port -> interfaces."""
    ports: dict[int, list[str]] = {}
    for line in shown.splitlines():
        interface, _tab, port = line.partition("\t")
        if port.isdigit():
            ports.setdefault(int(port), []).append(interface)
    return ports


def taken(
    wishes: Sequence[Wanted],
    there: Iterable[Listener],
    wireguard: Mapping[int, Sequence[str]],
    is_ours: Callable[[int], bool],
) -> list[str]:
    """One sentence for each port that somebody else has. ``is_ours`` tells a process of ours by its id."""
    problems: dict[str, None] = {}
    for listener in there:
        for wish in wishes:
            if _meet(wish, listener):
                who = _others(wish, listener, wireguard, is_ours)
                if who:
                    problems[_problem(wish, listener, who)] = None
    return list(problems)


def _meet(wish: Wanted, listener: Listener) -> bool:
    if wish.protocol != listener.protocol or not wish.first <= listener.port <= wish.last:
        return False
    return not wish.addresses or listener.address in (*_WILDCARDS, *wish.addresses)


def _others(
    wish: Wanted, listener: Listener, wireguard: Mapping[int, Sequence[str]], is_ours: Callable[[int], bool]
) -> str:
    if listener.programs:
        strangers = {name: pid for name, pid in reversed(listener.programs) if not is_ours(pid)}
        return ", ".join(f"{name} (process {pid})" for name, pid in strangers.items())
    interfaces = wireguard.get(listener.port, ()) if listener.protocol == "udp" else ()
    if wish.interface in interfaces or (wish.kernel and not interfaces):
        return ""
    if interfaces:
        return f"the WireGuard interface {', '.join(interfaces)}"
    return "the kernel itself, or a program that cannot be seen from here"


def _problem(wish: Wanted, listener: Listener, who: str) -> str:
    return (
        f"{listener.protocol} port {listener.port} is taken by {who}, and is needed for {wish.what}. Stop that, "
        "have it use another port, or choose another one here"
    )
