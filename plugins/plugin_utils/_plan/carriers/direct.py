# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No carrier: legs straight over a link between two static public addresses. It takes nothing of a packet, and it
protects nothing.

A leg names both addresses, so that no NAT may be on the way. At the gateway its packets leave by their link since
they come from the link's own address; the tables and rules for that each link has anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..carrier import Carrier, Options, Use
from ..deps import IPAddress
from ..kinds import is_private
from ..layers import Layer
from ..problems import Problem
from ..reach import public_address

if TYPE_CHECKING:
    from ..model import Concentrator


class Direct(Carrier):
    """See above."""

    name = "direct"
    layers = {"direct": Layer("no carrier", own=0)}

    def notes(self, options: Options) -> Iterator[str]:
        """It is the article's EoIP over public addresses."""
        yield "nothing is encrypted nor authenticated: whoever is on the way can read it, and send into the LAN"

    def inner_family(self, outer_family: str) -> str:
        """Legs have the addresses of the outside."""
        return outer_family

    def check(self, use: Use) -> Iterator[Problem]:
        """Both addresses are known and have no NAT between them, as far as they tell."""
        link, concentrator = use.link, use.concentrator
        if "address" in link.unread:
            return
        if link.static is None:
            yield Problem(
                link.where,
                "key address",
                f"found '{link.address}', with carrier direct",
                "a static address, since the other end has to know it",
                "give the link's address with its prefix length, or choose a carrier that needs none",
            )
        elif concentrator.address and is_private(link.static.address) and not is_private(concentrator.address):
            yield Problem(
                link.where,
                "key address",
                f"found {link.static}, which is private, with carrier direct to the public {concentrator.address}",
                "a public address: on the way to the concentrator some NAT would replace a private one, and legs by "
                "themselves do not cross NAT",
                "let the modem hand on its public address (bridge mode), or choose a carrier such as wireguard",
            )

    def check_concentrator(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Problem]:
        """The address is the concentrator's own, as far as it is known what it has."""
        own = [str(found.address) for found in concentrator.found]
        if uses and own and concentrator.address and str(concentrator.address) not in own:
            yield Problem(
                concentrator.where,
                "key address",
                f"found {concentrator.address}, which is on none of its interfaces, with carrier direct of "
                f"{uses[0].link.where}",
                f"one of its own: {', '.join(own)}",
                "its provider has that address by NAT, which legs by themselves do not cross: choose a carrier such as "
                "wireguard, or an address that is routed to it",
            )

    def addresses(self, use: Use) -> tuple[IPAddress, IPAddress]:
        """Those of the link and of the concentrator themselves."""
        return use.link.static.address, public_address(use.link, use.concentrator)


CARRIER = Direct()
