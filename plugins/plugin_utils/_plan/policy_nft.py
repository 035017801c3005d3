# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What nftables does for policies: chooses a way for each new connection, keeps it with the connection, sets
classes.

The first policy that matches decides. What comes in by links and bonds is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from .buckets import BUCKETS, assign
from .deps import IPAddress, IPNetwork, cidr_merge
from .model import Policy, PolicyMatch, Site
from .nft import Part, interfaces_set, nft_set
from .policies import Way, listed_choices, spread_weights
from .policy_keys import DROP, MOST_CHOICES, SPREAD
from .policy_marks import CHOICE_MASK, OURS, OURS_MASK, policy_mark

_IP = {4: "ip", 6: "ip6"}
_SEED = 0x7600
_ON_A_LINE = 6
_HASHED = {
    "connection": "{ip} saddr . {ip} daddr . th sport . th dport",
    "destination": "{ip} saddr . {ip} daddr",
    "source": "{ip} saddr",
}
_MARKED = f"ct mark & {OURS_MASK:#x} == {OURS:#x}"
# Of IPv6, what icmp is of IPv4.
_ICMP = ("icmp", "icmpv6")


def policy_nft(site: Site, ways: Sequence[Way], never: Iterable[IPAddress]) -> Part:
    """What policies add to the gateway's table; nothing without policies.

    ``never``: where carriers go, whose packets keep their own way.
    """
    if not site.policies:
        return Part()
    return Part(
        sets=(*_domain_sets(site), interfaces_set("upstream", [way.interface for way in ways])),
        chains={
            "policies": [rule for policy in site.policies for rule in _decisions(site, policy, ways)],
            **({"classes": list(_classes(site))} if _classed(site) else {}),
            "decide": list(_decide(site)),
            "decide_output": [*_spared(never), "jump decide"],
            "remember": [_remember(way) for way in ways],
        },
        rules={
            "prerouting": ("iifname != @upstream jump decide",),
            "output": ("meta mark 0x00000000 oifname @upstream jump decide_output",),
            "leaving": (f"ct direction original ct state new {_MARKED} jump remember",),
        },
    )


def _spared(addresses: Iterable[IPAddress]) -> Iterator[str]:
    for version, some in _by_version(map(IPNetwork, addresses)).items():
        yield f"{_IP[version]} daddr {_set(some)} return"


def _decide(site: Site) -> Iterator[str]:
    yield "ct direction reply return"
    yield f"ct state new ct mark & {OURS_MASK:#x} != {OURS:#x} jump policies"
    yield f"{_MARKED} meta mark set ct mark"
    if _classed(site):
        yield "jump classes"


def _remember(way: Way) -> str:
    return f'oifname "{way.interface}" ct mark set ct mark & {0xFFFFFFFF ^ CHOICE_MASK:#x} | {way.choice:#x} return'


def _decisions(site: Site, policy: Policy, ways: Sequence[Way]) -> Iterator[str]:
    comment = f'comment "policy {policy.name}"'
    for version, words in matches(policy):
        if policy.via is None:
            yield " ".join((*words, "return", comment))
        elif policy.via == (SPREAD,):
            for each in (version,) if version else (4, 6):
                family = () if version else (f"meta nfproto ipv{each}",)
                for spread in _spread(site, policy, ways, each):
                    yield " ".join((*family, *words, spread, "return", comment))
        else:
            drop = policy.via == (DROP,) or policy.otherwise == DROP
            mark = policy_mark(listed_choices(site, policy), drop=drop)
            yield " ".join((*words, f"ct mark set {mark:#x}", "return", comment))


def _spread(site: Site, policy: Policy, ways: Sequence[Way], version: int) -> Iterator[str]:
    """Over the links that carry the IP version; nothing, so that the next policy decides, if none does."""
    able = {way.choice for way in ways if version in way.next_hops}
    given = spread_weights(site, policy).items()
    weights = {choice: weight for choice, weight in given if weight > 0 and choice in able}
    if not weights:
        return
    drop = policy.otherwise == DROP
    marks = {bucket: policy_mark(choices, drop=drop) for bucket, choices in spread_buckets(weights).items()}
    ranges = [f"{key} : {mark:#x}" for key, mark in _ranges(marks)]
    lines = [", ".join(ranges[first : first + _ON_A_LINE]) for first in range(0, len(ranges), _ON_A_LINE)]
    elements = ",\n\t\t\t".join(lines)
    hashed = _HASHED[policy.per].format(ip=_IP[version])
    yield f"ct mark set jhash {hashed} mod {BUCKETS} seed {_SEED:#x} map {{\n\t\t\t{elements} }}"


