# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The carriers, a file each: whatever is in this package and has a ``CARRIER``.

A new one is a new file here and nothing else: tables of keys, checks, MTU budget, preflight and both ends of the plan
ask this registry.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from ..carrier import Carrier
from ..layers import Layer

DEFAULT = "wireguard"


def _found() -> dict[str, Carrier]:
    """By name, the default first, which is what reads best where all are listed."""
    names = sorted(module.name for module in iter_modules(__path__))
    found = [import_module(f"{__name__}.{name}").CARRIER for name in names]
    for name, carrier in zip(names, found, strict=True):
        if carrier.name != name:
            raise TypeError(f"carrier {carrier.name} is in {name}.py: give the file its name")
    return {carrier.name: carrier for carrier in sorted(found, key=lambda carrier: carrier.name != DEFAULT)}


CARRIERS = _found()


def layers() -> dict[str, Layer]:
    """What each takes of a packet, by the name that linkagg.wan.mtu_budget has for it."""
    return {name: layer for carrier in CARRIERS.values() for name, layer in carrier.layers.items()}
