# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: which modems a lab has. Loaded and checked on the controller.

The keys and what they may be are in ``profile_schema``; here is what they mean together.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab import profile_schema as schema
from lab import trace
from lab.guest import pppoe
from lab.trace import Trace

PROFILES = Path(__file__).parent / "profiles"
# Networks that the lab uses itself (guest/topology.py) or that the planner hands out.
RESERVED = {
    "192.168.1.0/24": "the LAN",
    "203.0.113.0/24": "the concentrator's network",
    "198.51.100.0/24": "the internet's network",
    "198.18.0.0/15": "the management network",
    "100.64.0.0/10": "the networks behind the modems",
    "10.200.0.0/13": "the bonds' pool",
    "10.208.0.0/12": "the carriers' pool",
    "127.0.0.0/8": "loopback",
    "224.0.0.0/3": "multicast and reserved",
}


class ProfileError(Exception):
    """Everything that is wrong with a profile: ``problems`` has one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Playback:
    """A trace played from an offset."""

    trace: Trace
    offset_s: float


@dataclass(frozen=True)
class Link:
    """One modem: ``rate_mbit`` is (down, up) and None with a ``playback``; delay is one way; ``site`` counts from 1."""

    index: int
    name: str
    rate_mbit: tuple[float, float] | None
    playback: Playback | None
    delay_ms: float
    jitter_ms: float
    loss_percent: float
    queue_packets: int
    mtu: int
    subnet: ipaddress.IPv4Network
    address: str
    nat: bool = True
    inventory: dict[str, Any] = field(default_factory=dict)
    site: int = 1

    @property
    def dhcp(self) -> bool:
        """Whether the modem gives the gateway its address by DHCP."""
        return self.address == "dhcp"

    @property
    def pppoe(self) -> bool:
        """Whether the modem is a bridge to a PPPoE access concentrator."""
        return self.address == "pppoe"

    @property
    def modem_address(self) -> str:
        """Address of the modem, the gateway's next hop."""
        return str(self.subnet[1])

    @property
    def gateway_address(self) -> str:
        """Address of the gateway on this link: .2, or .100 by DHCP and at the first dial of PPPoE."""
        return str(self.subnet[2 if self.address == "static" else 100])

    def mean_mbit(self, from_s: float | None = None, to_s: float | None = None) -> tuple[float, float]:
        """Return the mean offered (down, up), over a window of playback time or over the whole trace."""
        if self.playback is None:
            return self.rate_mbit or (0.0, 0.0)
        if from_s is None or to_s is None:
            return self.playback.trace.mean()
        offset = self.playback.offset_s
        return self.playback.trace.mean(offset + from_s, offset + to_s)


@dataclass(frozen=True)
class Profile:
    """A validated profile: the links of all its sites; what is measured is the first one's."""

    name: str
    description: str
    links: tuple[Link, ...]
    source: Path

    @property
    def sites(self) -> int:
        """How many there are."""
        return max(link.site for link in self.links)

    def links_of(self, site: int) -> list[Link]:
        """Return the links of a site."""
        return [link for link in self.links if link.site == site]

    def capacity(self) -> tuple[float, float]:
        """Return the sum (down, up) of what the first site's links offer in Mbit/s; of traces their mean."""
        return _sum(link.mean_mbit() for link in self.links_of(1))

    def capacity_between(self, from_s: float, to_s: float) -> tuple[float, float]:
        """Return the mean offered (down, up) in Mbit/s between two times of playback in seconds.

        Times count from the guest's ``started_at``; without traces it is ``capacity()``.
        """
        return _sum(link.mean_mbit(from_s, to_s) for link in self.links_of(1))

    def to_guest(self) -> dict[str, Any]:
        """Return the profile as the guest wants it in its configuration (JSON), traces inlined."""
        traces = {link.playback.trace.name: link.playback.trace for link in self.links if link.playback}
        return {
            "name": self.name,
            "links": [_guest_link(link) for link in self.links],
            "traces": {
                name: {"step_s": trace.STEP_S, "down_mbit": list(played.down_mbit), "up_mbit": list(played.up_mbit)}
                for name, played in traces.items()
            },
        }


