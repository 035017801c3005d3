# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Queries over data that nobody has checked yet, in JMESPath: whatever is not of the expected shape is passed over.

Expressions by jmespath.org/specification.html; without functions, which are strict about types and do not take the
dictionaries that Ansible tags with their origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .bonding import BOND, LEG_KINDS
from .carrier import Carrier
from .carriers import CARRIERS, DEFAULT
from .checks_proxy import able_links
from .defaults import decided
from .deps import jmespath, missing
from .kinds import Refused, boolean
from .model import NO_CONCENTRATOR, Site
from .proxy import PROGRAMS as PROXY_PROGRAMS
from .proxy import congestion_control, is_proxied, subflow_links
from .reading import read_sites

# What every node needs, with the Debian package of each.
PROGRAMS = {"nft": "nftables"}

# Of Ansible's facts, whose elements for interfaces have a device among much that has none.
_FACTS = "* | [?device].[device, [ipv4, ipv4_secondaries, ipv6][][].[address, prefix]]"
# Of the result of linkagg.wan.preflight.
_PREFLIGHT = "addresses"
# Every bond that says what its legs are, and every site that says nothing of bonds.
_LEGS = "sites.*.bonds[].leg"
# Every carrier that a link or a site names, and every site that leaves a link without one.
_CARRIERS = "sites.*.[carrier, links[].carrier][]"
_WITHOUT_CARRIER = "sites.* | [?!carrier && (!links || links[?!carrier])]"
_PROXIES = "sites.*.proxy"
_SHAPED = "sites.*.qos"
# Of one site.
_DIALLED = "links[?address == 'pppoe']"
_WITHOUT_BONDS = "sites.* | [?!bonds || bonds[?!leg]]"


def addresses_in(known: Any) -> dict[str, list[str]]:
    """``{interface: [address with prefix length]}`` out of Ansible's facts or a result of preflight."""
    found = _search(_PREFLIGHT, known)
    if isinstance(found, Mapping):
        return {str(name): [str(address) for address in addresses] for name, addresses in found.items()}
    return {device: list(_with_prefix(pairs)) for device, pairs in _search(_FACTS, known) or ()}


def _with_prefix(pairs: Any) -> Iterator[str]:
    for address, prefix in pairs or ():
        if address and prefix:
            yield f"{address}/{prefix}"


def interface_kinds(data: Any, host: str | None = None) -> list[str]:
    """Kinds of interfaces that a node, or all of them, must be able to make: carriers, the legs that are used, and
    bonds; what of the kernel the proxy and shaping need; and what that ``host`` has to dial its links."""
    own = ["pppoe"] if _is_dialled(data, host) else []
    data = _with_concentrator(_of_host(data, host))
    if data is None:
        return own
    legs = set(filter(lambda leg: isinstance(leg, str), _search(_LEGS, data) or ()))
    if _search(_WITHOUT_BONDS, data):
        legs.add(_default_leg())
    kinds = dict.fromkeys(kind for carrier in carriers_used(data) for kind in carrier.kinds)
    sites = _decided(data)
    proxy = ["mptcp", "tproxy"] if _asks(data, _PROXIES) or any(map(is_proxied, sites)) else []
    used = [(site, link) for site in sites if is_proxied(site) for link in subflow_links(able_links(site.links))]
    controls = {congestion_control(site, link) for site, link in used}
    bbr = ["bbr"] if "bbr" in controls else []
    shaped = _asks(data, _SHAPED) or any(site.qos is not None for site in sites)
    shaping = ["cake", *(["htb"] if _sites(data).get(host) is None else [])] if shaped else []
    return [*own, *kinds, *(kind for kind in LEG_KINDS if kind in legs), "bond", *proxy, *bbr, *shaping]


def carriers_used(data: Any) -> list[Carrier]:
    """Those that links have; the default one where nothing can be said, and where a concentrator has no site yet."""
    named = {str(name) for name in _flat(_search(_CARRIERS, data)) if isinstance(name, str)}
    used = named & CARRIERS.keys()
    if not used or _search(_WITHOUT_CARRIER, data):
        used.add(DEFAULT)
    return [carrier for name, carrier in CARRIERS.items() if name in used]


def programs(data: Any, host: str) -> dict[str, str]:
    """Programs that a node needs, with the Debian package of each: of its own links' carriers, or of its sites'."""
    own = _with_concentrator(_of_host(data, host))
    at_gateway = _sites(data).get(host) is not None
    used = [] if own is None else carriers_used(own)
    found = [carrier.gateway_programs if at_gateway else carrier.concentrator_programs for carrier in used]
    if _asks(own, _PROXIES) or any(map(is_proxied, _decided(own))):
        found.append(PROXY_PROGRAMS)
    dialled = {"pppd": "ppp"} if _is_dialled(data, host) else {}
    return {**PROGRAMS, **dialled, **{name: package for some in found for name, package in some.items()}}


def _sites(data: Any) -> Mapping[str, Any]:
    sites = data.get("sites") if isinstance(data, Mapping) else None
    return sites if isinstance(sites, Mapping) else {}


def _of_host(data: Any, host: str | None) -> Any:
    """What of the data concerns that host: its own site, or the sites that may be its own if it is a concentrator; all
    of them for anybody else. Each node of a run asks, and most are gateways, who must not look at the whole fleet."""
    sites = _sites(data)
    if sites.get(host) is not None:
        return {"sites": {host: sites[host]}}
    concentrators = data.get("concentrators") if isinstance(data, Mapping) else None
    if not isinstance(concentrators, Mapping) or host not in concentrators:
        return data or {}
    others = {*concentrators, NO_CONCENTRATOR} - {host}
    return {**data, "sites": {name: site for name, site in sites.items() if _concentrator_of(site) not in others}}


def _concentrator_of(site: Any) -> str | None:
    name = site.get("concentrator") if isinstance(site, Mapping) else None
    return name if isinstance(name, str) else None


def _is_dialled(data: Any, host: str | None) -> bool:
    return bool(_search(_DIALLED, _sites(data).get(host)))


def _asks(data: Any, which: str) -> bool:
    """Whether a site says that it has that, the proxy or shaping; also while what it says of it cannot be read."""
    told = [some.get("enabled", True) for some in _search(which, data) or () if isinstance(some, Mapping)]
    return any(_is_true(enabled) for enabled in told)


def _decided(data: Any) -> list[Site]:
    """The sites as the planner has them, with what its rule decides."""
    return [] if missing() else [decided(site) for site in read_sites(data)[0].values()]


def _is_true(value: Any) -> bool:
    try:
        return bool(boolean().parse(value))
    except Refused:
        return True


def _flat(found: Any) -> Iterator[Any]:
    for element in found or ():
        if isinstance(element, list):
            yield from _flat(element)
        else:
            yield element


def _with_concentrator(data: Any) -> Any:
    """The data without sites that have no concentrator and want none; None if there is no other site."""
    sites = _sites(data)
    if not sites:
        return data
    others = {host: site for host, site in sites.items() if _concentrator_of(site) != NO_CONCENTRATOR}
    return {**data, "sites": others} if others else None


def _default_leg() -> str:
    return next(key.default for key in BOND.keys if key.name == "leg")


def _search(expression: str, data: Any) -> Any:
    return jmespath.search(expression, data) if jmespath is not None and isinstance(data, Mapping) else None
