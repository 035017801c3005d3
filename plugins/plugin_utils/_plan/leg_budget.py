# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left for a bond of a link, with the carrier that the link has."""

from __future__ import annotations

from .budget import Budget, mtu_budget
from .carriers import CARRIERS
from .model import Concentrator, Link


def leg_budget(leg: str, link: Link, concentrator: Concentrator) -> Budget:
    """The budget of a leg of that kind over that link; of no leg where the carrier is one itself."""
    kind, options = CARRIERS[link.carrier], link.carrier_options
    family = f"ipv{concentrator.address.version}"
    return mtu_budget(
        link.mtu,
        kind.layer(options),
        leg="none" if kind.is_leg(options) else leg,
        family=family,
        inner_family=kind.inner_family(family),
        pppoe=link.address == "pppoe",
        far_mtu=concentrator.mtu,
    )
