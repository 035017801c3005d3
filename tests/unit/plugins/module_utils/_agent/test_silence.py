# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes while a link does not answer, and how others on the node are told."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import ROUTING
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.withdraw import LEGS, heeded, sentence, split
from ansible_collections.linkagg.wan.plugins.module_utils._persist import silence

SILENT = {"wan1": "192.0.2.53"}
HOPS = [{"via": f"10.0.{n}.1", "device": f"wan{n}"} for n in (1, 2, 3)]


def routes(*items: dict[str, Any]) -> list[Any]:
    return parse_items("routes", [ROUTING["route"]], items)


@pytest.mark.parametrize(
    "item",
    [
        {"destination": "default", "via": "10.0.1.1", "device": "wan1", "table": 7601},
        {"destination": "default", "via": "learn", "device": "wan1"},
        {"destination": "default", "device": "wan1"},
        {"destination": "203.0.113.3/32", "via": "10.0.1.1", "device": "wan1"},
        {"destination": "::/0", "via": "fe80::1", "device": "wan1"},
        {"destination": "default", "nexthops": [*HOPS[:1], {**HOPS[0], "via": "10.0.1.9"}]},
    ],
)
def test_what_leads_on_over_the_link_goes(item: dict[str, Any]) -> None:
    want = routes(item)
    assert split(want, SILENT) == ([], want)
    assert split(want, {}) == (want, [])


@pytest.mark.parametrize(
    "item",
    [
        {"destination": "192.0.2.53/32", "via": "10.0.1.1", "device": "wan1", "table": 7601},
        {"destination": "10.0.1.0/24", "device": "wan1"},
        {"destination": "default", "via": "10.0.2.1", "device": "wan2"},
        {"destination": "default", "type": "blackhole", "table": 7601},
        {"destination": "default", "nexthops": HOPS[1:]},
    ],
)
def test_all_else_stays(item: dict[str, Any]) -> None:
    want = routes(item)
    assert split(want, SILENT) == (want, [])


def test_a_route_of_several_next_hops_goes_on_without_that_one() -> None:
    three = routes({"destination": "default", "nexthops": HOPS})
    assert split(three, SILENT) == (routes({"destination": "default", "nexthops": HOPS[1:]}), [])
    two = routes({"destination": "default", "nexthops": HOPS[:2]})
    assert split(two, SILENT) == (routes({"destination": "default", "via": "10.0.2.1", "device": "wan2"}), [])


def test_over_a_bond_none_of_whose_legs_is_heard_only_what_gives_way_goes() -> None:
    route = {"destination": "default", "via": "10.200.0.33", "device": "agg0"}
    hops = {"destination": "default", "table": 7, "nexthops": [*HOPS[:1], {"via": "10.200.0.33", "device": "agg0"}]}
    staying, going = routes({**route, "table": 7600}, hops), routes({**route, "table": 7729, "give_way": True})
    assert split([*staying, *going], {"agg0": LEGS}) == (staying, going)
    assert split([*staying, *going], SILENT | {"agg9": LEGS})[0][0] == staying[0]
    assert sentence("agg0", LEGS).startswith("bond agg0: none of its legs is heard")
    assert sentence("wan1", "192.0.2.53").startswith("link wan1: 192.0.2.53 does not answer")


def test_a_link_that_is_not_to_be_checked_any_longer_is_not_silent() -> None:
    links = parse_items("links", [ROUTING["link"]], [{"interface": "wan1"}, {"interface": "wan2", "check": {}}])
    assert heeded(links, {"wan1": "a", "wan2": "b", "wan3": "c"}) == {"wan2": "b", "wan3": "c"}


def test_mistakes_in_a_check_are_told_all_at_once() -> None:
    with pytest.raises(EngineError) as caught:
        parse_items(
            "links", [ROUTING["link"]], [{"interface": "wan1", "check": {"ping": "x", "lost": 0, "interval_s": 0}}]
        )
    text = str(caught.value)
    assert all(word in text for word in ("ping: 'x'", "lost: 0", "interval_s: 0")), text


LINKS = {
    "wan1": {"target": "10.0.1.1", "alive": False, "since": 1.5, "withdraws": True},
    "wan2": {"target": "10.0.2.1", "alive": True, "since": 1.5, "withdraws": True},
    "wan3": {"target": "", "alive": None, "since": 1.5, "withdraws": True},
    "leg0-lte": {"target": "10.208.0.1", "alive": False, "since": 1.5, "withdraws": False},
}


def _agent(run: Path, ready: Any, end: Any) -> None:
    silence.Report("/etc/linkagg/state", run).tell(LINKS)
    ready.set()
    end.wait(20)


def test_the_agents_word_holds_as_long_as_it_lives(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready, end = context.Event(), context.Event()
    process = context.Process(target=_agent, args=(tmp_path, ready, end))
    process.start()
    try:
        assert ready.wait(20)
        assert silence.links("/etc/linkagg/state", tmp_path) == LINKS
        assert silence.silent("/etc/linkagg/state", tmp_path) == {"wan1": "10.0.1.1"}
        assert silence.silent("/somewhere/else", tmp_path) == {}
        with pytest.raises(EngineError, match="an agent watches /etc/linkagg/state already"):
            silence.Report("/etc/linkagg/state", tmp_path)
    finally:
        process.kill()
        process.join()
    assert silence.links("/etc/linkagg/state", tmp_path) == {}
    heir = silence.Report("/etc/linkagg/state", tmp_path)
    assert heir.last() == LINKS
    heir.end()
    assert silence.Report("/etc/linkagg/state", tmp_path).last() == {}
