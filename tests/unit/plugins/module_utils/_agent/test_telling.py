# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What status says of links and legs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._agent.converge import Open
from ansible_collections.linkagg.wan.plugins.module_utils._agent.makers import about_makers
from ansible_collections.linkagg.wan.plugins.module_utils._agent.saved import Saved
from ansible_collections.linkagg.wan.plugins.module_utils._agent.telling import about_bonds, about_legs, about_links
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS, ROUTING, TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.port_state import silent

LEGS = [
    {"kind": "gretap", "name": f"leg{n}", "local": "10.208.0.65", "remote": "10.208.0.1", "key": n} for n in range(5)
]


_ARP = {"arp_interval": 500, "arp_ip_target": ["10.200.0.33"]}
WATCHED = dict.fromkeys(("active_backup", "balance_rr", "broadcast"), _ARP)


def saved(**bonds: list[str]) -> Saved:
    """Bonds by their mode, with their ports; a link that is checked."""
    items = [
        {"name": f"agg{n}", "mode": mode.replace("_", "-"), "ports": ports, **WATCHED.get(mode, {})}
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
    state = saved(balance_rr=["leg0", "leg1", "leg2", "leg3"])
    sysfs(tmp_path, leg0="down", leg1="up", leg3="going back")
    assert list(about_legs(state, lambda port: silent(port, tmp_path), {})) == [
        "leg leg0: its other end does not answer, and bond agg0 sends nothing over it",
        "leg leg3: its other end does not answer, and bond agg0 sends nothing over it",
    ]


def test_of_a_silent_leg_that_waits_it_is_told_whether_its_carrier_works(tmp_path: Path) -> None:
    state = saved(active_backup=["leg0", "leg1", "leg2"])
    sysfs(tmp_path, leg0="down", leg1="down", leg2="up")
    links = {f"leg{n}": {"target": "10.208.0.1", "alive": n == 1, "since": 0.0} for n in range(3)}
    assert list(about_legs(state, lambda port: silent(port, tmp_path), links)) == [
        "leg leg0: its other end does not answer, and bond agg0 sends nothing over it",
        "leg leg1: nothing comes over it, though 10.208.0.1 answers (does linkagg.service run there?), "
        "and bond agg0 sends nothing over it",
    ]
    assert not any("leg" in words for words in about_links(state, links, 1.0))


def test_a_bond_that_policies_pass_over_is_named() -> None:
    route = {"destination": "default", "via": "10.200.0.33", "device": "agg0", "table": 7729, "give_way": True}
    state = saved(active_backup=["leg0", "leg1"])
    routes = parse_items("routes", [ROUTING["route"]], [route])
    state = Saved({**state.parts, "link_routes": routes})
    links = {"agg0": {"target": "legs", "alive": False, "since": 90.0}}
    assert list(about_bonds(state, links, 102.4)) == [
        "bond agg0: no leg is heard, for 12 s now, and policies pass over it"
    ]
    assert list(about_bonds(state, {"agg0": {**links["agg0"], "alive": True}}, 102.4)) == []


def test_bonds_are_looked_after_where_legs_wait_or_routes_give_way() -> None:
    state = saved(active_backup=["leg0", "leg1"], balance_rr=["leg2"], balance_tlb=["leg3"], broadcast=["leg4"])
    assert [(bond.name, bond.keeps, bond.gives_way) for bond in state.bonds] == [("agg0", True, False)]
    asked = [(check.interface, check.interval_s) for check in state.checks if check.if_silent]
    assert asked == [("leg0", 0.5), ("leg1", 0.5)]
    names = {"agg0": "agg0", "agg1": "agg1", "agg2": "agg2", "wan1": "wan1"}
    routes = [
        {"destination": "default", "device": name, "table": 7700 + n, "give_way": True} for n, name in enumerate(names)
    ]
    state = Saved({**state.parts, "link_routes": parse_items("routes", [ROUTING["route"]], routes)})
    looked_after = [(bond.name, bond.keeps, bond.watches, bond.gives_way) for bond in state.bonds]
    assert looked_after == [
        ("agg0", True, True, True),
        ("agg1", False, True, True),
        ("agg2", False, False, True),
    ]
    unwatched = parse_items("bonds", list(BONDS.values()), [{"name": "agg1", "ports": ["leg2"]}])
    assert Saved({**state.parts, "bonds": unwatched}).bonds == [], "nobody can know of its legs"


def sysfs(directory: Path, **statuses: str) -> None:
    """What the kernel says of ports that wait."""
    for port, status in statuses.items():
        (directory / port / "bonding_slave").mkdir(parents=True)
        (directory / port / "bonding_slave" / "mii_status").write_text(f"{status}\n")
        (directory / port / "bonding_slave" / "state").write_text("backup\n")


def test_a_daemon_that_has_not_made_its_interface_is_named_with_its_last_words(tmp_path: Path) -> None:
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for name in ("a", "b"):
        text = f"Description=linkagg.wan: PPTP of link {name} of site home\n\n[X-Linkagg]\nInterface=pptp-{name}\n"
        (units / f"linkagg-pptp-{name}.service").write_text(f"[Unit]\n{text}")
    (route,) = parse_items("routes", [ROUTING["route"]], [{"destination": "10.9.0.0/16", "device": "pptp-b"}])
    left = [Open(route, "route 10.9.0.0/16", "pptp-b does not exist", frozenset({"pptp-b", "wan1"}))]
    assert list(about_makers(left, tmp_path, lambda service: f"{service}:\nno answer")) == [
        "interface pptp-b is to come from linkagg-pptp-b.service (PPTP of link b of site home), which said last:"
        "\n  linkagg-pptp-b.service:\n  no answer"
    ]
    assert list(about_makers([], tmp_path)) == []
