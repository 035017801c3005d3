# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PPTP, as the article had it: pptp and pppd at the gateway, a session for each link, Debian's pptpd for all of them at
the concentrator. It protects nothing.

Each session leaves by its own link since pptp marks both of its sockets (``--rtmark``), TCP 1723 and GRE. It shares one
control connection among calls to the same server, which would put all of them on one link, so each has a /run/pptp of
its own. Who a link is, its user name tells; pptpd's pppd gives it the address of the pool that belongs to it. Whatever
NAT is on the way has to know PPTP, since GRE has no ports.

CHAP with MD5, which every pppd has; MS-CHAPv2 is no better against whoever listens and needs MD4 and DES of a library
that may have left them out.

Overhead, measured with pppd 2.4.9, pptp 1.10.0 and pptpd 1.4.0 on Linux 6.12: IP 20, GRE with key, sequence number and
acknowledgement 16 (RFC 2637), PPP 1 as both ends compress address, control and protocol (RFC 1661); up to 4 where they
do not. With ``mrru`` the kernel's multilink PPP (RFC 1990) cuts packets at the MRU, into pieces of up to 1497 bytes on
a link of 1500, and joins them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..carrier import Carrier, End, Options, Port, Use
from ..deps import IPAddress
from ..keys import Key
from ..kinds import choice, integer, secret, text
from ..layers import Layer
from ..names import daemon_file
from ..nft import Part
from ..numbers import RULE_CARRIER, carrier_address, concentrator_carrier_address, link_table
from ..pppd import ALWAYS, IP_UP, client_files, lines, quoted
from ..problems import Problem
from ..reach import carrier_mark, public_address
from ..shapes import daemon_item, file_item, route_item, rule_item

if TYPE_CHECKING:
    from ..model import Concentrator
    from ..wiring import CarrierWiring, PublicKeys, SiteWiring

CONTROL_PORT = 1723
OVERHEAD = 20  # GRE and PPP at their longest
SERVER = "linkagg"
# The interfaces of sessions at the concentrator, whose names are pppd's, are of this group.
GROUP = 76
READY_S = 45


