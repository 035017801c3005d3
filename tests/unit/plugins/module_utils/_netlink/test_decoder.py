# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decoder against pyroute2's own: the same values from the same bytes, and no trouble with bytes of any kind."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._netlink import decoder, messages

MAC, KEY = b"\x02\x00\x5e\x10\x00\x01", bytes(range(32))
NETWORKS = [
    {"WGALLOWEDIP_A_FAMILY": 2, "WGALLOWEDIP_A_IPADDR": b"\x0a\0\0\0", "WGALLOWEDIP_A_CIDR_MASK": 8},
    {"WGALLOWEDIP_A_FAMILY": 10, "WGALLOWEDIP_A_IPADDR": KEY[:16], "WGALLOWEDIP_A_CIDR_MASK": 64},
]
VXLAN_DATA = {"IFLA_VXLAN_ID": 7, "IFLA_VXLAN_LOCAL6": "fd00::1", "IFLA_VXLAN_PORT": 4789}
MESSAGES: dict[str, tuple[type, dict[str, Any], dict[str, Any]]] = {
    "link": (
        messages.linkmsg,
        {"index": 9, "flags": 0x1043},
        {
            "IFLA_IFNAME": "leg0",
            "IFLA_MTU": 1398,
            "IFLA_LINKINFO": {"IFLA_INFO_KIND": "vxlan", "IFLA_INFO_DATA": VXLAN_DATA},
            "IFLA_IFALIAS": "linkagg.wan: Füße",
        },
    ),
    "address": (messages.addrmsg, {"family": 10, "prefixlen": 64}, {"IFA_ADDRESS": "fd00::1", "IFA_PROTO": 76}),
    "route": (
        messages.routemsg,
        {"family": 2, "dst_len": 8, "proto": 76},
        {"RTA_DST": "10.0.0.0", "RTA_GATEWAY": "10.0.0.1", "RTA_TABLE": 70000, "RTA_OIF": 3},
    ),
    "rule": (messages.rulemsg, {"family": 2, "src_len": 32}, {"FRA_SRC": "10.0.0.1", "FRA_PRIORITY": 7600}),
    "wireguard": (
        messages.wgmsg,
        {"cmd": 0, "version": 1},
        {
            "WGDEVICE_A_IFNAME": "wg0",
            "WGDEVICE_A_PEERS": [{"WGPEER_A_PUBLIC_KEY": KEY, "WGPEER_A_ALLOWEDIPS": NETWORKS}] * 2,
        },
    ),
}


def encoded(cls: type, fields: dict[str, Any], attrs: dict[str, Any]) -> bytes:
    message = messages.build(cls, fields, attrs)
    message["header"] = {"type": 16, "flags": 0, "sequence_number": 1, "pid": 0}
    message.encode()
    return bytes(message.data)


def as_plain(value: Any) -> Any:
    """What pyroute2 decoded, nested attributes as dictionaries."""
    if isinstance(value, dict) and "attrs" in value:
        return {slot[0]: as_plain(slot[1]) for slot in value["attrs"]}
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    return value


@pytest.mark.parametrize("name", list(MESSAGES))
def test_it_reads_what_pyroute2_reads(name: str) -> None:
    cls, fields, attrs = MESSAGES[name]
    raw = encoded(cls, fields, attrs)
    theirs = cls(bytearray(raw))
    theirs.decode()
    ours = decoder.decode(cls, raw)
    assert ours.nlas == as_plain(theirs)
    assert {key: ours[key] for key in fields} == fields == {key: theirs[key] for key in fields}


def test_what_has_no_name_is_passed_over() -> None:
    cls, fields, attrs = MESSAGES["link"]
    unknown = b"\x08\x00\xff\x0f\x01\x02\x03\x04"
    assert decoder.decode(cls, encoded(cls, fields, attrs) + unknown).nlas == attrs


def test_data_of_a_kind_that_is_not_ours_is_none() -> None:
    info = {"IFLA_INFO_KIND": "bridge"}
    nlas = decoder.decode(messages.linkmsg, encoded(messages.linkmsg, {}, {"IFLA_LINKINFO": info})).nlas
    assert nlas["IFLA_LINKINFO"] == info


def test_every_row_of_every_message_has_an_atom() -> None:
    classes = [cls for cls in vars(messages).values() if isinstance(cls, type) and getattr(cls, "nla_map", None)]
    assert len(classes) > 8
    for cls in [*classes, *messages._DATA.values()]:
        assert decoder._rows(cls)
