# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of policies: ways that exist, matches that can be true, weights that are not all 0."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from .limits import MAX_LINK_ID
from .model import Inventory, Policy, PolicyMatch, Site
from .policy_keys import DROP, MOST_CHOICES, PORT_PROTOCOLS, SPREAD
from .policy_marks import OURS, OURS_MASK
from .problems import Problem, nearest

_LAST_MARK = OURS | ~OURS_MASK & 0xFFFFFFFF


def check_policies(inventory: Inventory) -> Iterator[Problem]:
    """Each policy by itself, with its site, and with those before it."""
    for site in inventory.sites.values():
        if not site.policies:
            continue
        yield from _marks(site)
        yield from _reserved_names(site)
        seen: dict[str, int] = {}
        everything = ""
        for number, policy in enumerate(site.policies, start=1):
            first = seen.setdefault(policy.name, number) if policy.name else number
            if first != number:
                found = f"found '{policy.name}' at numbers {first} and {number} of the list"
                yield Problem(policy.where, "key name", found, "a value of its own", "change one")
            if everything:
                found = f"comes after policy {everything}, which matches everything, so it never decides"
                yield Problem(policy.where, "", found, "", "move it up, or give that one a match")
            yield from _via(policy, site)
            yield from _weights(policy, site)
            yield from _match(policy, site)
            if _matches_everything(policy):
                everything = everything or policy.name


def _marks(site: Site) -> Iterator[Problem]:
    first = site.mark_base
    if first is not None and first <= _LAST_MARK and first + MAX_LINK_ID >= OURS:
        yield Problem(
            site.where,
            "key mark_base",
            f"found {first}, and so marks {first} to {first + MAX_LINK_ID}",
            f"a number outside {OURS - MAX_LINK_ID} to {_LAST_MARK}, since the site has policies",
            "choose another first number; connections of policies have those marks",
        )


def _reserved_names(site: Site) -> Iterator[Problem]:
    bonds = {bond.name: bond.where for bond in site.bonds if bond.name}
    for link in site.links:
        if link.name in (DROP, SPREAD):
            remedy = "give the link another name"
            yield Problem(link.where, "key name", f"found '{link.name}', a word of policies", "any other name", remedy)
        elif link.name in bonds:
            found = f"found '{link.name}', also the name of a bond, so that policies could mean either"
            yield Problem(link.where, "key name", found, "a name that no bond has", "change one of the two")


def _via(policy: Policy, site: Site) -> Iterator[Problem]:
    key = "key via"
    if "via" in policy.unread:
        return
    if policy.via is None:
        if policy.dscp is None and "dscp" not in policy.unread:
            remedy = "say which way this traffic goes, or give it a class with `dscp`"
            yield Problem(policy.where, key, "missing", _allowed(site), remedy)
        return
    known = _known(site)
    listed = [one for one in policy.via if one not in (DROP, SPREAD)]
    if len(policy.via) > 1 and len(listed) < len(policy.via):
        found = f"found {', '.join(map(str, policy.via))}"
        remedy = "for a last resort that drops, say `otherwise: drop`"
        yield Problem(policy.where, key, found, f"{DROP} and {SPREAD} only by themselves", remedy)
    for number, one in enumerate(listed):
        if one not in known:
            meant = nearest(str(one), map(str, known))
            remedy = f"did you mean {meant}?" if meant else "name a link or a bond of this site"
            yield Problem(policy.where, key, f"found {one!r}, which is no link and no bond", _allowed(site), remedy)
        elif known[one] in [known.get(other) for other in listed[:number]]:
            yield Problem(policy.where, key, f"found {one!r} twice", "each way once", "remove one")
    if len(listed) > MOST_CHOICES:
        found = f"found {len(listed)} ways"
        remedy = "what none of them takes goes the way of all other traffic, which any link that works can carry"
        yield Problem(policy.where, key, found, f"up to {MOST_CHOICES}", remedy)


