# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples for every row of MPTCP endpoints and limits; the words are those of ``ip mptcp``."""

from __future__ import annotations

from typing import Any

from ansible_collections.linkagg.wan.tests.netns.samples import Sample

# What an endpoint or the limits have in every sample; leg0 is ours, 10.0.1.2 an address of ours on wan1.
BASE: dict[str, dict[str, Any]] = {"mptcp_endpoint": {"address": "10.0.1.2", "device": "leg0"}, "mptcp_limits": {}}

_SUBFLOW = {"subflow": True}
_SIGNAL = {"signal": True}

SAMPLES: dict[str, dict[str, Sample]] = {
    "mptcp_endpoint": {
        "address": Sample(("10.0.1.2", "2001:db8::2"), ("10.0.1.2 id", "2001:db8::2 id"), _SUBFLOW),
        "port": Sample((8443, 8444, 0), ("port 8443 ", "port 8444 ", "10.0.1.2 id"), _SIGNAL),
        "device": Sample(("leg0", "wan1"), ("dev leg0 ", "dev wan1 "), _SUBFLOW),
        "signal": Sample((True, False), (" id 1 signal dev ", " id 1 dev ")),
        "subflow": Sample((True, False), (" id 1 subflow dev ", " id 1 dev ")),
        "backup": Sample((True, False), (" subflow backup ", " subflow dev "), _SUBFLOW),
        "fullmesh": Sample((True, False), (" subflow fullmesh ", " subflow dev "), _SUBFLOW),
        "id": Sample((7, 255), (" id 7 ", " id 255 "), _SUBFLOW),
    },
    "mptcp_limits": {
        "subflows": Sample((8, 0), (" subflows 8 ", " subflows 0 ")),
        "add_addr_accepted": Sample((8, 0), ("add_addr_accepted 8 ", "add_addr_accepted 0 ")),
    },
}