class Pptp(Carrier):
    """See above."""

    name = "pptp"
    kinds = ("ppp",)
    gateway_programs = {"pppd": "ppp", "pptp": "pptp-linux"}
    concentrator_programs = {"pppd": "ppp", "pptpd": "pptpd"}
    layers = {"pptp": Layer("PPTP", own=OVERHEAD)}
    link_keys = (
        Key("user", text(r"[!-~]{1,64}", "1 to 64 characters of ASCII without spaces"), remedy="leave it out for one"),
        Key("password", secret(), secret=True, remedy="choose a long one, and keep it in a vault"),
        Key("auth", choice("chap", "pap"), default="chap", remedy="leave it out: chap does not send the password"),
        Key("mrru", integer(1280, 2000), remedy="give the size of packets to split and rejoin, or leave it out"),
    )

    def layer(self, options: Options) -> Layer:
        """With ``mrru``, packets of that size cross any link."""
        return Layer("PPTP", own=OVERHEAD, rejoined=options.get("mrru") or 0)

    def notes(self, options: Options) -> Iterator[str]:
        """Loudly."""
        yield (
            "PPTP PROTECTS NOTHING: whoever is on the way can read it, change it, and send into the LAN. Use it only "
            "for what is encrypted anyway, or where nobody is on the way"
        )
        if options["auth"] == "pap":
            yield "auth pap: the password itself crosses the internet, for everybody on the way to read"

    def ports(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Port]:
        """One for all links, where there are any; no key changes it (RFC 2637)."""
        if uses:
            yield Port("tcp", CONTROL_PORT, "carrier pptp")

    def check(self, use: Use) -> Iterator[Problem]:
        """It has a password, and runs over IPv4."""
        unread = use.options.get("unread", ())
        if use.options.get("password") is None and "password" not in unread:
            remedy = "give the link or the site pptp: {password: ...}, best from a vault"
            yield Problem(use.link.where, "key password of pptp", "missing", "the password of the session", remedy)
        if use.concentrator.address is not None and use.concentrator.address.version == 6:
            yield Problem(
                use.link.where,
                "key carrier",
                "found 'pptp'",
                "another one, since the concentrator's address is IPv6",
                "use an IPv4 address of the concentrator, or another carrier",
            )

    def check_concentrator(self, concentrator: Concentrator, uses: Sequence[Use]) -> Iterator[Problem]:
        """Each session has a user name of its own, and splitting knows one size of pieces."""
        seen: dict[str, str] = {}
        for use in uses:
            if use.site.site_id is None or use.link.link_id is None:
                continue
            user = _user(use)
            other = seen.setdefault(user, use.link.where)
            if other != use.link.where:
                yield Problem(
                    use.link.where,
                    "key user of pptp",
                    f"found '{user}', also that of {other}",
                    "a user name of its own, since its address follows from it",
                    "leave it out, or give it to this link alone",
                )
        known = [use for use in uses if use.link.mtu is not None]
        sizes = sorted({use.link.mtu - 8 * (use.link.address == "pppoe") for use in known})
        if len(sizes) > 1:
            for use in known:
                if use.options.get("mrru"):
                    yield Problem(
                        use.link.where,
                        "key mrru of pptp",
                        f"found {use.options['mrru']}, with links of {' and '.join(map(str, sizes))} bytes",
                        "links of one size, since the concentrator cuts for all of them alike",
                        "leave mrru out, or give all links with PPTP the smallest mtu of them",
                    )

    def gateway_interface(self, link_name: str, options: Options) -> str:
        """``pptp-lte1``."""
        return f"pptp-{link_name}"

    def addresses(self, use: Use) -> tuple[IPAddress, IPAddress]:
        """Of the carriers' pool."""
        pool = use.concentrator.carrier_pool
        return carrier_address(pool, use.site.site_id, use.link.link_id), concentrator_carrier_address(pool)

    def gateway_end(self, wiring: SiteWiring, carrier: CarrierWiring, public_keys: PublicKeys) -> End:
        """A session whose packets leave by the link as its mark says."""
        link, site, options = carrier.link, wiring.site, carrier.link.carrier_options
        table, name = link_table(site.table_base, link.link_id), f"pptp-{link.name}"
        call = [
            f"/usr/sbin/pptp {public_address(link, wiring.concentrator)} --nolaunchpppd --nohostroute",
            *([f"--rtmark {carrier_mark(site, link)}"] if carrier_mark(site, link) else []),
            f"--loglevel 1 --logstring {link.name}",
        ]
        refused = [method for method in ("pap", "chap") if method != options["auth"]]
        own = lines(
            f"pty {quoted(' '.join(call))}",
            f"ifname {carrier.interface}",
            *ALWAYS,
            *(f"refuse-{method}" for method in (*refused, "mschap", "mschap-v2", "eap")),
            *_sizes(carrier.mtu, wiring, link),
            f"ip-up-script {daemon_file(name, 'ip-up')}",
            *(("multilink", f"mrru {options['mrru']}", f"bundle {quoted(link.name)}") if options["mrru"] else ()),
        )
        where = f"link {link.name} of site {site.host}"
        daemon = daemon_item(
            name,
            description=f"PPTP of {where}",
            command=["/usr/sbin/pppd", "nodetach", "file", *client_files(name)],
            files=[
                file_item("options", own),
                file_item(
                    "login", lines(f"user {quoted(_user(_use(wiring, carrier)))}", _password(options)), secret=True
                ),
                file_item("ip-up", IP_UP, executable=True),
                file_item("none", "", seen_at="/etc/ppp/options"),
            ],
            interface=carrier.interface,
            capabilities=("CAP_NET_ADMIN", "CAP_NET_RAW"),
            own_directories=["/run/pptp"],
            ready_s=READY_S,
            brings_up=True,
            may_be_late=True,
            needs_network=True,
            hints=_hints(where),
        )
        near, far = f"{carrier.gateway_address}/32", f"{carrier.concentrator_address}/32"
        return End(
            daemons=(daemon,),
            routes=(route_item(far, table=table, device=carrier.interface),),
            rules=(rule_item(site.priority_base + RULE_CARRIER + link.link_id, table, source=near),),
        )

    def concentrator_end(
        self,
        concentrator: Concentrator,
        carriers: Sequence[tuple[SiteWiring, CarrierWiring]],
        public_keys: PublicKeys,
    ) -> End:
        """One server, which knows each link by its user name. Its secrets are seen by nobody else's pppd."""
        secrets: dict[str, list[str]] = {"chap": [], "pap": []}
        for wiring, carrier in carriers:
            options = carrier.link.carrier_options
            words = (_user(_use(wiring, carrier)), SERVER, options["password"])
            line = f"{' '.join(map(quoted, words))} {carrier.gateway_address}\n"
            secrets[options["auth"]].append(line)
        mrru = max((carrier.link.carrier_options["mrru"] or 0 for _wiring, carrier in carriers), default=0)
        plain = [_plain_mtu(wiring, carrier.link) for wiring, carrier in carriers]
        own = lines(
            f"name {SERVER}",
            "auth",
            *(f"require-{method}" for method in ("chap", "pap") if secrets[method]),
            *(f"refuse-{method}" for method in ("mschap", "mschap-v2", "eap")),
            f"{concentrator_carrier_address(concentrator.carrier_pool)}:",
            "noproxyarp",
            *(line for line in ALWAYS if line not in ONLY_OF_CALLERS),
            f"mtu {max(carrier.mtu for _wiring, carrier in carriers)}",
            f"mru {max(plain)}",
            *(("multilink", f"mrru {mrru}") if mrru else ()),
            "ip-up-script /bin/true",
            "ip-down-script /bin/true",
        )
        name = "pptpd"
        conf = lines(f"option {daemon_file(name, 'options')}", "delegate", f"connections {2 * len(carriers) + 10}")
        pre_up = (
            f'#!/bin/sh\n# Sessions are told from other interfaces by it.\nexec ip link set dev "$1" group {GROUP}\n'
        )
        daemon = daemon_item(
            name,
            description="PPTP of all sites",
            command=[
                "/usr/sbin/pptpd",
                "--fg",
                "--conf",
                daemon_file(name, "conf"),
                "--pidfile",
                "/run/linkagg-pptpd.pid",
            ],
            files=[
                file_item("conf", conf),
                file_item("options", own),
                file_item("chap", "".join(secrets["chap"]), secret=True, seen_at="/etc/ppp/chap-secrets"),
                file_item("pap", "".join(secrets["pap"]), secret=True, seen_at="/etc/ppp/pap-secrets"),
                file_item("ip-pre-up", pre_up, executable=True, seen_at="/etc/ppp/ip-pre-up"),
                file_item("none", "", seen_at="/etc/ppp/options"),
            ],
            interface=None,
            capabilities=("CAP_NET_ADMIN", "CAP_NET_RAW"),
            instead_of=["pptpd.service"],
            hints=[
                {
                    "seen": "Address already in use",
                    "means": "TCP port 1723 is taken by another program: stop that one, or choose another carrier",
                }
            ],
        )
        return End(daemons=(daemon,), groups=(GROUP,), nft=(_only_legs(concentrator),))


