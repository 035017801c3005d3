# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The default against each link alone: profiles that are made, the comparison, and going on where it was stopped."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from lab import expect, job, report, report_alone
from lab.alone import generated, order, processors, run, verdict
from lab.profile import Profile, load_profile
from lab.ui import LabError


def made(name: str, directory: Path) -> Profile:
    path = directory / f"{name}.yml"
    path.write_text(yaml.safe_dump(generated.profile(name)))
    return load_profile(path)


@pytest.mark.parametrize("name", generated.RANDOM)
def test_random_profiles_keep_to_their_bounds_and_can_be_deployed(name: str, tmp_path: Path) -> None:
    profile = made(name, tmp_path)
    assert 2 <= len(profile.links) <= 8
    assert profile.capacity()[0] <= 60.001
    for link in profile.links:
        down, up = link.mean_mbit()
        assert 0.5 <= up <= down <= 30
        assert 5 <= link.delay_ms <= 300
        assert 0 <= link.loss_percent <= 2
    assert expect.expected(profile, job.METHODS["default"])["ceiling_mbit"]


def test_random_profiles_are_the_same_again_and_each_another() -> None:
    assert generated.profile("random-3") == generated.profile("random-3")
    assert len({json.dumps(generated.profile(name)["links"]) for name in generated.RANDOM}) == 10


def test_equal_profiles_have_as_many_links_as_they_say(tmp_path: Path) -> None:
    assert [len(made(name, tmp_path).links) for name in generated.EQUAL] == [1, 2, 4, 8, 12]
    assert made("equal-12", tmp_path).capacity() == (60, 12)


@pytest.mark.parametrize(
    ("name", "there"), [("random-1", True), ("equal-12", True), ("random-0", False), ("equal-3g", False)]
)
def test_names_of_profiles_that_are_made(name: str, there: bool) -> None:
    assert generated.is_generated(name) is there


def test_fast_links_are_measured_first_and_each_says_what_makes_it_needless(tmp_path: Path) -> None:
    profile = made("random-1", tmp_path)
    attempts = order.attempts(profile)
    rates = {link.name: link.mean_mbit() for link in profile.links}
    for side, test in enumerate(order.TESTS):
        links = [one["link"] for one in attempts if one["test"] == test]
        assert sorted(links) == sorted(rates)
        assert [rates[link][side] for link in links] == sorted((rate[side] for rate in rates.values()), reverse=True)
    best, other = (one["beats"] for one in order.attempts(made("equal-2", tmp_path)) if one["test"] == "tcp_1_down")
    assert best == other == pytest.approx(5 * 0.956 * 0.95, abs=0.01)


def test_links_that_play_a_trace_back_are_not_measured_alone() -> None:
    assert order.attempts(load_profile("umts-trace")) == []


def test_a_link_that_was_not_measured_is_none_of_the_best() -> None:
    found = verdict.rows("p", measured(tcp_1_down=12.0, tcp_1_up=1.5), ALONE | {"c": []})
    assert [(row["best_link"], row["links"]) for row in found] == [("b", 3), ("a", 3)]


def measured(**rates: float) -> list[dict[str, Any]]:
    return [{"test": test, "goodput_mbit": rate} for test, rate in rates.items()]


ALONE = {"a": measured(tcp_1_down=5.0, tcp_1_up=1.9), "b": measured(tcp_1_down=9.0, tcp_1_up=0.5)}


def test_the_best_link_is_another_in_each_direction() -> None:
    found = verdict.rows("p", measured(tcp_1_down=12.0, tcp_11_down=8.04, tcp_1_up=1.5), ALONE)
    assert [(row["test"], row["best_link"], row["best_mbit"], row["holds"]) for row in found] == [
        ("tcp_1_down", "b", 9.0, True),
        ("tcp_11_down", "b", 9.0, True),
        ("tcp_1_up", "a", 1.9, False),
    ]
    assert found[0]["times"] == 1.33
    (text,) = verdict.violations(found)
    assert text == "p, tcp_1_up: 1.50 Mbit/s, while link a alone has 1.90 (1.70 less a tunnel and 5 %)"


def test_medians_of_several_runs_count_test_by_test_and_link_by_link() -> None:
    runs = [
        {"default": measured(tcp_1_down=down, tcp_1_up=up), "alone": {"a": measured(tcp_1_down=alone), "b": []}}
        for down, up, alone in ((1.0, 9.0, 5.0), (3.0, 7.0, 2.0), (2.0, 8.0, 4.0))
    ]
    found = verdict.middle(runs)
    assert found == {
        "default": measured(tcp_1_down=2.0, tcp_1_up=8.0),
        "alone": {"a": measured(tcp_1_down=4.0), "b": []},
    }
    assert verdict.middle(runs[:1]) == runs[0]


def test_less_than_a_tunnel_leaves_of_the_best_link_is_a_violation() -> None:
    least = 9.0 * verdict.TUNNEL * verdict.SPREAD
    for rate, holds in ((least + 0.01, True), (least - 0.01, False), (0.0, False)):
        assert verdict.rows("p", measured(tcp_1_down=rate), ALONE)[0]["holds"] is holds


