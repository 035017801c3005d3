# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WireGuard: at the gateway an interface, key and mark for each link, at the concentrator one interface for all.

Overhead: WireGuard 32, UDP 8 (wireguard.com/papers/wireguard.pdf, 5.4.6), padded to 16 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..budget import mtu_budget
from ..carrier import Carrier, End, Options, Port, Use
from ..deps import IPAddress
from ..layers import Layer
from ..names import ALIAS, key_file
from ..numbers import RULE_CARRIER, carrier_address, concentrator_carrier_address, link_table
from ..problems import Problem
from ..reach import carrier_mark, endpoint, from_its_address
from ..shapes import route_item, rule_item, wireguard_item

if TYPE_CHECKING:
    from ..model import Concentrator
    from ..wiring import CarrierWiring, PublicKeys, SiteWiring

KEEPALIVE_S = 15
CONCENTRATOR_INTERFACE = "wg-linkagg"
LAYER = Layer("WireGuard", own=40, block=16)


class WireGuard(Carrier):
    """See above."""

    name = "wireguard"
    kinds = ("wireguard",)
    gateway_programs = concentrator_programs = {"wg": "wireguard-tools"}
    layers = {"wireguard": LAYER}
    shares_interface = True

    def check_concentrator(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Problem]:
        """It cannot share its UDP port with vxlan legs."""
        with_vxlan = [bond.where for use in uses for bond in use.site.bonds if bond.leg == "vxlan"]
        port = concentrator.listen_port
        if with_vxlan and port is not None and port == concentrator.vxlan_port:
            yield Problem(
                concentrator.where,
                "key listen_port",
                f"found {port}, also the port of vxlan legs ({with_vxlan[0]})",
                "a port of its own",
                "change it or vxlan_port",
            )

    def ports(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Port]:
        """One for all links."""
        if concentrator.listen_port is not None:
            yield Port("udp", concentrator.listen_port, "listen_port", interface=CONCENTRATOR_INTERFACE)

    def gateway_interface(self, link_name: str, options: Options) -> str:
        """``wg-lte1``."""
        return f"wg-{link_name}"

    def concentrator_interface(self, site_id: int, link_id: int, options: Options) -> str:
        """The same for all."""
        return CONCENTRATOR_INTERFACE

    def addresses(self, use: Use) -> tuple[IPAddress, IPAddress]:
        """Of the carriers' pool."""
        pool = use.concentrator.carrier_pool
        return carrier_address(pool, use.site.site_id, use.link.link_id), concentrator_carrier_address(pool)

    def gateway_end(self, wiring: SiteWiring, carrier: CarrierWiring, public_keys: PublicKeys) -> End:
        """An interface of its own, whose packets leave by the link as its mark says."""
        link, site, concentrator = carrier.link, wiring.site, wiring.concentrator
        interface = carrier.interface
        far = f"{carrier.concentrator_address}/32"
        table = link_table(site.table_base, link.link_id)
        tunnel = wireguard_item(
            interface,
            mtu=carrier.mtu,
            addresses=[f"{carrier.gateway_address}/32"],
            listen_port=0,
            fwmark=carrier_mark(site, link),
            private_key_file=key_file(interface),
            peers=[
                {
                    "public_key": public_keys.get(concentrator.host, {}).get(CONCENTRATOR_INTERFACE),
                    "endpoint": endpoint(link, concentrator, concentrator.listen_port),
                    "allowed_ips": [far],
                    "persistent_keepalive_s": KEEPALIVE_S,
                }
            ],
            alias=f"{ALIAS}carrier of link {link.name}",
        )
        priority = site.priority_base + RULE_CARRIER + link.link_id
        return End(
            key_interfaces=(interface,),
            tunnels=(tunnel,),
            routes=(route_item(far, table=table, device=interface),),
            rules=(rule_item(priority, table, source=f"{carrier.gateway_address}/32"),),
            nft=from_its_address(link, concentrator, concentrator.listen_port),
        )

    def concentrator_end(
        self,
        concentrator: Concentrator,
        carriers: Sequence[tuple[SiteWiring, CarrierWiring]],
        public_keys: PublicKeys,
    ) -> End:
        """Its MTU is that of the concentrator's own way out, so that no site changes it for the others."""
        pool = concentrator.carrier_pool
        family = f"ipv{concentrator.address.version}"
        budget = mtu_budget(concentrator.mtu, LAYER, family=family, far_mtu=concentrator.mtu)
        tunnel = wireguard_item(
            CONCENTRATOR_INTERFACE,
            mtu=budget.carrier_mtu,
            addresses=[f"{concentrator_carrier_address(pool)}/{pool.prefixlen}"],
            listen_port=concentrator.listen_port,
            fwmark=0,
            private_key_file=key_file(CONCENTRATOR_INTERFACE),
            peers=[
                {
                    "public_key": public_keys.get(wiring.site.host, {}).get(carrier.interface),
                    "endpoint": None,
                    "allowed_ips": [f"{carrier.gateway_address}/32"],
                    "persistent_keepalive_s": 0,
                }
                for wiring, carrier in carriers
            ],
            alias=f"{ALIAS}carriers of all sites",
        )
        return End(key_interfaces=(CONCENTRATOR_INTERFACE,), tunnels=(tunnel,), interfaces=(CONCENTRATOR_INTERFACE,))


CARRIER = WireGuard()
