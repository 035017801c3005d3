# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples for every row of the tunnels; the words are those of ``ip -d link``, ``ip address`` and ``wg show dump``."""

from __future__ import annotations

from typing import Any

from ansible_collections.linkagg.wan.tests.netns.samples import Sample

# Two interfaces that are there besides, and keys in files that test_every_row.py makes in {keys}.
DEVICES = ("wan1", "wan2")
KEYS = ("own", "other")
PRESHARED_KEYS = ("psk1", "psk2")
_PUBLIC = ("xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=", "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=")

BASE: dict[str, dict[str, Any]] = {
    "wireguard": {"kind": "wireguard", "name": "x0", "private_key_file": "{keys}/own.key"},
    "gretap": {"kind": "gretap", "name": "x0", "local": "10.0.0.1", "remote": "10.0.0.2"},
    "ip6gretap": {"kind": "ip6gretap", "name": "x0", "local": "fd00::1", "remote": "fd00::2"},
    "vxlan": {"kind": "vxlan", "name": "x0", "local": "10.0.0.1", "remote": "10.0.0.2", "vni": 513},
}

_SIX = {"local": "fd00::1", "remote": "fd00::2"}


def _peer(number: int, *networks: str, **options: Any) -> dict[str, Any]:
    return {"public_key": _PUBLIC[number], "allowed_ips": list(networks), **options}


_EVERY_LINK = {
    "name": Sample(("x0", "x1"), (": x0", ": x1")),
    "mtu": Sample((1300, 1320), ("mtu 1300 ", "mtu 1320 ")),
    "up": Sample((False, True, False), ("state DOWN", ",UP,", "state DOWN")),
    "alias": Sample(("linkagg.wan: one", "linkagg.wan: two"), ("alias linkagg.wan: one", "alias linkagg.wan: two")),
    "addresses": Sample((["10.9.0.1/24"], ["10.9.1.1/24", "fd09::1/64"], []), ("10.9.0.1/24 ", "fd09::1/64 ", "")),
}
_EVERY_LEG = {
    **_EVERY_LINK,
    "mac_address": Sample(
        ("02:00:00:00:00:07", "02:00:00:00:00:08"),
        ("link/ether 02:00:00:00:00:07 ", "link/ether 02:00:00:00:00:08 "),
    ),
    "link": Sample(("wan1", "wan2", ""), ("dev wan1 ", "dev wan2 ", "")),
    "txqueuelen": Sample((500, 2000), ("qlen 500", "qlen 2000")),
    "gso_max_size": Sample((16384, 32768), ("gso_max_size 16384 ", "gso_max_size 32768 ")),
    "gro_max_size": Sample((16384, 32768)),
}
_EVERY_GRE = {
    **_EVERY_LEG,
    "key": Sample((513, 0xFFFFFFFF), ("ikey 0.0.2.1 okey 0.0.2.1 ", "okey 255.255.255.255 ")),
    "csum": Sample((True, False), ("icsum ocsum ", "")),
    "seq": Sample((True, False), ("iseq oseq ", "")),
    "fwmark": Sample((7, 0x7601), ("fwmark 0x7 ", "fwmark 0x7601 ")),
}

