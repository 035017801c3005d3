# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a carrier says about itself. Each is one file of the package ``carriers``, which finds it by itself.

Everything here is pure: the inventory's data in, parts of the plan out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .deps import IPAddress
from .layers import Layer
from .problems import Problem

if TYPE_CHECKING:
    from .keys import Key
    from .model import Concentrator, Link, Site
    from .nft import Part
    from .wiring import CarrierWiring, PublicKeys, SiteWiring

Options = Mapping[str, Any]
Item = dict[str, Any]


@dataclass(frozen=True)
class End:
    """What carriers add to the desired state of the node at one of their ends; elements as the modules take them.

    ``key_interfaces`` get a WireGuard key, ``certificates`` (by the name of an interface as well) a key with a
    certificate; what is public of either comes back in ``public_keys``. Interfaces of ``daemons`` may come late.
    ``routes`` of a gateway's end go into the link's own table, after its default route. ``interfaces`` are those of
    the concentrator that nothing may be forwarded over, since only legs are in them; ``groups`` those of interfaces
    that come and go there, with names that nobody knows.
    """

    key_interfaces: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    daemons: tuple[Item, ...] = ()
    tunnels: tuple[Item, ...] = ()
    links: tuple[Item, ...] = ()
    routes: tuple[Item, ...] = ()
    rules: tuple[Item, ...] = ()
    interfaces: tuple[str, ...] = ()
    groups: tuple[int, ...] = ()
    nft: tuple[Part, ...] = ()


def joined(ends: Sequence[End]) -> End:
    """All of them as one, in their order."""
    return End(*(tuple(item for end in ends for item in getattr(end, field.name)) for field in fields(End)))


def late_interfaces(daemons: Sequence[Item]) -> list[str]:
    """The interfaces that they make."""
    return [daemon["interface"] for daemon in daemons if daemon["interface"]]


@dataclass(frozen=True)
class Port:
    """A port at which a concentrator listens, by the key that chooses it; ``interface`` is that of WireGuard there.

    ``kernel``: whether the kernel itself listens, and takes several at one port.
    """

    protocol: str
    number: int
    key: str
    interface: str = ""
    kernel: bool = False


@dataclass(frozen=True)
class Use:
    """One link that uses a carrier, as far as it could be read; ``options`` has None for what could not."""

    site: Site
    link: Link
    concentrator: Concentrator
    options: Options


class Carrier:
    """One way to cross the internet over a link. Whoever derives from it says only what is different there.

    ``name``: the word in the inventory, and the key of the mappings with its options: ``link_keys`` are those of a
    link (a site's are the default of its links), ``concentrator_keys`` those of a concentrator.
    ``kinds``: interfaces that the kernel has to be able to make at both ends, in linkagg.wan.preflight's words.
    ``gateway_programs``, ``concentrator_programs``: what has to be there, with its Debian package.
    ``layers``: what it takes of a packet, by the names that linkagg.wan.mtu_budget has for it.
    ``shares_interface``: at the concentrator all links have one, and each is a peer of it.
    """

    name: str
    link_keys: tuple[Key, ...] = ()
    concentrator_keys: tuple[Key, ...] = ()
    kinds: tuple[str, ...] = ()
    gateway_programs: Mapping[str, str] = {}
    concentrator_programs: Mapping[str, str] = {}
    layers: Mapping[str, Layer]
    shares_interface: bool = False

    def layer(self, options: Options) -> Layer:
        """What it takes of a packet with these options."""
        return self.layers[self.name]

    def is_leg(self, options: Options) -> bool:
        """Whether it is an Ethernet tunnel itself, and so the bond's port with no leg in it."""
        return False

    def notes(self, options: Options) -> Iterator[str]:
        """What people should know who use it so: said aloud whenever it is planned."""
        return iter(())

    def check(self, use: Use) -> Iterator[Problem]:
        """What is wrong with a link's use of it."""
        return iter(())

    def check_concentrator(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Problem]:
        """What is wrong with it at a concentrator; ``uses`` can be none."""
        return iter(())

    def ports(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Port]:
        """Where it listens at a concentrator, as far as that can be read; ``uses`` can be none."""
        return iter(())

    def inner_family(self, outer_family: str) -> str:
        """Family of the packets of legs in it, ``ipv4`` or ``ipv6``."""
        return "ipv4"

    def gateway_interface(self, link_name: str, options: Options) -> str | None:
        """The interface that it makes at the gateway."""
        return None

    def concentrator_interface(self, site_id: int, link_id: int, options: Options) -> str | None:
        """The interface that it makes at the concentrator for this link, or for all."""
        return None

    def addresses(self, use: Use) -> tuple[IPAddress, IPAddress] | None:
        """Gateway's and concentrator's address between which legs run; None if it is its own leg."""
        raise NotImplementedError

    def gateway_end(self, wiring: SiteWiring, carrier: CarrierWiring, public_keys: PublicKeys) -> End:
        """What one link needs at the gateway."""
        return End()

    def concentrator_end(
        self,
        concentrator: Concentrator,
        carriers: Sequence[tuple[SiteWiring, CarrierWiring]],
        public_keys: PublicKeys,
    ) -> End:
        """What all links that use it need at the concentrator, by site_id and link_id."""
        return End()
