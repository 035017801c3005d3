# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that imports netaddr; the rest of the planner imports it from here."""

from __future__ import annotations

try:
    from netaddr import IPAddress, IPNetwork
    from netaddr.core import AddrFormatError

    NETADDR_MISSING = None
except ImportError as exc:
    IPAddress = IPNetwork = None
    AddrFormatError = ValueError
    NETADDR_MISSING = str(exc)

__all__ = ("NETADDR_MISSING", "AddrFormatError", "IPAddress", "IPNetwork")
