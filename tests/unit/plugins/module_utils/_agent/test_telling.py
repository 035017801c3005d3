# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What status says of links and legs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._agent.saved import Saved
from ansible_collections.linkagg.wan.plugins.module_utils._agent.telling import about_legs, about_links
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS, ROUTING, TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.ports import silent

LEGS = [
    {"kind": "gretap", "name": f"leg{n}", "local": "10.208.0.65", "remote": "10.208.0.1", "key": n} for n in range(4)
]


def saved(**bonds: list[str]) -> Saved:
    """Bonds by their mode, with their ports; a link that is checked."""
    items = [
        {"name": f"agg{n}", "mode": mode.replace("_", "-"), "ports": ports}
        for n, (mode, ports) in enumerate(bonds.items())
    ]
    link = parse_items("links", [ROUTING["link"]], [{"interface": "wan1", "check": {}}])
    tunnels = parse_items("tunnels", list(TUNNELS.values()), LEGS)
    return Saved({"tunnels": tunnels, "bonds": parse_items("bonds", list(BONDS.values()), items), "link_routes": link})


def test_legs_are_asked_only_where_their_bond_cannot_watch_them() -> None:
    state = saved(balance_rr=["leg0"], balance_tlb=["leg1"], balance_alb=["leg2"], broadcast=["leg3"])
    asked = [(check.interface, check.ping, check.source) for check in state.checks]
    assert asked == [
        ("wan1", "next_hop", ""),
        ("leg1", "10.208.0.1", "10.208.0.65"),
        ("leg2", "10.208.0.1", "10.208.0.65"),
    ]


def test_what_the_agent_knows_is_told_of_each() -> None:
    state = saved(balance_tlb=["leg1", "leg2"])
    links: dict[str, dict[str, Any]] = {
        "wan1": {"target": "", "alive": None, "since": 0.0},
        "leg1": {"target": "10.208.0.1", "alive": False, "since": 90.0},
    }
    assert list(about_links(state, links, 102.4)) == [
        "link wan1: not checked yet, as no next hop is known",
        "leg leg1: 10.208.0.1 does not answer, for 12 s now",
        "leg leg2: not checked now, as linkagg.service does not run or has just begun",
    ]


def test_legs_that_their_bond_found_silent_are_named(tmp_path: Path) -> None:
    for port, status in (("leg0", "down"), ("leg1", "up")):
        (tmp_path / port / "bonding_slave").mkdir(parents=True)
        (tmp_path / port / "bonding_slave" / "mii_status").write_text(f"{status}\n")
    state = saved(balance_rr=["leg0", "leg1", "leg2"])
    assert list(about_legs(state, lambda port: silent(port, tmp_path))) == [
        "leg leg0: its other end does not answer, and bond agg0 sends nothing over it"
    ]
