# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which sites of a concentrator have LANs that overlap, so that a destination alone does not name the site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from .deps import IPNetwork
from .model import Site


def shared_versions(sites: Iterable[Site]) -> Mapping[str, set[int]]:
    """By the site's host the IP versions in which its LAN overlaps that of another of ``sites``.

    Each subnet against the smallest around it: subnets nest or are apart, so a stack does, in n log n.
    """
    shared: Mapping[str, set[int]] = defaultdict(set)
    around: list[tuple[IPNetwork, str]] = []
    lans = [(subnet, site.host) for site in sites for subnet in site.lan.subnets]
    for subnet, host in sorted(lans, key=lambda lan: (lan[0].version, lan[0].first, lan[0].prefixlen)):
        while around and (around[-1][0].version != subnet.version or around[-1][0].last < subnet.first):
            around.pop()
        if around and around[-1][1] != host:
            shared[host].add(subnet.version)
            shared[around[-1][1]].add(subnet.version)
        around.append((subnet, host))
    return shared
