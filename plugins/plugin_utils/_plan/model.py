# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read from the inventory, typed.

``where`` is how messages name the object. ``unread`` has the keys that were given but could not be read, or not
all of them: their fields are None and problems have been noted. Checks pass over None; nothing after the checks
ever sees such an object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .deps import IPAddress, IPNetwork
from .kinds import StaticAddress
from .pppoe import Pppoe, pppoe_interface

# What a site says as its concentrator that has none.
NO_CONCENTRATOR = "none"


@dataclass(frozen=True)
class Service:
    """A port, or several in a row, at which sites may reach the concentrator itself, over their bonds."""

    port: tuple[int, int]
    protocol: str
    where: str = ""
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Concentrator:
    """The server with the public address. ``carrier_options``: those of each carrier that has some, by its name;
    ``found`` are addresses that it was seen to have."""

    host: str
    address: IPAddress
    interface: str | None
    listen_port: int
    mtu: int
    carrier_pool: IPNetwork
    bond_pool: IPNetwork
    bond_pool_ipv6: IPNetwork
    masquerade_ipv6: str
    vxlan_port: int
    proxy_port: int
    carrier_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    table_base: int = 7600
    mark_base: int = 0x7600
    priority_base: int = 7600
    services: tuple[Service, ...] = ()
    forward_addresses: tuple[IPAddress, ...] = ()
    proxy_arp: bool = False
    found: tuple[StaticAddress, ...] = ()
    addresses: tuple[IPAddress, ...] = ()
    where: str = ""
    unread: frozenset[str] = frozenset()

    @property
    def all_addresses(self) -> tuple[IPAddress, ...]:
        """Every public address that was given, the one for links without one of their own first."""
        return (*((self.address,) if self.address is not None else ()), *self.addresses)


@dataclass(frozen=True)
class Lan:
    """The networks behind a gateway."""

    interface: str | None = None
    subnets: tuple[IPNetwork, ...] = ()
    where: str = ""
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Check:
    """How a link is watched: ``ping`` is the address to ask, or ``next_hop``; ``lost`` and ``back`` are pings."""

    ping: str | IPAddress
    interval_s: float
    lost: int
    back: int
    where: str = ""
    unread: frozenset[str] = frozenset()

    @property
    def beyond(self) -> IPAddress | None:
        """The address to ask, None if that is the next hop."""
        return None if self.ping is None or isinstance(self.ping, str) else self.ping


@dataclass(frozen=True)
class Link:
    """One internet uplink of a site. ``found`` are addresses that its interface was seen to have.

    ``carrier_options`` are its carrier's own, ``options_given`` the carriers for which the link has options.
    """

    name: str
    link_id: int
    interface: str
    address: str | StaticAddress
    next_hop: IPAddress | None
    mtu: int
    rate: dict[str, float] | None = None
    pppoe: Pppoe | None = None
    carrier: str | None = None
    carrier_options: Mapping[str, Any] = field(default_factory=dict)
    options_given: tuple[str, ...] = ()
    concentrator_address: IPAddress | None = None
    check: Check | None = None
    found: tuple[StaticAddress, ...] = ()
    where: str = ""
    unread: frozenset[str] = frozenset()

    @property
    def device(self) -> str:
        """The interface that its IP packets take: its own, or the one that is made when it is dialled."""
        return pppoe_interface(self.name) if self.address == "pppoe" else self.interface

    @property
    def via(self) -> str | None:
        """The next hop of routes over it; None where there is only one other end."""
        if self.address == "pppoe":
            return None
        return str(self.next_hop) if self.next_hop else "learn"

    @property
    def static(self) -> StaticAddress | None:
        """The link's static address, None when somebody else gives it one."""
        return self.address if isinstance(self.address, StaticAddress) else None

    @property
    def subnets(self) -> tuple[IPNetwork, ...]:
        """The link's own subnets as far as they are known, each once."""
        known = (self.static, *self.found) if self.static else self.found
        return tuple(dict.fromkeys(address.subnet for address in known))


