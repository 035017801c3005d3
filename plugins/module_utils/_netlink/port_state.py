# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bonds think of their ports. Without pyroute2, which may be missing when the agent is to say so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SYSFS = Path("/sys/class/net")


@dataclass(frozen=True)
class Port:
    """What its bond thinks of a port: whether its other end is heard, and whether it only waits to be used."""

    heard: bool
    waits: bool


def seen(port: str, sysfs: Path = SYSFS) -> Port | None:
    """As the port's bond, if it watches it, sees it now; None if it is no port or not there.

    Besides up and down there are two states of a port that is being tried out (going back, going down), on which
    nothing has been heard yet (bond_ab_arp_probe in drivers/net/bonding/bond_main.c).
    """
    try:
        status, state = (
            (sysfs / port / "bonding_slave" / name).read_text().strip() for name in ("mii_status", "state")
        )
    except OSError:
        return None
    return Port(heard=status == "up", waits=state == "backup")


def silent(port: str, sysfs: Path = SYSFS) -> bool:
    """Whether the port's bond, which watches it, has no answer of its other end (or sees no carrier)."""
    now = seen(port, sysfs)
    return now is not None and not now.heard