def _known(site: Site) -> dict[str | int, object]:
    """What ``via`` can name -> what is meant by it."""
    bonds = [bond for bond in site.bonds if bond.bond_id is not None]
    return {
        **{link.name: ("link", link.name) for link in site.links if link.name},
        **{bond.name: ("bond", bond.bond_id) for bond in bonds if bond.name},
        **{bond.bond_id: ("bond", bond.bond_id) for bond in bonds},
    }


def _allowed(site: Site) -> str:
    return ", ".join(map(str, (*_known(site), SPREAD, DROP)))


def _weights(policy: Policy, site: Site) -> Iterator[Problem]:
    if policy.weights is None or "via" in policy.unread:
        return
    key, found = "key weights", f"found {', '.join(f'{name}: {weight:g}' for name, weight in policy.weights)}"
    names = [link.name for link in site.links if link.name]
    if policy.via != (SPREAD,):
        remedy = f"remove it, or say `via: {SPREAD}`"
        yield Problem(policy.where, key, found, f"nothing, without `via: {SPREAD}`", remedy)
        return
    for name, _weight in policy.weights:
        if name not in names:
            meant = nearest(name, names)
            remedy = f"did you mean {meant}?" if meant else "name links of this site"
            yield Problem(policy.where, key, f"found '{name}', which is no link", ", ".join(names), remedy)
    if not any(weight > 0 for _name, weight in policy.weights):
        remedy = f"give the links that are to be used a weight, or say `via: {DROP}`"
        yield Problem(
            policy.where, key, f"{found}, which leaves no link", "a weight above 0 for one link at least", remedy
        )


def _match(policy: Policy, site: Site) -> Iterator[Problem]:
    match = policy.match
    for key in _LISTS:
        if getattr(match, key) == () and key not in match.unread:
            remedy = "leave it out for traffic of any kind"
            yield Problem(match.where, f"key {key}", "found an empty list", "a list with one element at least", remedy)
    yield from _ports(match)
    yield from _families(match)
    upstream = {link.interface: f"that of link {link.name}" for link in site.links if link.interface}
    upstream |= {link.device: f"that of link {link.name}" for link in site.links if link.name and link.interface}
    upstream |= {bond.name: f"bond {bond.name}" for bond in site.bonds if bond.name}
    for name in match.interfaces or ():
        if name in upstream:
            found = f"found '{name}', {upstream[name]}"
            remedy = "policies are for what leaves by links and bonds, not for what comes in by them"
            yield Problem(match.where, "key interfaces", found, "an interface of the LAN", remedy)


_LISTS = tuple(field.name for field in fields(PolicyMatch) if field.name not in ("where", "unread"))


def _ports(match: PolicyMatch) -> Iterator[Problem]:
    without = [name for name in match.protocols or () if name not in PORT_PROTOCOLS]
    for key in ("ports", "source_ports"):
        if getattr(match, key) and without:
            found = f"found {', '.join(getattr(match, key))} with protocol {', '.join(without)}, which has no ports"
            allowed = f"ports with {', '.join(PORT_PROTOCOLS)}"
            yield Problem(match.where, f"key {key}", found, allowed, "remove one of the two, or make two policies")


def _families(match: PolicyMatch) -> Iterator[Problem]:
    """Both ends of one packet are of the same IP version."""
    if not match.sources or not match.destinations or match.domains:
        return
    versions = [{network.version for network in some} for some in (match.sources, match.destinations)]
    if not set.intersection(*versions):
        found = f"found IPv{min(versions[0])} with destinations of IPv{min(versions[1])} only"
        remedy = "no packet has both; correct one of the two"
        yield Problem(match.where, "key sources", found, "addresses of the same IP version", remedy)


def _matches_everything(policy: Policy) -> bool:
    match = policy.match
    return not match.unread and "match" not in policy.unread and all(getattr(match, key) is None for key in _LISTS)
