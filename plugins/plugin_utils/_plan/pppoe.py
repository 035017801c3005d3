# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that are dialled with PPPoE: the modem is a bridge, and pppd of the gateway makes an interface of its own.

pppd(8) with the kernel's PPPoE (Debian's package ppp) dials again for as long as it runs. Each dial makes the
interface anew, of the same name; what goes over it is put back by the agent. It takes no default route and no name
server: those are the plan's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .keys import Key, Table
from .kinds import secret, text
from .names import daemon_file
from .pppd import ALWAYS, IP_UP, client_files, lines, quoted
from .problems import Problem
from .shapes import daemon_item, file_item

# RFC 2516: PPPoE header 6, PPP protocol 2.
OVERHEAD = 8
# What an Ethernet of PPPoE carries at most; larger ones (RFC 4638) would have to be agreed with the provider.
MOST_MTU = 1500

READY_S = 60

TABLE = Table(
    "pppoe",
    (
        Key(
            "user",
            text(r"[^\x00-\x1f\x7f]{1,255}", "1 to 255 characters, in quotes if they are all digits"),
            required=True,
            remedy="give the user name that the provider gave you",
            also_called=("username", "login", "name"),
        ),
        Key(
            "password",
            secret(),
            required=True,
            secret=True,
            remedy="give the password that the provider gave you, best from a vault",
            also_called=("pass", "secret"),
        ),
        Key(
            "service",
            text(r"[!-~]{1,64}", "1 to 64 characters of ASCII without spaces"),
            remedy="leave it out unless the provider names one",
            also_called=("service_name",),
        ),
        Key(
            "ac",
            text(r"[!-~]{1,64}", "1 to 64 characters of ASCII without spaces"),
            remedy="leave it out to take any access concentrator",
            also_called=("ac_name", "access_concentrator"),
        ),
    ),
    secret=True,
)


@dataclass(frozen=True)
class Pppoe:
    """What a link is dialled with."""

    user: str
    password: str = field(repr=False)
    service: str | None = None
    ac: str | None = None
    where: str = ""
    unread: frozenset[str] = frozenset()


def pppoe_interface(link_name: str) -> str:
    """``ppp-dsl``."""
    return f"ppp-{link_name}"


def check_pppoe(link: Any, where: str, family: str | None) -> Iterator[Problem]:
    """A link's ``pppoe`` against its other keys; ``family`` is that of carriers' packets, None if not known."""
    if "address" in link.unread:
        return
    if link.address != "pppoe":
        if link.pppoe is not None:
            remedy = "remove it, or say address: pppoe"
            yield Problem(where, "key pppoe", "found options", f"nothing, with address {link.address}", remedy)
        return
    if link.pppoe is None and "pppoe" not in link.unread:
        remedy = "address pppoe needs what the provider gave you"
        yield Problem(where, "key pppoe", "missing", "a mapping with user, password, service, ac", remedy)
    if link.next_hop is not None:
        remedy = "remove it; there is only one other end"
        yield Problem(where, "key next_hop", f"found {link.next_hop}", "nothing, with address pppoe", remedy)
    if link.check is not None:
        remedy = "remove it; pppd itself asks the other end, and dials again when nothing comes"
        yield Problem(where, "key check", "found", "nothing, with address pppoe", remedy)
    if link.mtu is not None and link.mtu > MOST_MTU:
        yield Problem(
            where,
            "key mtu",
            f"found {link.mtu}",
            f"{MOST_MTU} at most with address pppoe, before the {OVERHEAD} bytes of PPPoE",
            "leave it out, unless the way to the modem carries less",
        )
    if family == "ipv6":
        yield Problem(
            where,
            "key address",
            "found 'pppoe'",
            "unmanaged, or a static IPv6 address, since the concentrator's is IPv6",
            "use an IPv4 address of the concentrator, since IPv4 is what is dialled",
        )


def standing_interfaces(links: Iterable[Any]) -> list[str]:
    """The interfaces of links that are there whether or not anything is dialled."""
    return [link.interface for link in links if link.address != "pppoe"]


def pppoe_daemons(links: Iterable[Any], site: str) -> list[dict[str, Any]]:
    """The elements of ``linkagg.wan.daemons`` that dial the links of a site."""
    return [_daemon(link, site) for link in links if link.address == "pppoe"]


def _daemon(link: Any, site: str) -> dict[str, Any]:
    name = f"pppoe-{link.name}"
    return daemon_item(
        name,
        description=f"PPPoE of link {link.name} of site {site}",
        prepare=[["/usr/sbin/ip", "link", "set", "dev", link.interface, "up"]],
        command=["/usr/sbin/pppd", "nodetach", "file", *client_files(name)],
        files=[
            file_item("options", _options(link, name)),
            file_item(
                "login", f"user {quoted(link.pppoe.user)}\npassword {quoted(link.pppoe.password)}\n", secret=True
            ),
            file_item("ip-up", IP_UP, executable=True),
            # What others want of every pppd of this node is not wanted of this one.
            file_item("none", "", seen_at="/etc/ppp/options"),
        ],
        interface=link.device,
        capabilities=("CAP_NET_ADMIN", "CAP_NET_RAW"),
        ready_s=READY_S,
        brings_up=True,
        hints=[
            {
                "seen": "(PAP|CHAP) authentication failed",
                "means": f"The provider refuses user or password: correct pppoe of link {link.name} of site {site}",
            },
            {
                "seen": "Timeout waiting for PADO",
                "means": f"Nobody answers on {link.interface}: is the modem there, a bridge, and its line up? If so, "
                "correct or remove service and ac of pppoe",
            },
        ],
    )


def _options(link: Any, name: str) -> str:
    """pppd(8)'s file. ``nic-``: so that no option can be meant by the interface's name."""
    mtu = link.mtu - OVERHEAD
    asked = {"pppoe-service": link.pppoe.service, "pppoe-ac": link.pppoe.ac}
    return lines(
        "plugin rp-pppoe.so",
        f"nic-{link.interface}",
        *(f"{option} {quoted(value)}" for option, value in asked.items() if value),
        "pppoe-padi-timeout 2",
        "pppoe-padi-attempts 3",
        f"ifname {link.device}",
        *ALWAYS,
        f"mtu {mtu}",
        f"mru {mtu}",
        f"ip-up-script {daemon_file(name, 'ip-up')}",
    )
