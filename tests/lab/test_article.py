# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The article's claims: the table, the verdicts on both sides of every bound, the page, what is kept."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import TESTS
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan

from lab import inventory
from lab.article import experiment, moving, page, recorded, table, verdict
from lab.guest.shape import Faults
from lab.profile import load_profile
from lab.ui import LabError

TABLE = table.load()
RECORDED = recorded.read(recorded.DOCUMENT)
CHECKS = [(claim, index) for claim in TABLE.claims for index in range(len(claim.checks))]
NAMES = [f"{claim.id}-{index}" for claim, index in CHECKS]


def put(results: dict[str, Any], path: str, value: float) -> None:
    """Let this have been measured."""
    setup, step, *rest = path.split(".")
    found = results["setups"].setdefault(setup, {"steps": {}})["steps"].setdefault(step, {})
    found = found.setdefault("values" if len(rest) == 1 else "runs", {})
    for key in rest[:-1]:
        found = found.setdefault(key, {})
    found[rest[-1]] = value


def put_run(results: dict[str, Any], path: str, run: dict[str, Any]) -> None:
    """Let this have been measured in a test, and nothing else of it."""
    setup, step, test = path.split(".")
    results["setups"].setdefault(setup, {"steps": {}})["steps"].setdefault(step, {}).setdefault("runs", {})[test] = run


def blank() -> dict[str, Any]:
    links = [{"name": link["name"], **link["rate"]} for link in inventory.site_links(load_profile(TABLE.profile))]
    facts = {"profile": TABLE.profile, "kernel": "6.12.9", "accelerator": "tcg", "distro": "bookworm", "links": links}
    return {"facts": facts | {"date": "2026-11-28"}, "setups": {}}


def whole() -> dict[str, Any]:
    """Results of every step, made up."""
    results = blank()
    for setup in TABLE.setups.values():
        steps: dict[str, Any] = {}
        for name, step in setup.steps.items():
            steps[name] = {"values": dict.fromkeys(table.MOVE_KEYS, 1)} if step.move else {}
            if step.budgets:
                steps[name] = {"values": dict.fromkeys(step.budgets, 1400)}
            if step.tests:
                traffic = {"goodput_mbit": 28.0, "share": 0.98, "offered_mbit": 28.0}
                pings = {"p50_ms": 80.0, "p95_ms": 90.0, "max_ms": 100.0, "loss_percent": 1.0}
                steps[name] = {"runs": {test: pings if "ping" in test else traffic for test in step.tests}}
            steps[name]["digest"] = step.digest
        results["setups"][setup.name] = {"steps": steps}
    return results


WHOLE = whole()


# --- the table


def test_every_test_fault_and_bond_of_the_table_is_one_that_there_is() -> None:
    profile = load_profile(TABLE.profile)
    names = {link.name for link in profile.links}
    for setup in TABLE.setups.values():
        if setup.bond is not None:
            site = inventory.inventory(profile)["all"]["children"]["gateways"]["hosts"]["gateway"]["linkagg_site"]
            site = site | {"bonds": [{"bond_id": 0, **setup.bond}], "proxy": {"enabled": False}}
            plan = make_plan({"concentrators": {"c": {"address": "203.0.113.2"}}, "sites": {"g": site}})
            assert len(plan["nodes"]["g"]["bonds"][0]["ports"]) == len(setup.links or names)
        for step in setup.steps.values():
            assert set(step.tests) <= set(TESTS)
            assert set(step.faults) <= names
            for link, fault in step.faults.items():
                assert Faults().after(experiment.fault_of(profile, link, fault)) != Faults()


def test_every_set_up_decides_about_a_claim() -> None:
    assert {name for claim in TABLE.claims for name in claim.setups} == set(TABLE.setups)


def test_all_mistakes_of_a_table_are_told_together() -> None:
    raw = yaml.safe_load(table.SOURCE.read_text())
    raw["setups"]["rr"]["steps"]["still"]["speed"] = 3
    raw["setups"]["xor"]["steps"]["nothing"] = {"wait_s": 1}
    raw["claims"][3]["checks"] = [{"value": "xor.still.tcp_12_down.goodput_mbit", "at_least": "1 bestest"}]
    raw["claims"][4]["checks"] = [{"value": "rr.dead.ping_idle.loss_percent", "at_most": "few"}]
    raw["claims"][5]["id"] = raw["claims"][6]["id"]
    with pytest.raises(table.TableError) as caught:
        table.parse(raw)
    text = str(caught.value)
    for part in (
        "set-up rr, step still: ",
        "set-up xor, step nothing: it measures nothing",
        "xor.still.tcp_12_down.goodput_mbit: nothing measures that",
        "bestest: nothing measures that",
        "claim rr-udp: ",
        "there are two of that id",
    ):
        assert part in text


