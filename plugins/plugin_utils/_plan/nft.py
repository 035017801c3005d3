# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nftables table, put together from what each concern adds to it. Laid out as ``nft list table`` prints it, so that
diffs read well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

# The chains that there can be, in the order in which a packet meets them: type, hook, priority. Within a chain the
# rules of the parts follow each other in the parts' order; `accept` ends a chain of ours, not those of others.
CHAINS = {
    "raw": ("filter", "prerouting", "raw"),
    "prerouting": ("filter", "prerouting", "mangle"),
    "nat_prerouting": ("nat", "prerouting", "dstnat"),
    "input": ("filter", "input", "filter"),
    "forward": ("filter", "forward", "mangle"),
    "output": ("route", "output", "mangle"),
    "leaving": ("filter", "postrouting", "mangle"),
    "postrouting": ("nat", "postrouting", "srcnat"),
}


@dataclass(frozen=True)
class Part:
    """What one concern adds: texts of sets and maps (see nft_set), rules by the name of their chain, and ``chains`` of
    its own that it jumps to."""

    sets: tuple[str, ...] = ()
    chains: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = set(self.rules) - set(CHAINS)
        if unknown:
            raise TypeError(f"no such chains: {', '.join(sorted(unknown))}; there are {', '.join(CHAINS)}")


def compose(parts: Iterable[Part]) -> str:
    """The text of table ``inet linkagg``; a chain that nobody has rules for is not there."""
    parts = tuple(parts)
    pieces = [text for part in parts for text in part.sets]
    pieces += [_chain(name, rules) for part in parts for name, rules in part.chains.items()]
    for chain in CHAINS:
        rules = [rule for part in parts for rule in part.rules.get(chain, ())]
        if rules:
            pieces.append(_chain(chain, rules, "type {} hook {} priority {}; policy accept;".format(*CHAINS[chain])))
    return "table inet linkagg {\n" + "\n".join(pieces) + "}\n"


def _chain(name: str, rules: Iterable[str], head: str = "") -> str:
    lines = "".join(f"\t\t{line}\n" for line in (head, *rules) if line)
    return f"\tchain {name} {{\n{lines}\t}}\n"


def by_last_character(name: str) -> tuple[int, str]:
    """The order in which nft lists names of interfaces: as numbers of which the last character weighs most."""
    return (len(name), name[::-1])


def nft_set(
    name: str, kind: str, elements: Iterable[str], *, what: str = "set", flags: str = "", typeof: bool = False
) -> str:
    """A set or (``what``) map. ``kind`` is its type, as in ``ifname`` or ``ifname : mark``, or with ``typeof`` what has
    that type; ``elements`` in nft's words, in the order in which nft lists them."""
    header = f"\t{what} {name} {{\n\t\t{'typeof' if typeof else 'type'} {kind}\n" + (
        f"\t\tflags {flags}\n" if flags else ""
    )
    joined = ",\n\t\t\t     ".join(elements)
    return header + (f"\t\telements = {{ {joined} }}\n" if joined else "") + "\t}\n"


def interfaces_set(name: str, members: Iterable[str]) -> str:
    """A set of names of interfaces."""
    return nft_set(name, "ifname", (f'"{member}"' for member in sorted(set(members), key=by_last_character)))