SAMPLES: dict[str, dict[str, Sample]] = {
    "wireguard": {
        **_EVERY_LINK,
        "private_key_file": Sample(("{keys}/own.key", "{keys}/other.key")),
        "listen_port": Sample((51820, 51821), ("\t51820\t", "\t51821\t")),
        "fwmark": Sample((7, 0x7601, 0), ("\t0x7 ", "\t0x7601 ", "\toff ")),
        "peers": Sample(
            (
                [_peer(0, "10.0.0.0/24", persistent_keepalive_s=15, preshared_key_file="{keys}/psk1.key")],
                [_peer(0, "10.0.0.0/24", "fd00::/64", endpoint="192.0.2.2:51820")],
                [_peer(0, "10.0.0.0/24", endpoint="[2001:db8::2]:7", preshared_key_file="{keys}/psk2.key")],
                [_peer(1, "10.0.1.0/24"), _peer(0, "10.0.0.0/24", preshared_key_file="{keys}/psk1.key")],
                [_peer(1, "10.0.0.0/24", preshared_key_file="{keys}/psk1.key")],
                [],
            ),
            (
                f"{_PUBLIC[0]}\t{{psk1}}\t(none)\t10.0.0.0/24\t0\t0\t0\t15 ",
                f"{_PUBLIC[0]}\t(none)\t192.0.2.2:51820\t10.0.0.0/24,fd00::/64\t0\t0\t0\toff ",
                f"{_PUBLIC[0]}\t{{psk2}}\t[2001:db8::2]:7\t10.0.0.0/24\t",
                f"{_PUBLIC[1]}\t(none)\t(none)\t10.0.1.0/24\t",
                f"{_PUBLIC[1]}\t{{psk1}}\t(none)\t10.0.0.0/24\t",
                "",
            ),
        ),
    },
    "gretap": {
        **_EVERY_GRE,
        "local": Sample(("10.0.0.1", "10.0.0.7"), ("local 10.0.0.1 ", "local 10.0.0.7 ")),
        "remote": Sample(("10.0.0.2", "10.0.0.7"), ("remote 10.0.0.2 ", "remote 10.0.0.7 ")),
        "ttl": Sample((33, 255), ("ttl 33 ", "ttl 255 ")),
        "tos": Sample((0x20, 1, 0), ("tos 0x20 ", "tos inherit ", "")),
        "pmtudisc": Sample((False, True), ("nopmtudisc ", "")),
        "ignore_df": Sample((True, False), (" ignore-df ", ""), {"pmtudisc": False}),
    },
    "ip6gretap": {
        **_EVERY_GRE,
        "local": Sample(("fd00::1", "fd00::7"), ("local fd00::1 ", "local fd00::7 ")),
        "remote": Sample(("fd00::2", "fd00::7"), ("remote fd00::2 ", "remote fd00::7 ")),
        "ttl": Sample((33, 255), ("hoplimit 33 ", "hoplimit 255 ")),
        "tos": Sample((0x20, 1, 0), ("tclass 0x20 ", "tclass inherit ", "tclass 0x00 ")),
        "flowlabel": Sample((0x12345, 0), ("flowlabel 0x12345 ", "flowlabel 0x00000 ")),
        "encaplimit": Sample((4, -1, 0), ("encaplimit 4 ", "encaplimit none ", "encaplimit 0 ")),
    },
    "vxlan": {
        **_EVERY_LEG,
        "local": Sample(("10.0.0.1", "10.0.0.7"), ("local 10.0.0.1 ", "local 10.0.0.7 ")),
        "remote": Sample(
            ("10.0.0.2", "239.0.0.7", "10.0.0.2"),
            ("remote 10.0.0.2 ", "group 239.0.0.7 ", "remote 10.0.0.2 "),
            {"link": "wan1"},
        ),
        "vni": Sample((7, 0xFFFFFF), ("id 7 ", "id 16777215 ")),
        "port": Sample((4789, 8472), ("dstport 4789 ", "dstport 8472 ")),
        "ttl": Sample((33, 255), ("ttl 33 ", "ttl 255 ")),
        "tos": Sample((0x20, 1, 0), ("tos 0x20 ", "tos inherit ", "")),
        "flowlabel": Sample((0x12345, 0), ("flowlabel 0x12345 ", ""), _SIX),
        "df": Sample(("set", "inherit", "unset"), ("df set ", "df inherit ", "")),
        "port_range": Sample(("40000-40999", "41000-41999"), ("srcport 40000 40999 ", "srcport 41000 41999 ")),
        "learning": Sample((False, True), ("nolearning ", "")),
        "ageing_s": Sample((60, 900), ("ageing 60 ", "ageing 900 ")),
        "limit": Sample((100, 200), ("maxaddr 100 ", "maxaddr 200 ")),
        "udp_csum": Sample((True, False), (" udpcsum ", "noudpcsum ")),
        "udp6_zero_csum_tx": Sample((True, False), (" udp6zerocsumtx ", "noudp6zerocsumtx "), _SIX),
        "udp6_zero_csum_rx": Sample((True, False), (" udp6zerocsumrx ", "noudp6zerocsumrx "), _SIX),
    },
}
