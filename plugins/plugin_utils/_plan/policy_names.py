# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Domains of policies: which set holds the addresses of which, and what looks them up again and again.

The gateway's own resolver tells them, so that whatever the LAN asks need not pass through the gateway.
"""

from __future__ import annotations

from typing import Any

from .model import Site
from .policy_nft import domain_set

AGENT = "/usr/local/sbin/linkagg"
REFRESH_S = 300
RETRY_S = 15


def names(site: Site) -> dict[str, list[str]]:
    """Domains by the set that is to hold their addresses."""
    return {
        domain_set(policy, version): sorted(set(policy.match.domains))
        for policy in site.policies
        for version in (4, 6)
        if policy.match.domains
    }


def names_daemon(site: Site) -> list[dict[str, Any]]:
    """What keeps those sets up to date; nothing without them. Names can have other addresses within minutes."""
    if not names(site):
        return []
    loop = f"while :; do {AGENT} names && sleep {REFRESH_S} || sleep {RETRY_S}; done"
    return [
        {
            "name": "names",
            "description": "addresses of domains in policies",
            "command": ["/bin/sh", "-c", loop],
            "prepare": [],
            "type": "exec",
            "capabilities": ["CAP_NET_ADMIN"],
            "files": [],
            "interface": None,
            "ready_s": 0,
            "keep": False,
        }
    ]
