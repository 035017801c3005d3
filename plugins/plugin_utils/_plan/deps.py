# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that imports what is no part of Python; the rest of the planner imports it from here."""

from __future__ import annotations

from .problems import Problem

_MISSING: dict[str, str] = {}

try:
    from netaddr import IPAddress, IPNetwork, cidr_merge, iprange_to_cidrs
    from netaddr.core import AddrFormatError
except ImportError as exc:
    IPAddress = IPNetwork = cidr_merge = iprange_to_cidrs = None
    AddrFormatError = ValueError
    _MISSING["netaddr"] = str(exc)

try:
    import jmespath
except ImportError as exc:
    jmespath = None
    _MISSING["jmespath"] = str(exc)

__all__ = ("AddrFormatError", "IPAddress", "IPNetwork", "cidr_merge", "iprange_to_cidrs", "jmespath", "missing")


def missing() -> list[Problem]:
    """One problem for each package that the controller lacks."""
    return [
        Problem(
            "controller",
            f"Python package {package}",
            "missing",
            "",
            f"install it where ansible-playbook runs: pip install {package} ({reason})",
        )
        for package, reason in _MISSING.items()
    ]
