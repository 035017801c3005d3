# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner expects of a method in the lab: ceilings and predictions for each test, in Mbit/s."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from lab import inventory, paths
from lab.profile import Profile

# The lab's rates count Ethernet headers (lab/guest/shape.py, lab/profiles/README.md).
FRAME = 14
# What role benchmark sends in a packet of UDP.
UDP_PAYLOAD = 1200


def planner_data(profile: Profile, variables: Mapping[str, Any]) -> dict[str, Any]:
    """What the site playbook hands to the planner in a lab with that profile and those variables."""
    children = inventory.inventory(profile)["all"]["children"]
    said = {"bonds": variables["lab_bonds"], "proxy": variables["lab_site_proxy"]}
    return {
        "concentrators": {
            host: each["linkagg_concentrator"] for host, each in children["concentrators"]["hosts"].items()
        },
        "sites": {host: each["linkagg_site"] | said for host, each in children["gateways"]["hosts"].items()},
    }


def expected(profile: Profile, variables: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """``{"ceiling_mbit": {test: rate}, "predicted_mbit": {test: rate}}`` of the first site, for tests whose links all
    have a rate. On links that play a trace back, for the mean of the trace."""
    if str(paths.COLLECTIONS) not in sys.path:
        sys.path.insert(0, str(paths.COLLECTIONS))
    from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import OFFERED_SHARE, TESTS
    from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import predict
    from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import check
    from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.wiring import wire_inventory

    site = wire_inventory(check(planner_data(profile, variables))[0])[0]
    capacity = dict(zip(("down", "up"), profile.capacity(), strict=True))
    found: dict[str, dict[str, float]] = {"ceiling_mbit": {}, "predicted_mbit": {}}
    for test in TESTS.values():
        if test.ping:
            continue
        traffic = predict.Traffic(flows=test.connections)
        if test.protocol == "udp":
            offered = OFFERED_SHARE * capacity[test.direction]
            traffic = predict.Traffic("udp", test.connections, offered, UDP_PAYLOAD)
        for key, of in (("ceiling_mbit", predict.ceiling), ("predicted_mbit", predict.predicted)):
            rate = of(site, traffic, up=test.direction == "up", frame=FRAME)
            if rate is not None:
                found[key][test.name] = rate
    return found
