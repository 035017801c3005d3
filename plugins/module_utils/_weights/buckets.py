# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares by weight as buckets: how many each link has, and which. Pure; links are known by their names.

Packets, and new connections, are dealt to the buckets one after the other, from the first to the last and again. So
links take turns in the order of the buckets, and the more evenly each link's are spread the shorter the queues.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BUCKETS = 256


def counts(weights: Mapping[str, float], total: int = BUCKETS) -> dict[str, int]:
    """How many buckets each link gets, by largest remainder: less than one more or less than its exact share.

    A link whose weight is 0 gets none, nor one whose share is too small for half a bucket. ValueError without any
    weight above 0.
    """
    whole = sum(weights.values())
    if not whole > 0:
        raise ValueError("no weight is above 0")
    exact = {link: weight * total / whole for link, weight in weights.items()}
    found = {link: int(share) for link, share in exact.items()}
    by_remainder = sorted(exact, key=lambda link: (found[link] - exact[link], link))
    for link in by_remainder[: total - sum(found.values())]:
        found[link] += 1
    return found


def spread(found: Mapping[str, int]) -> list[str]:
    """The links in turn, each as often as it says, as evenly as can be (smooth weighted round robin)."""
    total = sum(found.values())
    credit = dict.fromkeys(sorted(found), 0)
    order = []
    for _turn in range(total):
        for link in credit:
            credit[link] += found[link]
        chosen = max(credit, key=lambda link: credit[link])
        credit[chosen] -= total
        order.append(chosen)
    return order


def moved(before: Sequence[str], found: Mapping[str, int]) -> list[str]:
    """The buckets with as many for each link as it says, of which only those change that must.

    ``before`` has the link of each bucket; one that there is no longer gives up all of its buckets.
    """
    now: list[str | None] = [link if link in found else None for link in before]
    for link, wanted in found.items():
        places = [place for place, owner in enumerate(now) if owner == link]
        excess = len(places) - wanted
        for number in range(excess):  # some from everywhere, so that what is left stays spread
            now[places[(2 * number + 1) * len(places) // (2 * excess)]] = None
    missing = {link: wanted - now.count(link) for link, wanted in found.items()}
    coming = iter(spread({link: count for link, count in missing.items() if count}))
    return [link if link is not None else next(coming) for link in now]