def _sum(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    down, up = map(sum, zip(*pairs, strict=True))
    return round(down, 3), round(up, 3)


def _guest_link(link: Link) -> dict[str, Any]:
    return {
        "index": link.index,
        "name": link.name,
        "rate_mbit": list(link.rate_mbit) if link.rate_mbit else None,
        "trace": link.playback.trace.name if link.playback else None,
        "offset_s": link.playback.offset_s if link.playback else 0,
        "delay_ms": link.delay_ms,
        "jitter_ms": link.jitter_ms,
        "loss_percent": link.loss_percent,
        "queue_packets": link.queue_packets,
        "mtu": link.mtu,
        "modem_address": f"{link.modem_address}/{link.subnet.prefixlen}",
        "gateway_address": link.gateway_address,
        "dhcp": link.dhcp,
        "nat": link.nat,
        "pppoe": link.pppoe,
        "site": link.site,
    }


def site_links(profile: Profile, site: int = 1) -> list[dict[str, Any]]:
    """Return a site's links as ``linkagg_site.links`` of its gateway's inventory; each site has link_id from 1."""
    links = []
    for link_id, link in enumerate(profile.links_of(site), 1):
        down, up = link.mean_mbit()
        entry: dict[str, Any] = {"name": link.name, "link_id": link_id, "interface": f"wwan{link.index}"}
        if link.dhcp:
            entry["address"] = "dhcp"
        elif link.pppoe:
            entry["address"] = "pppoe"
            entry["pppoe"] = {"user": pppoe.USER, "password": pppoe.PASSWORD}
        else:
            entry["address"] = f"{link.gateway_address}/{link.subnet.prefixlen}"
            entry["next_hop"] = link.modem_address
        entry["mtu"] = link.mtu
        entry["rate"] = {"down_mbit": round(down, 3), "up_mbit": round(up, 3)}
        if link.playback:
            entry["rate"]["follow"] = True  # as who has such modems would write
        if link.loss_percent:
            entry["rate"]["loss_percent"] = link.loss_percent
        links.append({**entry, **link.inventory})
    return links


# --- loading


def shipped() -> list[str]:
    """Return the names of the shipped profiles."""
    return sorted(path.stem for path in PROFILES.glob("*.yml"))


def load_profile(name_or_path: str | Path) -> Profile:
    """Return the shipped profile of that name, or the one in that file; ProfileError lists all mistakes."""
    path = _find(str(name_or_path))
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError([f"{path}: cannot be read: {error}"]) from error
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ProfileError([f"{path}: is not YAML: {line}{error.problem}"]) from error
    except yaml.YAMLError as error:
        raise ProfileError([f"{path}: is not YAML: {error}"]) from error
    return _profile(path, raw)


def _find(wanted: str) -> Path:
    if wanted in shipped():
        return PROFILES / f"{wanted}.yml"
    path = Path(wanted)
    if path.is_file():
        return path
    if "/" in wanted or path.suffix in (".yml", ".yaml"):
        raise ProfileError(
            [f"{wanted}: there is no such file; give a path, or a shipped profile: {', '.join(shipped())}"]
        )
    near = schema.near(wanted, shipped())
    raise ProfileError([f"profile {wanted!r} is not shipped{near}; give a path, or one of: {', '.join(shipped())}"])


def _profile(path: Path, raw: Any) -> Profile:
    if not isinstance(raw, dict):
        raise ProfileError([f"{path}: is not a mapping with the keys name, description and links"])
    problems: list[str] = []
    found = schema.read(raw, schema.PROFILE_FIELDS, str(path), problems)
    nets: list[_Net] = []
    entries = _entries(path, raw, found, problems)
    links = [_link(path, index, site, entry, nets, problems) for index, (site, entry) in enumerate(entries, 1)]
    problems += [f"{path}: {problem}" for problem in [*_names([entry for _site, entry in entries]), *_overlaps(nets)]]
    if problems:
        raise ProfileError(problems)
    return Profile(found["name"], found["description"], tuple(link for link in links if link), path)


def _entries(path: Path, raw: dict, found: dict[str, Any], problems: list[str]) -> list[tuple[int, Any]]:
    """Return the links as they are written, each with the number of its site."""
    if ("links" in raw) == ("sites" in raw):
        both = "has both links and sites" if "links" in raw else "has neither links nor sites"
        problems.append(f"{path}: {both}; give it one of them")
    entries = [(1, entry) for entry in found.get("links") or []]
    for number, site in enumerate(found.get("sites") or [], 1):
        if not isinstance(site, dict):
            problems.append(f"{path}: site {number}: is {site!r}; write it as a mapping with the key links")
            continue
        values = schema.read(site, schema.SITE_FIELDS, f"{path}: site {number}", problems)
        entries += [(number, entry) for entry in values.get("links") or []]
    if len(entries) > schema.MAX_LINKS:
        problems.append(f"{path}: all sites have {len(entries)} links together; leave {schema.MAX_LINKS}, or fewer")
    return entries[: schema.MAX_LINKS]


@dataclass(frozen=True)
class _Net:
    """Where a link is in the address space, known even of links with other mistakes."""

    link: str
    site: int
    subnet: ipaddress.IPv4Network
    dhcp: bool
    nat: bool

    def disturbs(self, other: _Net) -> bool:
        """Return whether the two cannot be there at once: modems hide their subnets from other gateways."""
        together = self.site == other.site or not (self.nat and other.nat)
        return together and self.subnet.overlaps(other.subnet) and not (self.dhcp and other.dhcp)


def _link(path: Path, index: int, site: int, raw: Any, nets: list[_Net], problems: list[str]) -> Link | None:
    """Return one link, None if anything is wrong with it, which is then among the problems."""
    before = len(problems)
    if not isinstance(raw, dict):
        problems.append(
            f"{path}: link {index}: is {raw!r}; write it as a mapping with the keys name, rate, delay_ms, ..."
        )
        return None
    where = f"{path}: link {index} ({raw['name']})" if isinstance(raw.get("name"), str) else f"{path}: link {index}"
    found = schema.read(raw, schema.LINK_FIELDS, where, problems)
    rate, playback = _rate(path, where, raw, found, problems)
    jitter_ms, delay_ms = found.get("jitter_ms", 0), found.get("delay_ms", 10000)
    if jitter_ms > delay_ms:
        problems.append(f"{where}: jitter_ms is {jitter_ms:g}; set it to a number from 0 to delay_ms, {delay_ms:g}")
    subnet, address = _subnet(index, where, found, problems)
    nets.append(_Net(f"{index} ({raw.get('name')})", site, subnet, address == "dhcp", found.get("nat", True)))
    if len(problems) > before:
        return None
    kept = {key: found[key] for key in ("name", "delay_ms", "jitter_ms", "loss_percent", "queue_packets", "mtu")}
    own = {"nat": found["nat"], "inventory": found["inventory"] or {}, "site": site}
    return Link(index=index, rate_mbit=rate, playback=playback, subnet=subnet, address=address, **own, **kept)


def _subnet(index: int, where: str, found: dict[str, Any], problems: list[str]) -> tuple[ipaddress.IPv4Network, str]:
    """Return the subnet of a link and how the gateway gets its address."""
    address = found.get("address") or "static"
    # Public addresses are those of documentation, the /29 that the article's links had.
    default = f"10.0.{index}.0/24" if found.get("nat", True) else f"192.0.2.{(index - 1) * 8}/29"
    subnet = found.get("subnet") or ipaddress.IPv4Network(default)
    if address != "static" and subnet.prefixlen > 25:
        problems.append(
            f"{where}: subnet is {subnet}; with address {address} the gateway gets .100: make it /25 or larger"
        )
    for network, owner in RESERVED.items():
        if subnet.overlaps(ipaddress.IPv4Network(network)):
            problems.append(f"{where}: subnet is {subnet}, which overlaps {network}, {owner} of the lab; take another")
    return subnet, address


def _rate(
    path: Path, where: str, raw: dict, found: dict[str, Any], problems: list[str]
) -> tuple[tuple[float, float] | None, Playback | None]:
    if ("rate" in raw) == ("trace" in raw):
        both = "has both rate and trace" if "rate" in raw else "has neither rate nor trace"
        problems.append(f"{where}: {both}; give it one of them")
    rate = playback = None
    if found.get("rate") is not None:
        values = schema.read(found["rate"], schema.RATE_FIELDS, f"{where}: rate", problems)
        if len(values) == len(schema.RATE_FIELDS):
            rate = (values["down_mbit"], values["up_mbit"])
    if found.get("trace") is not None:
        values = schema.read(found["trace"], schema.TRACE_FIELDS, f"{where}: trace", problems)
        if "file" in values:
            try:
                playback = Playback(trace.load(values["file"], path.parent), values.get("offset_s", 0))
            except trace.TraceError as error:
                problems.append(f"{where}: trace: file is {values['file']!r}: {error}")
    return rate, playback


def _names(links: list[Any]) -> list[str]:
    """Return a problem for each name that more than one link has."""
    names = Counter(str(raw["name"]) for raw in links if isinstance(raw, dict) and "name" in raw)
    return [
        f"{count} links have the name {name!r}; give each a name of its own"
        for name, count in names.items()
        if count > 1
    ]


def _overlaps(nets: list[_Net]) -> list[str]:
    """Return a problem for each two links of a site whose subnets overlap, unless both get their address by DHCP."""
    return [
        f"links {one.link} and {other.link} have overlapping subnets, {one.subnet} and {other.subnet};"
        " take different ones, or set address: dhcp on both"
        for position, one in enumerate(nets)
        for other in nets[position + 1 :]
        if one.disturbs(other)
    ]
