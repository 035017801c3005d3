# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is saved, as objects, and how the node completes them. A part more is a row more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._engine.errors import EngineError
from .._engine.objects import Obj
from .._engine.planner import Kinds, devices_of
from .._engine.spec import parse_items
from .._kinds import LINK_KINDS, PARTS
from .._kinds.mptcp import reserving_ids
from .._netlink.keys import with_keys
from .._netlink.nft import PART as TABLES
from .._persist import store
from .._rates import items as rates_items
from .._rates.items import Followed
from .._weights import saved as weights_saved
from .._weights.model import Weights
from .converge import Kernel, Prepare
from .health import Check
from .legs import Bond

# They look at the carrier of ports only, which legs always have.
BLIND_MODES = ("balance-tlb", "balance-alb")
ACTIVE_BACKUP = "active-backup"
LEAST_INTERVAL_S = 0.02

# What the modules of these parts do before they reconcile, without their waiting.
PREPARE: dict[str, Prepare] = {
    "tunnels": lambda _kernel, want: with_keys(want, False),
    "link_routes": lambda kernel, want: kernel.learn_next_hops(want, 0, True),
    "mptcp_endpoints": lambda _kernel, want: reserving_ids(want),
}


def as_wanted(_kernel: Kernel, want: Sequence[Obj]) -> Sequence[Obj]:
    """Nothing to complete."""
    return want


@dataclass(frozen=True)
class Saved:
    """All saved state. ``problems`` says which of it cannot be used; ``stamp`` changes when any file does."""

    parts: Mapping[str, Sequence[Obj]] = field(default_factory=dict)
    tables: Sequence[Mapping[str, Any]] = ()
    problems: Sequence[str] = ()
    stamp: object = None
    weights: Sequence[Weights] = ()
    rates: Sequence[Followed] = ()

    @property
    def shapers(self) -> Sequence[Obj]:
        """All shapers."""
        return self.parts.get("shapers", ())

    @property
    def modems(self) -> frozenset[str]:
        """Interfaces that are named but not ours: they come and go by themselves."""
        named = {name for part, want in self.parts.items() for obj in want for name in devices_of(obj, PARTS[part])}
        return frozenset(named - {obj.key[1] for want in self.parts.values() for obj in want if obj.kind in LINK_KINDS})

    @property
    def learners(self) -> frozenset[str]:
        """Interfaces whose next hop is to be learnt, and can change with a lease."""
        found = [obj for want in self.parts.values() for obj in want if obj.attrs.get("via") == "learn"]
        return frozenset(obj.attrs["device"] for obj in found)

    @property
    def checks(self) -> list[Check]:
        """What links are to be asked, and legs of bonds that do not watch them themselves."""
        found = [obj for obj in self.parts.get("link_routes", ()) if obj.kind == "link" and obj.attrs.get("check")]
        links = [Check(obj.key[1], **obj.attrs["check"]) for obj in found]
        ends = {obj.key[1]: obj.attrs for obj in self.parts.get("tunnels", ()) if obj.attrs.get("remote")}
        bonds = [obj.attrs for obj in self.parts.get("bonds", ())]
        asked = [(bond, port) for bond in bonds if is_asked(bond) for port in bond.get("ports", ()) if port in ends]
        return links + [leg_check(port, ends[port], bond) for bond, port in asked]

    @property
    def bonds(self) -> list[Bond]:
        """Those whose legs are looked after: where some wait, and where routes give way to others."""
        routes = self.parts.get("link_routes", ())
        ends = {obj.key[1] for obj in self.parts.get("tunnels", ()) if obj.attrs.get("remote")}
        giving = {obj.attrs.get("device") for obj in routes if obj.kind == "route" and obj.attrs.get("give_way")}
        found = []
        for obj in self.parts.get("bonds", ()):
            name, ports, watches = obj.key[1], tuple(obj.attrs.get("ports", ())), is_watched(obj.attrs)
            gives_way = name in giving and (watches or is_asked(obj.attrs))
            asked = frozenset(ends.intersection(ports))
            found.append(Bond(name, ports, interval_s(obj.attrs), is_kept(obj.attrs), watches, gives_way, asked))
        return [bond for bond in found if bond.keeps or bond.gives_way]

    @property
    def ports(self) -> list[tuple[str, str]]:
        """Bonds and their ports."""
        return [(obj.key[1], port) for obj in self.parts.get("bonds", ()) for port in obj.attrs.get("ports", ())]

    def counts(self) -> str:
        """``nft_table 1, tunnels 12``, or ``nothing``."""
        pairs = [(TABLES, len(self.tables)), *((part, len(want)) for part, want in self.parts.items())]
        return ", ".join(f"{name} {count}" for name, count in pairs if count) or "nothing"


