# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapers whose rate can be another one at run time. This is the one place that knows what changes with it.

What shapes a link: at a gateway the CAKE of its interface and that of its carrier's; at a concentrator the htb class of
its carrier's address (key ``("qclass", "wg-linkagg", "7600:41")``), or a CAKE at a root where a carrier or a leg has an
interface of its own. Whoever follows a changing line (_rates) takes the saved object and lets the engine change it to
``with_rate`` of it. What waits in the shaper goes on waiting, and other classes notice nothing.
"""

from __future__ import annotations

from dataclasses import replace

from .._engine import units
from .._engine.objects import Obj
from . import htb


def with_rate(obj: Obj, rate: str) -> Obj:
    """The same shaper with that rate, written as ``units.rate`` has it; a class with the burst that goes with it."""
    burst = {"burst": htb.burst(units.byte_rate(rate))} if obj.kind == "htb_class" else {}
    return replace(obj, attrs={**obj.attrs, "rate": rate, **burst})