@dataclass(frozen=True)
class Bond:
    """One bond of a site; ``links`` are names of links, None stands for all of them.

    ``schedule`` and ``weights`` are as schedule.py has them. ``options`` are the kernel's, by its names for them, and
    only those that both ends are to set. ``left``: nothing was said of how its legs are used, see defaults.py.
    """

    bond_id: int
    name: str
    mode: str
    leg: str
    links: tuple[str, ...] | None
    schedule: str = "mode"
    weights: tuple[tuple[str, float], ...] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    fragment: str = "refuse"
    mtu: int | None = None
    prefer: tuple[str, ...] | None = None
    left: bool = False
    where: str = ""
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PolicyMatch:
    """What a policy takes: all that is given has to be true. ``destinations`` and ``domains`` are of the other end, of
    which either will do."""

    destinations: tuple[IPNetwork, ...] | None = None
    sources: tuple[IPNetwork, ...] | None = None
    domains: tuple[str, ...] | None = None
    interfaces: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    ports: tuple[str, ...] | None = None
    source_ports: tuple[str, ...] | None = None
    dscp: tuple[int, ...] | None = None
    where: str = ""
    unread: frozenset[str] = frozenset()

    @property
    def subnets(self) -> tuple[IPNetwork, ...]:
        """All that is named of either end."""
        return (*(self.destinations or ()), *(self.sources or ()))


@dataclass(frozen=True)
class Policy:
    """Which way some traffic goes; ``via`` and ``weights`` are as policy_keys.py reads them."""

    name: str
    match: PolicyMatch
    via: tuple[str | int, ...] | None
    weights: tuple[tuple[str, float], ...] | None
    per: str
    otherwise: str
    dscp: int | None
    where: str = ""
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Forward:
    """A port of the concentrator, or several in a row, that lead to a host on a site's LAN."""

    port: tuple[int, int]
    to: IPAddress
    to_port: int | None
    protocol: str
    sources: tuple[IPNetwork, ...] = ()
    instead_of_ssh: bool = False
    where: str = ""
    unread: frozenset[str] = frozenset()

    @property
    def first(self) -> int:
        """The first of the ports."""
        return self.port[0]

    @property
    def last(self) -> int:
        """The last of the ports."""
        return self.port[1]

    @property
    def ports(self) -> str:
        """``443``, or ``5000-5100``."""
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)

    @property
    def protocols(self) -> tuple[str, ...]:
        """One or both."""
        return ("tcp", "udp") if self.protocol == "both" else (self.protocol,)


@dataclass(frozen=True)
class Proxy:
    """How TCP of a site's LAN goes through the proxy; ``destinations`` and ``ports`` do not. ``transport``: ``mptcp``
    or ``relay``, None while nobody has said or decided it."""

    enabled: bool
    transport: str | None
    quic: str
    congestion_control: str | None
    max_connections: int
    destinations: tuple[IPNetwork, ...] = ()
    ports: tuple[str, ...] = ()
    where: str = ""
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Qos:
    """How what leaves by links is shaped; ``share`` in percent of their rates."""

    enabled: bool
    share: int
    classes: str
    rtt_ms: int
    where: str = ""
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Choice:
    """What was decided where the inventory says nothing, and the reason in words."""

    what: str
    value: str
    why: str


@dataclass(frozen=True)
class Site:
    """One place with modems. ``choices``: what defaults.py decided."""

    host: str
    site_id: int
    concentrator: str | None
    lan: Lan
    links: tuple[Link, ...]
    bonds: tuple[Bond, ...]
    table_base: int
    mark_base: int
    priority_base: int
    carrier: str | None = None
    policies: tuple[Policy, ...] = ()
    qos: Qos | None = None
    public_subnets: tuple[IPNetwork, ...] = ()
    forwards: tuple[Forward, ...] = ()
    reaches: tuple[str, ...] = ()
    proxy: Proxy | None = None
    routing: str = "marks"
    choices: tuple[Choice, ...] = ()
    where: str = ""
    unread: frozenset[str] = frozenset()

    @property
    def alone(self) -> bool:
        """Whether the site has no concentrator, and wants none."""
        return self.concentrator == NO_CONCENTRATOR

    @property
    def versions(self) -> tuple[int, ...]:
        """The IP versions that the bonds carry: IPv4, and IPv6 when the LAN has it."""
        behind = (*self.lan.subnets, *self.public_subnets)
        return (4, 6) if any(subnet.version == 6 for subnet in behind) else (4,)

    def links_of(self, bond: Bond) -> tuple[Link, ...]:
        """The links of a bond of this site, by link_id."""
        chosen = [link for link in self.links if bond.links is None or link.name in bond.links]
        return tuple(sorted(chosen, key=lambda link: link.link_id))


@dataclass(frozen=True)
class Inventory:
    """Everything that was read, by host name, in the order of the inventory."""

    concentrators: dict[str, Concentrator]
    sites: dict[str, Site]