def test_what_the_lab_was_too_busy_for_is_not_decided() -> None:
    for busy, decided in ((0.5, True), (0.97, False)):
        default = [{"test": "tcp_1_down", "goodput_mbit": 3.0, "busy": busy}]
        found = verdict.rows("p", default, ALONE)
        assert bool(verdict.violations(found)) is decided
        assert bool(verdict.undecided(found)) is not decided
    assert "with the lab's processors 97 % busy" in verdict.undecided(found)[0]
    assert "not tested: processors 97 % busy" in report_alone.table(found)
    held = verdict.rows("p", [{"test": "tcp_1_down", "goodput_mbit": 12.0, "busy": 1.0}], ALONE)
    assert verdict.violations(held) + verdict.undecided(held) == []


def test_how_busy_processors_were_in_some_seconds() -> None:
    lines = [f"{100 + second}.5\ncpu  {50 * second} 0 0 {150 * second} 0 0 0 0 0 0\n" for second in range(5)]
    samples = processors.parse("".join(lines) + "105.5\ncpu  1")
    assert len(samples) == 5
    assert processors.busy(samples, 101, 104) == 0.25
    assert processors.busy(samples, 103.6, 104) is None


class Here:
    """This machine as a lab host, without becoming root for it."""

    accelerator = "local"

    def command(self, remote: list[str], tty: bool = False) -> list[str]:
        return remote

    def trouble(self) -> str | None:
        return None

    def rootfs(self) -> str:
        return "/"


def test_processors_are_watched_while_something_runs() -> None:
    with processors.watched(Here()) as samples:
        time.sleep(3.5)
        seen = samples()
    assert len(seen) >= 2
    assert 0 <= (processors.busy(seen, seen[0][0], seen[-1][0]) or 0) <= 1


def kept(directory: Path, name: str, rate: float) -> None:
    (directory / "alone").mkdir(exist_ok=True)
    document = {"profile": name, "default": measured(tcp_1_down=rate), "alone": ALONE}
    (directory / "alone" / f"{name}.json").write_text(json.dumps(document))


def test_what_is_measured_is_not_measured_again_and_a_violation_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "OUT", tmp_path)
    asked: list[str] = []

    def measure(name: str, _where: Path, _seconds: int) -> None:
        asked.append(name)
        kept(tmp_path, name, 3.0)

    monkeypatch.setattr(run, "_measured", measure)
    kept(tmp_path, "random-2", 12.0)
    assert run.run(["random-2"], seconds=5) == 0
    assert asked == []
    assert run.run(["random-2", "seed-3g"], seconds=5) == 1
    assert asked == ["seed-3g"]
    out = capsys.readouterr().out
    assert "SLOWER THAN A LINK ALONE: seed-3g, tcp_1_down: 3.00 Mbit/s, while link b alone has 9.00" in out
    assert run.run(["random-2"], seconds=5, again=True) == 1
    assert [row["profile"] for row in run.rows(tmp_path / "alone")] == ["seed-3g", "random-2"]


def test_a_profile_that_there_is_not_is_told_before_a_lab_starts() -> None:
    assert run.known("random-7") == "random-7"
    with pytest.raises(LabError, match="seed-3h"):
        run.known("seed-3h")


def test_the_table_is_part_of_the_report_in_all_its_forms(tmp_path: Path) -> None:
    runs = [{"test": "tcp_1_down", "unit": "Mbit/s", "direction": "down", "goodput_mbit": 9.6}]
    runs[0]["repeats"] = [{"started_at": 1, "ended_at": 9, "goodput_mbit": 9.6}]
    facts = {"profile": "p", "capacity": {"down_mbit": 28.5, "up_mbit": 6.0}, "kernel": "6", "accelerator": "tcg"}
    document = report.build_report(facts | {"stages_s": {}}, [{"method": "default", "runs": runs}])
    report.write_report(document, tmp_path)
    report.add_to_report({"alone": verdict.rows("random-1", measured(tcp_1_down=12.0, tcp_1_up=1.5), ALONE)}, tmp_path)
    written = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(written, json.loads(Path(report.__file__).with_name("report.schema.json").read_text()))
    assert len(written["alone"]) == 2
    assert "| random-1 | 2 | tcp_1_up | 1.9 (a) | 1.5 | 0.79 | SLOWER |" in (tmp_path / "report.md").read_text()
    assert report_alone.TITLE in (tmp_path / "report.html").read_text()
    assert "random-1  2      tcp_1_down  9.0 (b)" in report.terminal_table(written)


def test_the_playbook_is_given_what_it_asks_for() -> None:
    text = run.PLAYBOOK.read_text()
    for name in ("alone_attempts", "alone_servers", "alone_seconds", "alone_output"):
        assert name in text
        assert f'"{name}"' in Path(run.__file__).read_text()
