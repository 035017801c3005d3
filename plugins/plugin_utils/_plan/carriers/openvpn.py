# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenVPN over UDP, a process for each link at either end, in its point-to-point mode with TLS.

A process for each link also at the concentrator: a tap device has to be a port of one bond, another site's coming and
going restarts nothing of this one, and the work is spread over the processors. Each has a UDP port of its own, made of
the ids. Nodes make their own keys; each end knows the other's certificate by its fingerprint (``peer-fingerprint`` of
OpenVPN 2.6), so that there is no authority and no secret that travels.

Overhead, measured: OpenVPN 2.6.14 between two network namespaces, pings of 100 to 1400 bytes, the length of the IPv4
packets on the wire less that of the ping. tun with AES-256-GCM or ChaCha20-Poly1305 52 (IP 20, UDP 8, opcode and peer
id 4, packet id 4, tag 16), with cipher none 68 (HMAC-SHA256, 32, in place of the tag); tap 14 more of Ethernet. It pads
nothing. tests/netns/test_openvpn.py measures it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..carrier import Carrier, End, Options, Port, Use
from ..deps import IPAddress
from ..keys import Key
from ..kinds import choice, integer
from ..layers import Layer
from ..names import KEY_DIRECTORY, daemon_file, key_file
from ..numbers import (
    MAIN_TABLE,
    RULE_CARRIER,
    carrier_address,
    carrier_offset,
    concentrator_carrier_address,
    link_table,
)
from ..problems import Problem
from ..reach import carrier_mark, public_address
from ..shapes import daemon_item, file_item, route_item, rule_item

if TYPE_CHECKING:
    from ..model import Concentrator
    from ..wiring import CarrierWiring, PublicKeys, SiteWiring