def test_a_set_up_that_changes_is_measured_again() -> None:
    raw = yaml.safe_load(table.SOURCE.read_text())
    raw["setups"]["xor"]["bond"]["xmit_hash_policy"] = "layer2+3"
    changed = table.parse(raw)
    assert recorded.missing(TABLE, WHOLE) == []
    assert recorded.missing(changed, WHOLE) == ["xor"]
    raw["setups"]["rr"]["steps"]["dead"]["wait_s"] = 7
    assert recorded.missing_steps(table.parse(raw).setups["rr"], WHOLE) == ["dead"]


# --- verdicts

OFFERED = {"offered_mbit": 28.0}


def around(check: table.Check) -> tuple[dict[str, Any], float]:
    """Results with everything that the check needs but its value, and the bound."""
    results = blank()
    for setup in TABLE.setups:
        put_run(results, f"{setup}.still.udp_down", {"goodput_mbit": 20.0, "sent_mbit": 27.9} | OFFERED)
    if check.reference and "." in check.reference:
        put(results, check.reference, 10.0)
    put(results, check.value, 0)
    (found,) = verdict.judge(table.Claim("x", "x", (check,)), TABLE, results).findings
    assert found.bound is not None
    return results, found.bound


@pytest.mark.parametrize(("claim", "index"), CHECKS, ids=NAMES)
def test_every_check_holds_on_one_side_of_its_bound_and_not_on_the_other(claim: table.Claim, index: int) -> None:
    check = claim.checks[index]
    results, bound = around(check)
    only = table.Claim(claim.id, claim.says, (check,))
    for value, word in (
        (bound * (1.01 if check.at_least else 0.99), verdict.REPRODUCED),
        (bound * (0.99 if check.at_least else 1.01), verdict.NOT_REPRODUCED),
    ):
        put(results, check.value, value)
        assert verdict.judge(only, TABLE, results).word == word


@pytest.mark.parametrize("claim", TABLE.claims, ids=[claim.id for claim in TABLE.claims])
def test_what_was_not_measured_is_neither(claim: table.Claim) -> None:
    assert verdict.judge(claim, TABLE, blank()).word == verdict.NOT_MEASURED


def test_named_bounds_are_of_the_links_that_the_set_up_uses() -> None:
    results = blank()
    expected = {"rr": {"best": 6, "slowest": 2, "sum": 28.5, "n_slowest": 12}}
    expected["pair_rr"] = {"best": 6, "slowest": 2, "sum": 8, "n_slowest": 4}
    for setup, names in expected.items():
        for name, bound in names.items():
            check = table.Check(f"{setup}.still.tcp_1_down.goodput_mbit", True, 1.0, name)
            (found,) = verdict.judge(table.Claim("x", "x", (check,)), TABLE, results).findings
            assert found.bound == bound


def test_one_failed_check_decides_even_where_others_are_not_measured() -> None:
    claim = next(claim for claim in TABLE.claims if claim.id == "rr-slowest")
    results = blank()
    put(results, "rr.slow.tcp_11_down.goodput_mbit", 9.0)
    assert verdict.judge(claim, TABLE, results).word == verdict.NOT_REPRODUCED
    put(results, "rr.slow.tcp_11_down.goodput_mbit", 2.5)
    assert verdict.judge(claim, TABLE, results).word == verdict.NOT_MEASURED
    put(results, "rr.still.tcp_11_down.goodput_mbit", 9.0)
    assert verdict.judge(claim, TABLE, results).word == verdict.REPRODUCED


def test_a_machine_that_is_too_slow_decides_only_what_a_faster_one_would_as_well() -> None:
    results = blank()
    path = "rr.still.tcp_1_down.goodput_mbit"
    put(results, "rr.still.tcp_11_down.goodput_mbit", 9.0)
    sides = {
        (True, None, 7.0): True,
        (True, None, 5.0): None,
        (False, None, 7.0): False,
        (False, None, 5.0): None,
        (True, "rr.still.tcp_11_down.goodput_mbit", 99.0): None,
    }
    for sent_mbit, slow in ((12.1, True), (27.9, False)):
        put_run(results, "rr.still.udp_down", {"goodput_mbit": 10.0, "sent_mbit": sent_mbit} | OFFERED)
        assert bool(verdict.fell_short("rr", results)) is slow
        for (at_least, reference, value), holds in sides.items():
            check = table.Check(path, at_least, 1.0 if reference else 6.0, reference)
            put(results, path, value)
            (found,) = verdict.judge(table.Claim("x", "x", (check,)), TABLE, results).findings
            expected = (value >= found.bound) is at_least
            assert found.holds is (holds if slow else expected)
    put(results, "rr.dead.ping_idle.loss_percent", 1.0)
    check = table.Check("rr.dead.ping_idle.loss_percent", False, 3.0, None)
    put_run(results, "rr.still.udp_down", {"goodput_mbit": 3.0, "loss_percent": 3.9} | OFFERED)
    assert verdict.judge(table.Claim("x", "x", (check,)), TABLE, results).findings[0].holds is True


