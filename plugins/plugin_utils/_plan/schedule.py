# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which leg of a bond a packet takes: by the bond's mode, or dealt by weight.

Each end deals what it sends, so the gateway's weights are what links carry up and the concentrator's what they carry
down. How it is done: plugins/module_utils/_weights/table.py and _kinds/steering.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .model import Bond, Link

BY_MODE = "mode"
SCHEDULES = (BY_MODE, "packet", "flow")

# In the others the kernel looks at no queue (bond_main.c, bond_should_override_tx_queue); measured, too.
QUEUE_MODES = ("balance-rr", "active-backup")
# A bond has 16 queues, of which 0 is for packets that nobody deals.
MOST_LEGS = 15

# A packet for queue n has this mark plus n, on its way from nftables to the filters of the bond.
QUEUE_MARK = 0x76000000
# Connections have marks from here on, one for each bucket; the upper three bits are nobody else's (policy_marks.py,
# numbers.py, class_number).
BUCKET_MARKS = range(0xE0000000, 0xE0000100)

# Which of a link's rates counts, by whether it is the gateway that sends.
RATES = {True: "up_mbit", False: "down_mbit"}


def is_weighted(bond: Bond) -> bool:
    """Whether packets are dealt by weight."""
    return bond.schedule in SCHEDULES and bond.schedule != BY_MODE


def weights_of(bond: Bond, links: Sequence[Link], *, at_gateway: bool) -> dict[str, float | None]:
    """The weight of each link for what this end sends: the bond's own for it, else the link's rate, else None."""
    given = dict(bond.weights or ())
    return {link.name: given.get(link.name, (link.rate or {}).get(RATES[at_gateway])) for link in links}


def queue_options(bond: Bond, ports: Sequence[str], others: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The bond's options by which its ports have queues; none if the mode decides. ``others``: what ports have besides,
    as in ``port_options``.
    """
    if not is_weighted(bond):
        return {}
    besides = {option["port"]: option for option in others}
    options = [{**besides.get(port, {"port": port}), "queue_id": queue} for queue, port in enumerate(ports, start=1)]
    return {"port_options": options, "queue_mark": QUEUE_MARK}


def weights_item(name: str, bond: Bond, links: Sequence[Link], *, at_gateway: bool) -> list[dict[str, Any]]:
    """The element of ``bonds`` of ``linkagg.wan.weights`` for one end of a bond, in a list; none if the mode decides.

    ``links`` in the order of the ports in ``queue_options``.
    """
    if not is_weighted(bond):
        return []
    weights: Mapping[str, float | None] = weights_of(bond, links, at_gateway=at_gateway)
    legs = [
        {"link": link, "queue": queue, "weight": float(weight or 0)}
        for queue, (link, weight) in enumerate(weights.items(), start=1)
    ]
    return [{"bond": name, "schedule": bond.schedule, "legs": legs}]


def explained(bond: Bond, links: Sequence[Link]) -> dict[str, Any]:
    """What was decided, for people; nothing if the mode decides."""
    if not is_weighted(bond):
        return {}
    down, up = (weights_of(bond, links, at_gateway=gateway) for gateway in (False, True))
    weights = {link.name: {"down": down[link.name], "up": up[link.name]} for link in links}
    return {"schedule": bond.schedule, "weights": weights}
