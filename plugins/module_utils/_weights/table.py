# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nftables table that deals packets and connections to buckets, and marks packets with their leg.

By packet, each goes to the next bucket, but for those of this node's own MPTCP: each subflow keeps to one leg, and
others use the other legs. One whose first packets come in another order is plain TCP from then on (Linux,
net/mptcp/subflow.c, subflow_syn_recv_sock), which befell a quarter of the proxy's connections in the lab.

By flow, the first packet of a connection goes to the next bucket and the connection keeps its number, as its mark: few
connections are shared out as exactly as many, which hashing cannot do. A connection whose mark others use goes to a
bucket by the hash of its addresses and ports; what is no connection, by that of its addresses, so that all of it stays
in order. conntrack puts fragments together before, and what leaves in fragments has the mark of the whole.

The leg's mark is set last of all, and lives until traffic control has chosen the leg by it (see _kinds/steering.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .buckets import BUCKETS
from .model import Weights

FAMILY, NAME = "inet", "linkagg_weights"
QUEUE_MARK = 0x76000000  # of the bonds' ``queue_mark``; the planner has it, too
BUCKET_MARK = 0xE0000000  # policies and answers of class bonds have 0xA and 0xC there
_LAST_OF_ALL = 300
_BUCKET = f"mod {BUCKETS} offset {BUCKET_MARK}"
_HASHED = f"mod {BUCKETS} seed 0x7600 offset {BUCKET_MARK}"
_PORTS = "th sport . th dport"
_MPTCP = "tcp option mptcp exists fib saddr type local"
_UNFRAGMENTED = {"ip": "ip frag-off & 0x3fff == 0x0", "ip6": "meta nfproto ipv6 exthdr frag missing"}


def content(all_weights: Iterable[Weights]) -> str:
    """The whole table; empty text without any bond."""
    some = sorted(all_weights, key=lambda weights: weights.bond)
    if not some:
        return ""
    pieces = [_map(weights) for weights in some] + [_chain(_chain_name(one), _rules(one)) for one in some]
    ways = ", ".join(f'"{weights.bond}" : goto {_chain_name(weights)}' for weights in some)
    hook = f"type filter hook postrouting priority {_LAST_OF_ALL}; policy accept;"
    pieces.append(_chain("postrouting", (hook, f"oifname vmap {{ {ways} }}")))
    return f"table {FAMILY} {NAME} {{\n" + "\n".join(pieces) + "}\n"


def transition(before: Weights, after: Weights) -> str:
    """What nft is to do, in one transaction, for the buckets of a bond to go from one to the other; nothing if none
    does.
    """
    old, new = _elements(before), _elements(after)
    moving = [key for key in new if old.get(key) != new[key]]
    if not moving:
        return ""
    place = f"{FAMILY} {NAME} {_map_name(after)}"
    gone, come = ", ".join(moving), ", ".join(f"{key} : {new[key]}" for key in moving)
    return f"delete element {place} {{ {gone} }}\nadd element {place} {{ {come} }}\n"


def _map_name(weights: Weights) -> str:
    return f"legs-{weights.bond}"


def _chain_name(weights: Weights) -> str:
    return f"to-{weights.bond}"


def _elements(weights: Weights) -> Mapping[str, str]:
    queues = {leg.link: leg.queue for leg in weights.legs}
    return {
        f"{BUCKET_MARK + number:#010x}": f"{QUEUE_MARK + queues[link]:#010x}"
        for number, link in enumerate(weights.buckets)
    }


def _map(weights: Weights) -> str:
    elements = ",\n\t\t\t     ".join(f"{key} : {value}" for key, value in _elements(weights).items())
    return f"\tmap {_map_name(weights)} {{\n\t\ttype mark : mark\n\t\telements = {{ {elements} }}\n\t}}\n"


def _rules(weights: Weights) -> list[str]:
    legs = f"map @{_map_name(weights)}"
    if weights.schedule == "packet":
        return [
            *(f"{_MPTCP} meta mark set jhash {ip} saddr . {ip} daddr . {_PORTS} {_HASHED}" for ip in _UNFRAGMENTED),
            f"{_MPTCP} meta mark set meta mark {legs} return",
            f"meta mark set numgen inc {_BUCKET}",
            f"meta mark set meta mark {legs}",
        ]
    by_ports = [
        f"{whole} meta l4proto {{ tcp, udp }} meta mark set jhash {ip} saddr . {ip} daddr . {_PORTS} {_HASHED}"
        for ip, whole in _UNFRAGMENTED.items()
    ]
    by_addresses = [f"meta mark set jhash {ip} saddr . {ip} daddr . meta l4proto {_HASHED}" for ip in _UNFRAGMENTED]
    return [
        f"ct mark 0x00000000 ct mark set numgen inc {_BUCKET}",
        f"meta mark set ct mark {legs} return",
        *by_ports,
        f"meta mark set meta mark {legs} return",
        *by_addresses,
        f"meta mark set meta mark {legs}",
    ]


def _chain(name: str, lines: Iterable[str]) -> str:
    return f"\tchain {name} {{\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n"
