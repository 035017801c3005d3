# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guarded import of pyroute2: its message codec, and nothing else of it.

The codec (nlmsg, nla, genlmsg) is the same from 0.7.2 (Debian 12) to 0.9; sockets and high-level classes are
not, and they drop attributes that they do not know. Our message classes say what is allowed; see messages.py.
"""

from __future__ import annotations

import traceback

MINIMUM = (0, 7, 2)
PROBLEM = ""
PROBLEM_DETAILS = ""

try:
    from pyroute2.netlink import genlmsg, nla, nlmsg
except ImportError:
    genlmsg = nla = nlmsg = object
    PROBLEM = "pyroute2 is missing on this node: install the package python3-pyroute2"
    PROBLEM_DETAILS = traceback.format_exc()


def installed_version() -> str:
    """pyroute2's version, empty if it does not say. Debian's package lacks pyroute2.config.version."""
    try:
        from pyroute2.config.version import __version__

        return str(__version__)
    except ImportError:
        from importlib import metadata

        try:
            return metadata.version("pyroute2")
        except metadata.PackageNotFoundError:
            return ""


def too_old(version: str) -> bool:
    """Whether that version is below the minimum; one that is not known is not."""
    parts = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    return bool(parts) and parts < MINIMUM


if not PROBLEM and too_old(installed_version()):
    PROBLEM = f"pyroute2 {installed_version()} on this node is too old: {'.'.join(map(str, MINIMUM))} is needed"
