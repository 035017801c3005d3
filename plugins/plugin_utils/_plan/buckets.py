# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shares by weight in a fixed number of buckets, of which a change of weights moves only as many as it must, or few
more.

Weighted rendezvous hashing (Schindelhauer, Schomaker 2005) gives every bucket its preference among the ids, from the
ids alone; quotas make the counts exact.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping

BUCKETS = 128


def quotas(weights: Mapping[int, float], count: int) -> dict[int, int]:
    """How many of ``count`` each id gets: by largest remainder, but one at least for a weight above 0."""
    weighty = {key: weight for key, weight in sorted(weights.items()) if weight > 0}
    total = sum(weighty.values())
    exact = {key: weight * count / total for key, weight in weighty.items()}
    shares = {key: max(1, int(share)) for key, share in exact.items()}
    for key in sorted(exact, key=lambda key: (int(exact[key]) - exact[key], key)):
        if sum(shares.values()) < count:
            shares[key] += 1
    while sum(shares.values()) > count:
        largest = max(shares, key=lambda key: (shares[key], key))
        shares[largest] -= 1
    return shares


def assign(weights: Mapping[int, float], buckets: Iterable[int] = range(BUCKETS)) -> dict[int, int]:
    """``{bucket: id}`` for all buckets; ids with weight 0 get none. One weight at least must be above 0."""
    numbers = list(buckets)
    left = quotas(weights, len(numbers)) if len(numbers) >= sum(weight > 0 for weight in weights.values()) else {}
    wishes = sorted(
        (_distance(bucket, key) / weight, bucket, key)
        for bucket in numbers
        for key, weight in weights.items()
        if weight > 0
    )
    assigned: dict[int, int] = {}
    for _far, bucket, key in wishes:
        if bucket not in assigned and (not left or left[key] > 0):
            assigned[bucket] = key
            if left:
                left[key] -= 1
    return assigned


def _distance(bucket: int, key: int) -> float:
    """An exponentially distributed number that belongs to the pair."""
    digest = hashlib.sha256(f"{bucket} {key}".encode()).digest()
    return -math.log((int.from_bytes(digest[:8], "big") + 1) / (2**64 + 1))
