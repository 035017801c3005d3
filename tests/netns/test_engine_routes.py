# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links, routes and rules on the real kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._netlink import learn
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg

LINK = {"interface": "wan1", "addresses": ["10.0.1.2/24"]}
ROUTES: list[dict[str, Any]] = [
    {"destination": "default", "via": "10.0.1.1", "device": "wan1", "table": 7601},
    {"destination": "default", "type": "blackhole", "table": 7601, "metric": 65535},
    {"destination": "10.208.0.1/32", "device": "wan1", "table": 7601},
    {"destination": "default", "via": "10.0.1.1", "device": "wan1", "metric": 7601},
    {"destination": "192.168.7.0/24", "via": "10.0.1.9", "source": "10.0.1.2", "type": "unicast"},
    {"destination": "2001:db8::/32", "type": "unreachable", "table": 7601},
    {"destination": "::/0", "type": "blackhole", "table": 7601, "metric": 65535},
    {"destination": "default", "type": "local", "device": "lo", "table": 7663},
    {"destination": "::/0", "type": "local", "device": "lo", "table": 7663},
]
RULES: list[dict[str, Any]] = [
    {"priority": 7601, "fwmark": 0x7601, "table": 7601},
    {"priority": 7701, "from": "10.208.0.65/32", "table": 7601},
    {"priority": 7702, "iif": "wan1", "table": 7601},
    {"priority": 7900, "table": 254, "suppress_prefixlength": 0},
    {"priority": 7901, "table": 7600},
    {"priority": 7901, "table": 7600, "family": "ipv6"},
    {"priority": 7902, "from": "2001:db8::/32", "table": 7600},
]


@pytest.fixture
def wan(node: Node) -> Iterator[Node]:
    """A node with a modem, so to speak."""
    node.needs("veth")
    ip("link add wan1 type veth peer name modem1")
    ip("link set modem1 up")
    yield node


def everything() -> tuple[Any, ...]:
    """All that can be changed, in ``ip``'s words; not the carrier, which follows a moment after a link is up."""
    links = [(link["ifname"], "UP" in link["flags"], link["addr_info"]) for link in ip("-j -4 address")]
    four = sorted(line.replace(" linkdown", "").strip() for line in ip("-4 route show table all").splitlines())
    six = [
        {name: value for name, value in route.items() if name != "flags"}
        for route in ip("-j -6 route show table all")
        if route.get("protocol") == "76"
    ]
    return ip("rule"), ip("-6 rule"), four, six, links


def test_all_is_made_as_written_and_a_second_run_does_nothing(wan: Node) -> None:
    before = everything()
    checked = wan.routing([LINK], ROUTES, RULES, check=True)
    assert everything() == before
    outcome = wan.routing([LINK], ROUTES, RULES)
    assert (outcome.steps, outcome.diff) == (checked.steps, checked.diff)
    assert len(outcome.steps) == 1 + len(ROUTES) + len(RULES)
    assert "default via 10.0.1.1 dev wan1 proto 76" in ip("route show table 7601")
    assert "blackhole default proto 76 metric 65535" in ip("route show table 7601")
    assert "7601:	from all fwmark 0x7601 lookup 7601 proto 76" in ip("rule")
    assert "lookup main suppress_prefixlength 0 proto 76" in ip("rule")
    assert not wan.routing([LINK], ROUTES, RULES).changed


def test_purge_removes_what_is_ours_and_nothing_else(wan: Node) -> None:
    ip("address add 10.0.9.1/24 dev wan1")
    ip("link set wan1 up")
    ip("route add 198.51.100.0/24 via 10.0.9.9 table 7601")
    ip("rule add priority 100 lookup 7601")
    before = everything()
    wan.routing([LINK], ROUTES, RULES)
    steps = wan.routing(purge=True).steps
    assert len(steps) == 1 + len(ROUTES) + len(RULES)
    assert everything() == before
    assert not wan.routing(purge=True).changed


def test_absent_removes_the_listed_and_leaves_the_link_up(wan: Node) -> None:
    wan.routing([LINK], ROUTES, RULES)
    wan.routing([LINK], ROUTES[:2], RULES[:1], state="absent")
    assert "UP" in wan.link("wan1")["flags"]
    assert "10.0.1.2" not in str(ip("-j address show wan1"))
    assert "7601:" not in ip("rule")
    assert "7701:" in ip("rule")


def test_a_route_is_changed_in_place(wan: Node) -> None:
    wan.routing([LINK], ROUTES, RULES)
    changed = [{**ROUTES[0], "via": "10.0.1.7"}, *ROUTES[1:]]
    outcome = wan.routing([LINK], changed, RULES)
    assert outcome.steps == ["change route default via 10.0.1.7 dev wan1 table 7601: via 10.0.1.1 -> 10.0.1.7"]
    assert not wan.routing([LINK], changed, RULES).changed