def test_a_rate_too_small_decides_nothing_where_the_machine_was_too_slow_elsewhere() -> None:
    results = blank()
    put_run(results, "xor.still.udp_down", {"goodput_mbit": 2.0, "sent_mbit": 27.9} | OFFERED)
    put(results, "xor.still.tcp_11_down.goodput_mbit", 5.0)
    for sent_mbit, words in ((27.9, (False, False)), (9.0, (None, False))):
        put_run(results, "rr.still.udp_down", {"goodput_mbit": 9.0, "sent_mbit": sent_mbit} | OFFERED)
        for at_least, holds in zip((True, False), words, strict=True):
            check = table.Check("xor.still.tcp_11_down.goodput_mbit", at_least, 6.0 if at_least else 4.0, None)
            assert verdict.judge(table.Claim("x", "x", (check,)), TABLE, results).findings[0].holds is holds


def test_every_set_up_with_rates_has_the_test_that_shows_a_machine_too_slow() -> None:
    for claim in TABLE.claims:
        for check in claim.checks:
            setup = TABLE.setups[check.value.split(".")[0]]
            tests = {test for step in setup.steps.values() for test in step.tests}
            relative = check.factor > 0.1 and check.value.endswith("_mbit")
            assert not relative or "udp_down" in tests, claim.id


# --- the page


def test_the_page_is_what_the_generator_makes_of_the_recorded_results() -> None:
    steps = [(name, step) for name, found in RECORDED["setups"].items() for step in found["steps"]]
    changed = [(name, step) for name, step in steps if step in recorded.missing_steps(TABLE.setups[name], RECORDED)]
    assert changed == [], "make reproduce has not been run since these steps changed"
    assert recorded.PAGE.read_text() == page.render(TABLE, RECORDED)


def test_a_claim_that_does_not_reproduce_says_so() -> None:
    results = copy.deepcopy(WHOLE)
    claim = next(claim for claim in TABLE.claims if claim.id == "xor-one-connection")
    put(results, claim.checks[0].value, 25.0)
    rows = [line for line in page.render(TABLE, results).splitlines() if line.startswith(f"| {claim.says}")]
    assert rows == [
        f"| {claim.says} | 1 TCP download: 25.0 Mbit/s; expected at most 6.0 (the best link) | **does not reproduce** |"
        " `make reproduce SETUPS='xor'` |"
    ]


def test_a_page_without_results_says_so_everywhere() -> None:
    text = page.render(TABLE, blank())
    assert f"Of {len(TABLE.claims)} claims: {len(TABLE.claims)} not measured." in text
    assert text.count("Not measured.") == len(TABLE.setups)


def test_a_failed_step_is_on_the_page_with_its_reason() -> None:
    results = blank()
    results["setups"]["xor"] = {"steps": {"move": {"error": "the download did not end"}}}
    text = page.render(TABLE, results)
    assert "the connection lived: not measured, the download did not end" in text
    assert "failed: the download did not end" in text


# --- the download whose link dies


def seconds(*rates: float) -> str:
    parts = [
        {"sum": {"start": float(n), "end": n + 1.0, "bits_per_second": rate * 1e6}} for n, rate in enumerate(rates)
    ]
    return json.dumps({"intervals": parts, "end": {}})


def test_a_connection_that_moved_and_lived() -> None:
    found = moving.judged(seconds(*[5.0] * 9, *[0.0] * 4, *[3.0] * 17), "umts2", "umts4")
    assert found["values"] == {"lived": 1, "moved": 1, "before_mbit": 5.0, "after_mbit": 3.0, "silent_s": 4}
    assert "first over umts2" in found["note"]


def test_a_connection_that_stayed_or_died() -> None:
    assert moving.judged(seconds(*[5.0] * 30), "umts2", "umts2")["values"]["moved"] == 0
    silent = moving.judged(seconds(*[5.0] * 9, *[0.0] * 21), "umts2", "umts4")
    assert (silent["values"]["after_mbit"], silent["values"]["silent_s"]) == (0, 21)
    died = json.dumps({**json.loads(seconds(5.0, 5.0)), "error": "control socket has closed unexpectedly"})
    for output in (died, "ssh: connection lost", ""):
        assert moving.judged(output, "umts2", "umts4")["values"]["lived"] == 0


def test_the_busiest_link_is_the_one_with_most_bytes() -> None:
    assert moving.busiest("leg0-umts1 900\nleg0-umts2 500000\nleg0-umts3 20\n") == "umts2"


# --- what is kept


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(recorded, "DOCUMENT", tmp_path / "docs" / "article.json")
    monkeypatch.setattr(recorded, "PAGE", tmp_path / "docs" / "article.md")
    monkeypatch.setattr(recorded, "SO_FAR", tmp_path / "so-far.json")
    return tmp_path


