# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interface names, 15 characters at most (IFNAMSIZ less the closing NUL), from ids or names that are unique."""

from __future__ import annotations

ALIAS = "linkagg.wan: "
KEY_DIRECTORY = "/etc/linkagg/keys"
DAEMON_DIRECTORY = "/etc/linkagg/daemons"


def gateway_leg(bond_id: int, link_name: str) -> str:
    """``leg0-lte1``."""
    return f"leg{bond_id}-{link_name}"


def concentrator_leg(site_id: int, bond_id: int, link_id: int) -> str:
    """``leg1-0-1``: site, bond, link."""
    return f"leg{site_id}-{bond_id}-{link_id}"


def concentrator_bond(site_id: int, bond_id: int) -> str:
    """``agg1-0``: site, bond."""
    return f"agg{site_id}-{bond_id}"


def key_file(interface: str) -> str:
    """Where a node keeps the private key of a WireGuard interface."""
    return f"{KEY_DIRECTORY}/{interface}.key"


def daemon_file(daemon: str, file: str) -> str:
    """Where linkagg.wan.daemons puts a file of a daemon."""
    return f"{DAEMON_DIRECTORY}/{daemon}/{file}"
