# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guarded import of pyroute2: its message codec, and nothing else of it.

The codec (nlmsg, nla, genlmsg) is the same from 0.7.2 (Debian 12) to 0.9; sockets and high-level classes are
not, and they drop attributes that they do not know. Our message classes say what is allowed; see messages.py.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import types

__all__ = ("MINIMUM", "PROBLEM", "PROBLEM_DETAILS", "genlmsg", "installed_version", "nla", "nlmsg", "too_old")

MINIMUM = (0, 7, 2)
PROBLEM = ""
PROBLEM_DETAILS = ""
_METADATA = re.compile(r"pyroute2-([0-9][^-]*?)(?:-py[0-9.]+)?\.(?:dist|egg)-info")


def _without_initialiser(package: str) -> None:
    """Make submodules of a package importable without running its ``__init__``.

    pyroute2's pulls in its databases, asyncio and what not: 0.4 s of a fast processor, several seconds of a
    small router, for each module run. The codec needs none of it.
    """
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    if spec is None or spec.submodule_search_locations is None:
        return
    bare = types.ModuleType(package)
    bare.__spec__ = spec
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules[package] = bare


_without_initialiser("pyroute2")
try:
    from pyroute2.netlink import genlmsg, nla, nlmsg
except ImportError:
    import traceback

    genlmsg = nla = nlmsg = object
    PROBLEM = "pyroute2 is missing on this node: install the package python3-pyroute2"
    PROBLEM_DETAILS = traceback.format_exc()


def installed_version() -> str:
    """pyroute2's version, empty if it does not say.

    From the name of its metadata: importlib.metadata says the same, but takes a third of the time of all our imports.
    """
    places = [os.path.dirname(path) for path in getattr(sys.modules.get("pyroute2"), "__path__", ())]
    names = [name for place in places if os.path.isdir(place) for name in os.listdir(place)]
    return next((found[1] for found in map(_METADATA.fullmatch, names) if found), "")


def too_old(version: str) -> bool:
    """Whether that version is below the minimum; one that is not known is not."""
    parts = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    return bool(parts) and parts < MINIMUM


if not PROBLEM and too_old(installed_version()):
    PROBLEM = f"pyroute2 {installed_version()} on this node is too old: {'.'.join(map(str, MINIMUM))} is needed"