CIPHERS = ("AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "none")
LAST_PORT = 65535

# Below the ports that the kernel gives to those who ask for any (from 32768 on) as long as site_id is below 256.
_PORT_BASE = 16384

# A peer that is silent for so long is looked for anew; that a leg is dead, its bond knows sooner. A handshake may take
# longer than on a link that is good for anything.
_PING_S, _DEAD_S, _HANDSHAKE_S = 2, 10, 20

_PROGRAM = "/usr/sbin/openvpn"


class OpenVPN(Carrier):
    """See above."""

    name = "openvpn"
    kinds = ("tun",)
    gateway_programs = concentrator_programs = {"openvpn": "openvpn", "openssl": "openssl"}
    layers = {
        "openvpn": Layer("OpenVPN tun", own=32),
        "openvpn-none": Layer("OpenVPN tun without encryption", own=48),
        "openvpn-tap": Layer("OpenVPN tap with Ethernet", own=46),
        "openvpn-tap-none": Layer("OpenVPN tap without encryption, with Ethernet", own=62),
    }
    link_keys = (
        Key(
            "device",
            choice("tun", "tap"),
            default="tun",
            remedy="say tun for legs in it, or tap to have it as the leg itself",
        ),
        Key("cipher", choice(*CIPHERS), default=CIPHERS[0], remedy="choose one of these"),
        Key("port", integer(1, LAST_PORT), remedy="choose a free UDP port of the concentrator, or leave it out"),
    )
    concentrator_keys = (
        Key(
            "port_base",
            integer(1, LAST_PORT - 64),
            default=_PORT_BASE,
            remedy="choose another first number; UDP ports are counted from it",
        ),
    )

    def layer(self, options: Options) -> Layer:
        """By device and cipher."""
        tap = "-tap" if options["device"] == "tap" else ""
        return self.layers[f"openvpn{tap}{'-none' if options['cipher'] == 'none' else ''}"]

    def is_leg(self, options: Options) -> bool:
        """A tap device is an Ethernet tunnel."""
        return options["device"] == "tap"

    def notes(self, options: Options) -> Iterator[str]:
        """Encryption can be off, authentication cannot."""
        if options["cipher"] == "none":
            yield "cipher none: it is authenticated but not encrypted, for inside a network that you trust"

    def check(self, use: Use) -> Iterator[Problem]:
        """The port that follows from the ids is one."""
        port = _port(use)
        if port is not None and port > LAST_PORT:
            base = use.concentrator.carrier_options[self.name]["port_base"]
            yield Problem(
                use.link.where,
                "key link_id",
                f"found {use.link.link_id}, and so UDP port {port} (port_base {base} + 64 x site_id "
                f"{use.site.site_id} + link_id)",
                f"a port up to {LAST_PORT}",
                "give the link a port of its own (openvpn: {port: ...}), or the concentrator a lower port_base",
            )

    def check_concentrator(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Problem]:
        """No two links have a port, and none has that of somebody else of ours."""
        with_vxlan = any(bond.leg == "vxlan" for use in uses for bond in use.site.bonds)
        taken: dict[Any, str] = {concentrator.listen_port: f"listen_port of {concentrator.where}"}
        if with_vxlan:
            taken[concentrator.vxlan_port] = f"vxlan_port of {concentrator.where}"
        for use in uses:
            port = _port(use)
            other = None if port is None else taken.setdefault(port, use.link.where)
            if other not in (None, use.link.where):
                given = use.options.get("port") is not None
                yield Problem(
                    use.link.where,
                    "key port of openvpn" if given else "key link_id",
                    f"found {port}, also that of {other}" if given else f"UDP port {port} follows, that of {other}",
                    "a UDP port of its own at the concentrator",
                    "give the link another port (openvpn: {port: ...})",
                )

    def ports(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Port]:
        """One for each link."""
        for number in filter(None, map(_port, uses)):
            yield Port("udp", number, "port_base of openvpn")

    def gateway_interface(self, link_name: str, options: Options) -> str:
        """``tun-lte1``."""
        return f"{options.get('device') or 'tun'}-{link_name}"

    def concentrator_interface(self, site_id: int, link_id: int, options: Options) -> str:
        """``tun1-1``: site, link."""
        return f"{options.get('device') or 'tun'}{site_id}-{link_id}"

    def addresses(self, use: Use) -> tuple[IPAddress, IPAddress]:
        """Of the carriers' pool; the concentrator has the same address on each of its devices."""
        pool = use.concentrator.carrier_pool
        return carrier_address(pool, use.site.site_id, use.link.link_id), concentrator_carrier_address(pool)

    def gateway_end(self, wiring: SiteWiring, carrier: CarrierWiring, public_keys: PublicKeys) -> End:
        """A client whose packets leave by the link as its mark says."""
        link, site, concentrator = carrier.link, wiring.site, wiring.concentrator
        table, mark = link_table(site.table_base, link.link_id), carrier_mark(site, link)
        lines = [
            f"remote {public_address(link, concentrator)} {_port(_use(wiring, carrier))}",
            f"proto udp{concentrator.address.version if concentrator.address.version == 6 else 4}",
            "nobind",
            *([f"mark {mark}"] if mark else []),
            "connect-retry 1 4",
            "tls-client",
        ]
        far = public_keys.get(concentrator.host, {}).get(carrier.concentrator_interface)
        daemon = _daemon(f"openvpn-{link.name}", f"carrier of link {link.name}", carrier, carrier.interface, lines, far)
        ends = [] if carrier.is_leg else [(carrier.gateway_address, carrier.concentrator_address)]
        priority = site.priority_base + RULE_CARRIER + link.link_id
        return End(
            certificates=(carrier.interface,),
            daemons=(daemon,),
            links=tuple({"interface": carrier.interface, "addresses": [f"{near}/32"]} for near, _far in ends),
            routes=tuple(route_item(f"{far}/32", table=table, device=carrier.interface) for _near, far in ends),
            rules=tuple(rule_item(priority, table, source=f"{near}/32") for near, _far in ends),
        )

    def concentrator_end(
        self,
        concentrator: Concentrator,
        carriers: Sequence[tuple[SiteWiring, CarrierWiring]],
        public_keys: PublicKeys,
    ) -> End:
        """A server for each link: whoever has its key, from whatever address its NAT gives it by now."""
        daemons = []
        for wiring, carrier in carriers:
            lines = [
                f"lport {_port(_use(wiring, carrier))}",
                f"proto udp{concentrator.address.version if concentrator.address.version == 6 else 4}",
                "multihome",
                "float",
                "tls-server",
                "dh none",
                "ping-timer-rem",
            ]
            link, site = carrier.link, wiring.site
            far = public_keys.get(site.host, {}).get(carrier.interface)
            name, what = f"openvpn-{site.site_id}-{link.link_id}", f"carrier of link {link.name} of site {site.host}"
            daemons.append(_daemon(name, what, carrier, carrier.concentrator_interface, lines, far))
        tunnels = [carrier for _wiring, carrier in carriers if not carrier.is_leg]
        return End(
            certificates=tuple(carrier.concentrator_interface for _wiring, carrier in carriers),
            daemons=tuple(daemons),
            links=tuple(
                {"interface": tunnel.concentrator_interface, "addresses": [f"{tunnel.concentrator_address}/32"]}
                for tunnel in tunnels
            ),
            routes=tuple(
                route_item(f"{tunnel.gateway_address}/32", table=MAIN_TABLE, device=tunnel.concentrator_interface)
                for tunnel in tunnels
            ),
            interfaces=tuple(tunnel.concentrator_interface for tunnel in tunnels),
        )


def _use(wiring: SiteWiring, carrier: CarrierWiring) -> Use:
    return Use(wiring.site, carrier.link, wiring.concentrator, carrier.link.carrier_options)


def _port(use: Use) -> int | None:
    """The link's UDP port at the concentrator: its own, else ``port_base`` and its ids."""
    base = use.concentrator.carrier_options.get("openvpn", {}).get("port_base")
    given, unread = use.options.get("port"), "port" in use.options.get("unread", ())
    if given is not None or unread:
        return given
    if None in (base, use.site.site_id, use.link.link_id):
        return None
    return base + carrier_offset(use.site.site_id, use.link.link_id)


def _daemon(
    name: str, what: str, carrier: CarrierWiring, interface: str, lines: list[str], fingerprint: str | None
) -> dict[str, Any]:
    """What both ends have in common. The device is there before the program and outlives it, so that a bond keeps its
    port; addresses and routes on it are ours, and OpenVPN touches neither.
    """
    options = carrier.link.carrier_options
    device, cipher = options["device"], options["cipher"]
    text = [
        "# Made by linkagg.wan; changes are lost at its next run.",
        f"dev {interface}",
        f"dev-type {device}",
        *lines,
        f"cert {KEY_DIRECTORY}/{interface}.crt",
        f"key {key_file(interface)}",
        f'peer-fingerprint "{fingerprint or "not known yet"}"',
        f"data-ciphers {cipher}",
        f"data-ciphers-fallback {cipher}",
        "auth SHA256",
        *(["reneg-bytes 0"] if cipher == "none" else []),
        "disable-dco",
        "persist-tun",
        "persist-key",
        f"tun-mtu {carrier.mtu}",
        "mssfix 0",
        f"ping {_PING_S}",
        f"ping-restart {_DEAD_S}",
        f"hand-window {_HANDSHAKE_S}",
        "explicit-exit-notify 1",
        "suppress-timestamps",
        "verb 3",
    ]
    return daemon_item(
        name,
        description=what,
        command=[_PROGRAM, "--config", daemon_file(name, "openvpn.conf")],
        prepare=[
            [_PROGRAM, "--mktun", "--dev", interface, "--dev-type", device],
            ["/sbin/ip", "link", "set", "dev", interface, "mtu", str(carrier.mtu)],
        ],
        type="notify",
        capabilities=("CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE"),
        files=[file_item("openvpn.conf", "\n".join(text) + "\n")],
        interface=interface,
        ready_s=10,
        keep=fingerprint is None,
    )


CARRIER = OpenVPN()