def keep(name: str, facts: dict[str, Any] | None, *steps: str) -> None:
    """Keep what was recorded of a set-up, or of these of its steps."""
    found = WHOLE["setups"][name]["steps"]
    for step in steps or found:
        recorded.keep(TABLE.setups[name], step, found[step], facts, recorded.SO_FAR)


def test_a_set_up_that_was_stopped_goes_on_with_the_steps_that_are_left(places: Path) -> None:
    keep("rr", WHOLE["facts"], "still", "dead")
    assert recorded.missing_steps(TABLE.setups["rr"], recorded.read(recorded.SO_FAR)) == ["slow"]


def test_what_needs_no_lab_keeps_the_facts_of_the_others(places: Path) -> None:
    keep("rr", WHOLE["facts"])
    for step, found in experiment.compute(TABLE.setups["plan"]):
        recorded.keep(TABLE.setups["plan"], step, found, None, recorded.SO_FAR)
    assert recorded.read(recorded.SO_FAR)["facts"] == WHOLE["facts"]


def test_a_rate_may_be_a_part_of_the_links_own() -> None:
    profile = load_profile("seed-3g")
    assert experiment.fault_of(profile, "umts6", "rate:0.25x") == "rate:0.5"
    assert experiment.fault_of(profile, "umts6", "rate:3") == "rate:3"
    assert experiment.fault_of(profile, "umts6", "blackhole") == "blackhole"


def test_no_half_page_is_written_and_a_stopped_run_goes_on(places: Path) -> None:
    names = list(TABLE.setups)
    for name in names[:-1]:
        keep(name, WHOLE["facts"])
    assert recorded.missing(TABLE, recorded.read(recorded.SO_FAR)) == names[-1:]
    with pytest.raises(LabError, match=f"not measured yet: {names[-1]}; run make reproduce"):
        recorded.write(TABLE, recorded.SO_FAR)
    assert not recorded.PAGE.exists()
    keep(names[-1], WHOLE["facts"])
    assert recorded.write(TABLE, recorded.SO_FAR).startswith(f"Of {len(TABLE.claims)} claims: ")
    assert recorded.PAGE.read_text() == page.render(TABLE, WHOLE)
    assert not recorded.SO_FAR.exists()


def test_a_part_is_written_only_if_asked_for_and_says_what_is_missing(places: Path) -> None:
    keep("rr", WHOLE["facts"], "still")
    assert "not measured" in recorded.write(TABLE, recorded.SO_FAR, partial=True)
    assert "Not measured." in recorded.PAGE.read_text()
    assert recorded.missing_steps(TABLE.setups["rr"], recorded.read(recorded.SO_FAR)) == ["slow", "dead"]


def test_results_of_two_machines_are_not_mixed(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep("rr", WHOLE["facts"])
    keep("xor", WHOLE["facts"] | {"kernel": "7.0"})
    assert list(recorded.read(recorded.SO_FAR)["setups"]) == ["xor"]
    assert "another kernel" in capsys.readouterr().out


def test_measuring_again_forgets_only_what_was_asked_for(places: Path) -> None:
    recorded.DOCUMENT.parent.mkdir()
    recorded.DOCUMENT.write_text(json.dumps(WHOLE))
    recorded.again(["xor"], TABLE, recorded.SO_FAR)
    assert recorded.missing(TABLE, recorded.read(recorded.SO_FAR)) == ["xor"]
    recorded.again(list(TABLE.setups), TABLE, recorded.SO_FAR)
    assert recorded.missing(TABLE, recorded.read(recorded.SO_FAR)) == list(TABLE.setups)


class Guest:
    """A lab that notes the faults that it is told."""

    def __init__(self) -> None:
        self.faults: dict[str, list[str]] = {"umts1": ["loss:20"], "umts2": []}

    def guest(self, what: str, *words: str) -> str:
        if what == "fault":
            link, fault = words
            self.faults[link] = [] if fault == "clear" else [fault]
        return json.dumps(self.faults)


def test_faults_end_with_the_step_however_it_ends() -> None:
    lab = Guest()
    experiment.clear_faults(lab)
    assert not any(lab.faults.values())
    for error in (LabError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)), experiment.faults_in_force(lab, {"umts3": "blackhole"}):
            assert lab.faults["umts3"] == ["blackhole"]
            raise error
        assert not any(lab.faults.values())


def test_of_a_run_numbers_and_warnings_are_kept() -> None:
    run = {"test": "http_30_down", "goodput_mbit": 9.0, "jain": None, "repeats": [{"warnings": ["a"]}], "title": "t"}
    assert experiment.kept(run) == {"goodput_mbit": 9.0, "warnings": ["a"]}