def is_watched(bond: Mapping[str, Any]) -> bool:
    """Whether the kernel watches the bond's legs."""
    return bool(bond.get("arp_interval")) and bond.get("mode") not in BLIND_MODES


def is_kept(bond: Mapping[str, Any]) -> bool:
    """Whether frames are needed for the kernel to know of legs that wait."""
    return bond.get("mode") == ACTIVE_BACKUP and is_watched(bond)


def is_asked(bond: Mapping[str, Any]) -> bool:
    """Whether the other ends of the bond's legs are pinged: of those that wait only while nothing is heard on them."""
    return bond.get("mode") in BLIND_MODES or is_kept(bond)


def interval_s(bond: Mapping[str, Any]) -> float:
    """As often as the bond looks at its legs, or once a second if it does not."""
    return max(bond["arp_interval"] / 1000, LEAST_INTERVAL_S) if is_watched(bond) else 1.0


def leg_check(leg: str, ends: Mapping[str, Any], bond: Mapping[str, Any]) -> Check:
    """Ask the leg's other end as often as bonds do that can."""
    every_s, if_silent = interval_s(bond), is_kept(bond)
    return Check(leg, ends["remote"], every_s, lost=3, back=2, source=ends["local"], if_silent=if_silent)


def stamp(directory: str) -> object:
    """Something that is another one once any file of saved state has changed."""
    try:
        files = sorted(Path(directory).glob("*.json"))
        return [(path.name, status.st_ino, status.st_mtime_ns) for path in files for status in (path.stat(),)]
    except OSError:
        return None


def load(directory: str) -> Saved:
    """Everything that is saved and whole. PermissionError if it may not be read."""
    now = stamp(directory)
    problems: list[str] = []

    def items(part: str) -> Sequence[Mapping[str, Any]]:
        stored = store.read(directory, part)
        if stored.damage:
            problems.append(f"{stored.damage}. Nothing of it is brought back: run linkagg.wan.site again")
        return stored.items

    tables = items(TABLES)
    parts = {}
    for part, kinds in PARTS.items():
        parts[part], found = objects(part, kinds, items(part))
        problems += found
    return Saved(parts, tables, problems, now, weights_saved.load(directory), rates_items.load(directory))


def objects(part: str, kinds: Kinds, items: Sequence[Mapping[str, Any]]) -> tuple[list[Obj], list[str]]:
    """Saved items as objects, and what is wrong with those that another version has saved."""
    found: list[Obj] = []
    problems: list[str] = []
    for name in dict.fromkeys(str(item.get("kind")) for item in items):
        some = [item for item in items if str(item.get("kind")) == name]
        if name not in kinds:
            problems.append(f"{part}: this version of linkagg.wan knows no kind {name!r}: {len(some)} not brought back")
            continue
        try:
            found += parse_items(part, [kinds[name]], some)
        except EngineError:
            for item in some:
                try:
                    found += parse_items(part, [kinds[name]], [item])
                except EngineError as exc:
                    problems += exc.problems
    return found, problems