def spread_buckets(weights: Mapping[int, float]) -> dict[int, tuple[int, ...]]:
    """Each bucket's choices: the first by weight, the next by weight among the others, so that they share what a dead
    link leaves."""
    chosen: dict[int, tuple[int, ...]] = dict.fromkeys(range(BUCKETS), ())
    for _place in range(min(MOST_CHOICES, len(weights))):
        for before in sorted(set(chosen.values())):
            buckets = [bucket for bucket, choices in chosen.items() if choices == before]
            others = {choice: weight for choice, weight in weights.items() if choice not in before}
            for bucket, choice in assign(others, buckets).items():
                chosen[bucket] = (*before, choice)
    return chosen


def _ranges(marks: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    for mark, group in groupby(sorted(marks), key=lambda bucket: marks[bucket]):
        buckets = list(group)
        yield (f"{buckets[0]}-{buckets[-1]}" if len(buckets) > 1 else str(buckets[0])), mark


def _classed(site: Site) -> bool:
    return any(policy.dscp is not None for policy in site.policies)


def _classes(site: Site) -> Iterator[str]:
    """Every packet gets the class of the first policy that it matches."""
    last = max(number for number, policy in enumerate(site.policies) if policy.dscp is not None)
    for policy in site.policies[: last + 1]:
        comment = f'comment "policy {policy.name}"'
        for version, words in matches(policy):
            if policy.dscp is None:
                yield " ".join((*words, "return", comment))
                continue
            for each in (version,) if version else (4, 6):
                yield " ".join((*words, f"{_IP[each]} dscp set {policy.dscp:#04x}", comment))
            yield " ".join((*words, "return", comment))


def matches(policy: Policy) -> list[tuple[int, tuple[str, ...]]]:
    """``(IP version or 0 for both, words)`` of each rule that it takes to match what a policy matches."""
    match = policy.match
    common = (*_interfaces(match), *_protocol(match))
    ends: list[tuple[int, str]] = [(0, "")]
    if match.destinations is not None or match.domains is not None:
        ends = [
            *((version, f"daddr {_set(some)}") for version, some in _by_version(match.destinations or ()).items()),
            *((version, f"daddr @{domain_set(policy, version)}") for version in (4, 6) if match.domains is not None),
        ]
    found = []
    for end_version, end in ends:
        for version in _versions(match, end_version):
            addresses = []
            if match.sources is not None:
                addresses.append(f"{_IP[version]} saddr {_set(_by_version(match.sources)[version])}")
            addresses += [f"{_IP[version]} {end}"] if end else []
            if match.dscp is not None:
                classes = ", ".join(f"{number:#04x}" for number in sorted(set(match.dscp)))
                addresses.append(f"{_IP[version]} dscp {{ {classes} }}")
            found.append((version, (*addresses, *common)))
    return found


def _versions(match: PolicyMatch, end_version: int) -> tuple[int, ...]:
    """The IP versions that a rule has to be written for, 0 being one for both."""
    versions = {end_version} if end_version else {4, 6}
    if match.sources is not None:
        versions &= set(_by_version(match.sources))
    needed = end_version or match.sources is not None or match.dscp is not None
    return tuple(sorted(versions)) if needed else (0,)


def _interfaces(match: PolicyMatch) -> Iterator[str]:
    if match.interfaces is not None:
        yield "iifname { " + ", ".join(f'"{name}"' for name in sorted(set(match.interfaces))) + " }"


def _protocol(match: PolicyMatch) -> Iterator[str]:
    ports = match.ports is not None or match.source_ports is not None
    protocols = match.protocols if match.protocols is not None else ("tcp", "udp") if ports else ()
    if "icmp" in protocols:
        protocols = (*protocols, *_ICMP)
    if protocols:
        yield f"meta l4proto {{ {', '.join(sorted(set(protocols)))} }}"
    for side, some in (("sport", match.source_ports), ("dport", match.ports)):
        if some is not None:
            yield f"th {side} {{ {', '.join(_merged(some))} }}"


def _merged(ports: Iterable[str]) -> list[str]:
    """Ranges that do not overlap, as nft wants them."""
    spans = [(int(low), int(high or low)) for low, _dash, high in (each.partition("-") for each in ports)]
    merged: list[list[int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], last)
        else:
            merged.append([first, last])
    return [f"{first}-{last}" if last > first else str(first) for first, last in merged]


def _by_version(networks: Iterable[IPNetwork]) -> dict[int, list[IPNetwork]]:
    found: dict[int, list[IPNetwork]] = {}
    for network in cidr_merge(networks):
        found.setdefault(network.version, []).append(network)
    return found


def _set(networks: Iterable[IPNetwork]) -> str:
    return "{ " + ", ".join(str(each.ip if each.size == 1 else each) for each in networks) + " }"


def domain_set(policy: Policy, version: int) -> str:
    """The set with the addresses of a policy's domains, which are found out on the node."""
    return f"domains_{policy.name}_ipv{version}"


def _domain_sets(site: Site) -> Iterator[str]:
    for policy in site.policies:
        for version in (4, 6) if policy.match.domains is not None else ():
            yield nft_set(domain_set(policy, version), f"ipv{version}_addr", (), flags="timeout")