def _only_legs(concentrator: Concentrator) -> Part:
    """As of other carriers: sessions are for legs, whatever else a gateway may send into them. What the proxy takes of
    them is said before, and what vxlan legs may send later (see vxlan_guard)."""
    return Part(
        rules={
            "input": (
                f"iifgroup {GROUP} ct state established,related accept",
                f"iifgroup {GROUP} meta l4proto gre accept",
                f"iifgroup {GROUP} icmp type echo-request accept",
                f"iifgroup {GROUP} meta l4proto != udp drop",
                f"iifgroup {GROUP} udp dport != {concentrator.vxlan_port} drop",
            ),
            "forward": (f"iifgroup {GROUP} drop", f"oifgroup {GROUP} drop"),
        }
    )


def _hints(where: str) -> list[dict[str, Any]]:
    """What its end at a gateway says when no session comes about: of pppd 2.4.9 and 2.5.2, and of pptp 1.10.0."""
    return [
        {
            "seen": "(PAP|CHAP) authentication failed",
            "means": f"The concentrator refuses user or password of {where}: correct pptp there, or run the "
            "playbook for both ends",
        },
        {
            "seen": r"call established(.|\n)*?LCP: timeout sending Config-Requests",
            "means": f"The concentrator answers {where} at TCP port 1723, but its GRE (IP protocol 47) does not come "
            "through: some modem, NAT or firewall on the way does not know PPTP. Switch PPTP (or VPN) pass-through on "
            "there, or choose another carrier for this link. It is tried again all the time",
            "refusal": False,
        },
        {
            "seen": "Could not open control connection|LCP: timeout sending Config-Requests",
            "means": f"The concentrator does not answer {where} at TCP port 1723: run the playbook for both ends, look "
            "whether the link works, and open that port where a firewall closes it. It is tried again all the time",
            "refusal": False,
        },
    ]


# Who is called waits, and gives the addresses.
ONLY_OF_CALLERS = ("noauth", "noipdefault", "persist", "maxfail 0", "holdoff 5")


def _use(wiring: SiteWiring, carrier: CarrierWiring) -> Use:
    return Use(wiring.site, carrier.link, wiring.concentrator, carrier.link.carrier_options)


def _user(use: Use) -> str:
    return use.options.get("user") or f"{use.site.site_id}-{use.link.link_id}"


def _password(options: Options) -> str:
    return f"password {quoted(options['password'])}"


def _plain_mtu(wiring: SiteWiring, link: Any) -> int:
    """What a session takes without splitting."""
    size = link.mtu - 8 * (link.address == "pppoe")
    return min(size, wiring.concentrator.mtu) - OVERHEAD - 20


def _sizes(mtu: int, wiring: SiteWiring, link: Any) -> tuple[str, str]:
    return f"mtu {mtu}", f"mru {_plain_mtu(wiring, link)}"


CARRIER = Pptp()