def test_a_new_address_keeps_the_routes(wan: Node) -> None:
    routes = [route for route in ROUTES if not route.get("source")]
    wan.routing([LINK], routes, RULES)
    ip("route add 198.51.100.0/24 dev wan1")
    new = {"interface": "wan1", "addresses": ["10.0.1.3/24"]}
    assert wan.routing([new], routes, RULES).steps == ["change link wan1: addresses -10.0.1.2/24 +10.0.1.3/24"]
    assert not wan.routing([new], routes, RULES).changed
    assert ip("-j route show 198.51.100.0/24")


def test_an_address_that_somebody_else_put_there_stays_theirs(wan: Node) -> None:
    ip("address add 10.0.1.2/24 dev wan1")
    ip("link set wan1 up")
    assert not wan.routing([LINK]).changed
    assert not wan.routing([{"interface": "wan1"}], purge=True).changed
    assert "10.0.1.2" in str(ip("-j address show wan1"))


def test_missing_interfaces_are_named_together(node: Node) -> None:
    with pytest.raises(EngineError) as caught:
        node.routing([LINK], ROUTES, RULES)
    assert len(caught.value.problems) == 1
    assert "interface wan1 does not exist on this node; needed by link wan1, route default" in caught.value.problems[0]
    assert caught.value.problems[0].endswith("and 1 more")


def test_a_link_that_is_ours_is_no_uplink(node: Node) -> None:
    node.needs("vxlan")
    node.tunnels(leg("vxlan"))
    with pytest.raises(EngineError, match="link leg0: is a vxlan of ours"):
        node.routing([{"interface": "leg0", "addresses": ["10.0.0.1/24"]}])


def test_when_a_step_fails_what_was_done_is_undone(wan: Node) -> None:
    ip("address add 10.0.9.1/24 dev wan1")
    ip("link set wan1 up")
    wan.routing([], ROUTES[1:2], RULES[:2])
    before = everything()
    unreachable = {"destination": "192.168.8.0/24", "via": "172.31.0.1", "device": "wan1", "table": 7601}
    with pytest.raises(EngineError) as caught:
        wan.routing([LINK], [*ROUTES[:3], unreachable], RULES[2:], purge=True)
    assert "192.168.8.0/24 via 172.31.0.1" in str(caught.value)
    assert "invalid gateway" in str(caught.value)
    assert everything() == before


def test_a_route_of_somebody_else_in_the_way_is_an_error_and_stays(wan: Node) -> None:
    ip("link set wan1 up")
    ip("route add blackhole default metric 65535 table 7601")
    with pytest.raises(EngineError, match=r"is not ours \(protocol boot: blackhole .*\): say adopt: true"):
        wan.routing([], ROUTES[1:2])
    assert "blackhole default metric 65535" in ip("route show table 7601")


def learn_hops(routes: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
    from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
    from ansible_collections.linkagg.wan.plugins.module_utils._kinds import ROUTE
    from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel

    with NetlinkKernel() as kernel:
        want = kernel.learn_next_hops(parse_items("routes", [ROUTE], routes), **options)
    return {obj.attrs["table"]: obj.attrs["via"] for obj in want}


LEARN = {"destination": "default", "via": "learn", "device": "wan1", "table": 7601}


def test_a_next_hop_is_learnt_from_a_default_route_that_is_not_ours(wan: Node) -> None:
    wan.routing([LINK], [{**ROUTES[0], "via": "10.0.1.66"}])
    ip("route add default via 10.0.1.44 dev wan1 proto dhcp metric 1024")
    assert learn_hops([LEARN], timeout_s=1, check=False) == {7601: "10.0.1.44"}


def test_a_lease_of_networkd_comes_first(wan: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "LEASES", tmp_path)
    (tmp_path / str(wan.link("wan1")["ifindex"])).write_text("ADDRESS=10.0.1.50\nROUTER=10.0.1.55 10.0.1.56\n")
    ip("address add 10.0.1.2/24 dev wan1")
    ip("link set wan1 up")
    ip("route add default via 10.0.1.44 dev wan1")
    assert learn_hops([LEARN], timeout_s=1, check=False) == {7601: "10.0.1.55"}


@pytest.mark.usefixtures("wan")
def test_a_next_hop_that_nobody_says_is_an_error_or_in_check_mode_shown_as_it_is() -> None:
    assert learn_hops([LEARN], timeout_s=1, check=True) == {7601: "learn"}
    with pytest.raises(EngineError, match=r"link wan1: no next hop \(ipv4\) learnt within 0.1 s"):
        learn_hops([LEARN], timeout_s=0.1, check=False)
