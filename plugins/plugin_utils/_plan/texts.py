# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of files and of the nftables table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from .nft import Part, compose, interfaces_set

HEADER = "# Made by linkagg.wan; changes are lost at its next run.\n"


# For TCP through a bond, whichever way the connection is opened: the least MTU of both directions' routes.
def clamp(interfaces: str) -> tuple[str, str]:
    """For a set of interfaces."""
    return (
        f"iifname @{interfaces} tcp flags syn tcp option maxseg size set rt mtu",
        f"oifname @{interfaces} tcp flags syn tcp option maxseg size set rt mtu",
    )


CLAMP = clamp("bonds")


def gateway_nft(bonds: Iterable[str], links: Iterable[str], carrier_pool: object, parts: Iterable[Part] = ()) -> str:
    """MSS clamp on the bonds; NAT on the links themselves, for what leaves them when no bond is there.

    ``parts`` is what other concerns add.
    """
    own = Part(
        sets=(interfaces_set("bonds", bonds), interfaces_set("links", links)),
        rules={
            "input": _quiet_carriers(carrier_pool),
            "forward": CLAMP,
            "postrouting": ("oifname @links masquerade",),
        },
    )
    return compose([own, *parts])


def concentrator_nft(
    bonds: Iterable[str],
    interface: str | None,
    carrier_pool: object,
    masquerade_ipv6: str = "private",
    carriers: Sequence[str] = (),
    parts: Iterable[Part] = (),
) -> str:
    """MSS clamp and NAT of what sites send out; nothing from site to site, nor past the bonds: not over ``carriers``,
    of which a single one is named and several are a set.

    The clamp comes first, since what accepts a packet ends the chain. ``parts`` is what other concerns add, whose rules
    come before NAT and before what keeps sites apart.
    """
    out = f'oifname "{interface}"' if interface else "oifname != @bonds"
    first = Part(
        sets=(
            interfaces_set("bonds", bonds),
            *((interfaces_set("carriers", carriers),) if len(carriers) > 1 else ()),
        ),
        rules={
            "input": _quiet_carriers(carrier_pool),
            "forward": (*CLAMP, *(f"{way} {sealed(carriers)} drop" for way in ("iifname", "oifname") if carriers)),
        },
    )
    last = Part(
        rules={
            "forward": ("iifname @bonds oifname @bonds drop",),
            "postrouting": [f"{whose} iifname @bonds {out} masquerade" for whose in _hidden(masquerade_ipv6)],
        }
    )
    return compose([first, *parts, last])


def sealed(carriers: Sequence[str]) -> str:
    """The carriers' interfaces in nft's words: the one, or the set of them."""
    return "@carriers" if len(carriers) > 1 else "".join(f'"{name}"' for name in carriers)


def _hidden(masquerade_ipv6: str) -> tuple[str, ...]:
    """Whose addresses are hidden: IPv4 always, IPv6 where nobody out there could answer to them (fc00::/7)."""
    ipv6 = {"private": ("ip6 saddr fc00::/7",), "all": ("meta nfproto ipv6",), "none": ()}
    return ("meta nfproto ipv4", *ipv6[masquerade_ipv6])


def _quiet_carriers(pool: object) -> tuple[str]:
    """Keep to ourselves that a carrier has no peer or no endpoint yet, as while a site is being set up.

    WireGuard answers a leg's packet with ICMP host unreachable then, on this very node. The leg remembers it for
    30 s (IPTUNNEL_ERR_TIMEO) and passes as many errors on to whoever uses it next, whose TCP connection breaks.
    """
    return (f'iifname "lo" ip saddr {pool} icmp type destination-unreachable icmp code host-unreachable drop',)


def gateway_sysctl(links: Iterable[str], versions: Collection[int], learning: Iterable[str]) -> str:
    """Forwarding; loose reverse path check, since answers of a link come while the default route is the bond.

    The larger of ``all`` and the interface counts (kernel, ip-sysctl.rst), so 2 on the link is enough.
    """
    loose = [(f"net.ipv4.conf.{_sysctl_name(link)}.rp_filter", 2) for link in sorted(set(links))]
    return _sysctl([("net.ipv4.ip_forward", 1), *loose, *_forwarding_ipv6(versions, learning)])


def concentrator_sysctl(
    versions: Collection[int], learning: Iterable[str], others: Iterable[tuple[str, int]] = ()
) -> str:
    """Forwarding, and what other concerns add."""
    return _sysctl([("net.ipv4.ip_forward", 1), *_forwarding_ipv6(versions, learning), *others])


def _forwarding_ipv6(versions: Collection[int], learning: Iterable[str]) -> list[tuple[str, int]]:
    """Forwarding, for those who carry IPv6; and going on with what router advertisements tell.

    A router takes none unless accept_ra is 2, and whoever becomes one forgets the default routes that it has from
    them on interfaces where it is less (net/ipv6/route.c, rt6_purge_dflt_routers). So that comes first.
    """
    if 6 not in versions:
        return []
    accept = [(f"net.ipv6.conf.{_sysctl_name(name)}.accept_ra", 2) for name in sorted(set(learning))]
    return [*accept, ("net.ipv6.conf.all.forwarding", 1)]


def _sysctl(settings: Iterable[tuple[str, int]]) -> str:
    return HEADER + "".join(f"{key} = {value}\n" for key, value in settings)


def _sysctl_name(interface: str) -> str:
    """sysctl(8) and sysctl.d(5) swap dot and slash within a name: ``eth0.7`` is written ``eth0/7``."""
    return interface.replace(".", "/")


def networkd_network(interfaces: Iterable[str], site: str) -> str:
    """One systemd.network(5) file for all links with DHCP, or '' without such a link.

    networkd only gets the address; the routes are ours, in a table for each link, and the next hop is read from
    networkd's lease. The lease is kept over a restart of networkd, so that carriers do not stall.
    """
    names = " ".join(sorted(set(interfaces)))
    if not names:
        return ""
    return f"""{HEADER}# Links of site {site} that get their address by DHCP.
[Match]
Name={names}

[Link]
RequiredForOnline=no

[Network]
DHCP=ipv4
LinkLocalAddressing=no
IPv6AcceptRA=no
KeepConfiguration=dhcp-on-stop

[DHCPv4]
ClientIdentifier=mac
UseDNS=no
UseDomains=no
UseGateway=no
UseHostname=no
UseMTU=no
UseNTP=no
UseRoutes=no
"""
