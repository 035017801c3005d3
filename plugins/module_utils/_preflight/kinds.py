# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts a kernel has: commands that try them, and what follows from what those print."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

# Interfaces, and the module of the kernel that makes each.
MODULES = {
    "wireguard": "wireguard",
    "tun": "tun",
    "ppp": "ppp_generic",
    "pppoe": "pppoe",
    "gretap": "ip_gre",
    "vxlan": "vxlan",
    "bond": "bonding",
}
# Parts of the kernel that are no interfaces: what they are called, how they are tried, and the key that does without.
PARTS = {
    "bbr": (
        "has no congestion control bbr (module tcp_bbr)",
        "{ip} link set lo up && {ip} route add 192.0.2.1/32 dev lo congctl bbr",
        "proxy: {congestion_control: cubic}",
    ),
    "cake": ("cannot shape links (module sch_cake)", "{tc} qdisc add dev lo root cake", "qos: {enabled: false}"),
    "htb": (
        "cannot shape links by class (module sch_htb)",
        "{tc} qdisc replace dev lo root htb",
        "qos: {enabled: false}",
    ),
    "mptcp": (
        "does not speak MPTCP (CONFIG_MPTCP)",
        "test -e /proc/sys/net/mptcp/enabled",
        "proxy: {enabled: false}",
    ),
    "tproxy": (
        "cannot hand packets to a proxy (modules nft_tproxy and nft_socket)",
        "echo 'table inet probe { chain probe { type filter hook prerouting priority 0; "
        "socket transparent 1 accept; meta l4proto tcp tproxy ip to 127.0.0.1:1 accept; }; }' | {nft} -f -",
        "proxy: {enabled: false}",
    ),
}
ALL = (*MODULES, *PARTS)
_ARGUMENTS = {"gretap": "local 127.0.0.1 remote 127.0.0.2", "vxlan": "id 1 dstport 4789"}


def script(asked: Sequence[str], programs: Mapping[str, str | None]) -> str:
    """For a shell in a network namespace of its own; it prints what `refused` reads. ``programs``: where they are, by
    the words for them in commands, None for those that are not installed."""
    return "\n".join(f"{{ {trial}; }} 2>&1 || echo :{kind}" for kind, trial in _trials(asked, programs).items())


def _trials(kinds: Sequence[str], programs: Mapping[str, str | None]) -> dict[str, str]:
    """Commands that fail where the kernel lacks a kind; none for what cannot be tried before a program is installed."""
    trials = {}
    for number, kind in enumerate(kinds):
        command = PARTS[kind][1] if kind in PARTS else _making(kind, number)
        for word in (word for word in programs if word in command):
            command = command.replace(word, programs[word] or "") if programs[word] else ""
        trials |= {kind: command} if command else {}
    return trials


def _making(kind: str, number: int) -> str:
    """A command that makes one. Those of programs have no kind of their own in netlink; of PPPoE there is a socket
    (linux/if_pppox.h: AF_PPPOX 24, PX_PROTO_OE 0) before there is an interface."""
    if kind == "tun":
        return f"{{ip}} tuntap add dev probe{number} mode tun"
    if kind == "ppp":
        return f'{sys.executable} -c \'open("/dev/ppp", "rb")\''
    if kind == "pppoe":
        return f"{sys.executable} -c 'import socket; socket.socket(24, socket.SOCK_STREAM, 0)'"
    return f"{{ip}} link add probe{number} type {kind} {_ARGUMENTS.get(kind, '')}"


def refused(output: str) -> list[str]:
    """What that printed -> what the kernel lacks, a sentence each."""
    problems, reason = [], ""
    for line in output.splitlines():
        if line.startswith(":"):
            kind = line[1:]
            why = reason.strip().rstrip(".") or "it gives no reason"
            if kind in PARTS:
                lacks, _trial, without = PARTS[kind]
                remedy = f"take a kernel that does, as those of Debian, or say `{without}`"
            else:
                lacks = f"cannot make {kind} interfaces"
                remedy = f"load the module {MODULES[kind]}, or take a kernel that has it"
            problems.append(f"the kernel ({os.uname().release}) {lacks} ({why}): {remedy}")
            reason = ""
        else:
            reason = line
    return problems
