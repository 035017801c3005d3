# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From benchmark documents to the report, its table and its page."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab import report, report_text

FACTS = {
    "profile": "seed-3g",
    "capacity": {"down_mbit": 28.5, "up_mbit": 6.0},
    "kernel": "6.12.9+bpo-amd64",
    "accelerator": "tcg",
    "stages_s": {"boot": 12.4, "benchmark": 240.0},
    "links": [{"name": "lte1", "down_mbit": 6, "up_mbit": 1}, {"name": "lte2", "down_mbit": 2, "up_mbit": 1}],
}
SCHEMA = json.loads(Path(report.__file__).with_name("report.schema.json").read_text())


def traffic(test: str, *rates: float, **more: Any) -> dict[str, Any]:
    direction = "up" if test.endswith("_up") else "down"
    repeats = [
        {"goodput_mbit": rate, "started_at": 100.0 * number, "ended_at": 100.0 * number + 8, "warnings": []}
        for number, rate in enumerate(rates)
    ]
    return {
        "test": test, "unit": "Mbit/s", "direction": direction,
        "goodput_mbit": sorted(rates)[len(rates) // 2], "repeats": repeats,
    } | more  # fmt: skip


def pings(test: str, p50: float, p95: float, largest: float) -> dict[str, Any]:
    times = {"p50_ms": p50, "p95_ms": p95, "max_ms": largest}
    return {
        "test": test,
        "unit": "ms",
        "loss_percent": 0.0,
        "repeats": [{"started_at": 1.0, "ended_at": 9.0} | times],
    } | times


def results() -> list[dict[str, Any]]:
    return [
        {
            "method": "balance-rr",
            "runs": [
                traffic("tcp_1_down", 9.6, 9.1, 10.2),
                traffic("udp_down", 21.5, loss_percent=14.2, out_of_order=3000),
                traffic("tcp_1_up", 5.1),
                pings("ping_idle", 84, 121, 180),
            ],
        },
        {"method": "balance-xor", "runs": [traffic("tcp_1_down", 5.0), pings("ping_idle", 80.4, 90, 99.6)]},
    ]


def built() -> dict[str, Any]:
    return report.build_report(FACTS, results())


def test_the_report_follows_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(built(), SCHEMA)


def test_the_schema_refuses_a_run_without_goodput() -> None:
    document = built()
    del document["runs"][0]["goodput_mbit"]
    with pytest.raises(jsonschema.ValidationError, match="goodput_mbit"):
        jsonschema.validate(document, SCHEMA)


def test_share_is_goodput_over_the_summed_link_rates_of_the_direction() -> None:
    runs = {(run["method"], run["test"]): run for run in built()["runs"]}
    assert runs["balance-rr", "tcp_1_down"]["share"] == pytest.approx(9.6 / 28.5, abs=1e-4)
    assert runs["balance-rr", "tcp_1_up"]["share"] == pytest.approx(5.1 / 6, abs=1e-4)
    assert "share" not in runs["balance-rr", "ping_idle"]


def test_with_changing_links_the_share_is_of_what_they_offered_meanwhile() -> None:
    def offered(began: float, ended: float) -> tuple[float, float]:
        assert ended - began == 8
        return (20.0 if began < 50 else 40.0), 3.0

    document = report.build_report(FACTS, results(), capacity_between=offered)
    run = document["runs"][0]
    assert [one["capacity_mbit"] for one in run["repeats"]] == [20, 40, 40]
    assert run["capacity_mbit"] == 40
    assert run["share"] == pytest.approx(10.2 / 40)
    assert report_text.limit(document, "tcp_1_down") == "20.0 to 40.0"
    jsonschema.validate(document, SCHEMA)


def test_ceiling_and_prediction_of_a_method_come_to_its_runs() -> None:
    documents = results()
    documents[0] |= {"ceiling_mbit": {"tcp_1_down": 25.7}, "predicted_mbit": {"tcp_1_down": 9.9}}
    document = report.build_report(FACTS, documents)
    assert (document["runs"][0]["ceiling_mbit"], document["runs"][0]["predicted_mbit"]) == (25.7, 9.9)
    assert "ceiling_mbit" not in document["runs"][2]
    jsonschema.validate(document, SCHEMA)


def test_predictions_follow_what_changing_links_offered() -> None:
    documents = results()
    documents[0] |= {"ceiling_mbit": {"tcp_1_down": 25.65}, "predicted_mbit": {"tcp_1_down": 10.0}}
    run = report.build_report(FACTS, documents, lambda _began, _ended: (14.25, 3.0))["runs"][0]
    assert (run["ceiling_mbit"], run["predicted_mbit"]) == (12.82, 5.0)


def test_a_loaded_ping_is_set_against_the_idle_one_of_the_same_method() -> None:
    documents = results()
    documents[0]["runs"].append(pings("ping_loaded", 100, 210, 300))
    documents[1]["runs"] = [traffic("tcp_1_down", 5.0), pings("ping_loaded", 100, 210, 300)]
    document = report.build_report(FACTS, documents)
    loaded = {run["method"]: run for run in document["runs"] if run["test"] == "ping_loaded"}
    assert loaded["balance-rr"]["over_idle"] == 2.5
    assert "over_idle" not in loaded["balance-xor"]
    jsonschema.validate(document, SCHEMA)
    assert "| - 95 % over idle median | 2.5 times | - |  |" in report_text.markdown(document)


def test_ceiling_prediction_and_fairness_stand_below_what_was_measured() -> None:
    documents = results()
    documents[0] |= {"ceiling_mbit": {"tcp_1_down": 25.7}, "predicted_mbit": {"tcp_1_down": 9.9}}
    documents[1] |= {"ceiling_mbit": {"tcp_1_down": 25.3}}
    documents[0]["runs"].append(traffic("tcp_11_down", 9.4, jain=0.957))
    document = report.build_report(FACTS, documents)
    lines = report_text.markdown(document).splitlines()
    first = lines.index("| 1 TCP download | 9.6 (34 %) | 5.0 (18 %) | 28.5 |")
    assert lines[first + 1] == "| - predicted of ceiling | 9.9 of 25.7 | ? of 25.3 |  |"
    assert "| - fairness (Jain) | 0.96 | - |  |" in lines
    assert report_text.EXPLAINED in report.terminal_table(document)
    assert report_text.EXPLAINED not in report.terminal_table(built())


def test_the_benchmark_documents_are_left_as_they_were() -> None:
    documents = results()
    report.build_report(FACTS, documents, lambda _began, _ended: (1.0, 1.0))
    assert documents == results()


def test_everything_that_is_wrong_is_told_together() -> None:
    facts = {key: value for key, value in FACTS.items() if key != "kernel"} | {
        "capacity": {"down_mbit": 0, "up_mbit": 1}
    }
    with pytest.raises(report.ReportError) as caught:
        report.build_report(facts, [*results(), *results()[:1], {"method": "none", "runs": []}])
    text = str(caught.value)
    for part in (
        "'kernel' is missing",
        "'capacity.down_mbit' is 0",
        "'balance-rr' is given twice",
        "'none' has no runs",
    ):
        assert part in text


def test_the_terminal_table_is_aligned_and_says_what_it_means() -> None:
    text = report.terminal_table(built())
    lines = text.splitlines()
    assert lines[0] == "seed-3g, 2 links: 28.5 Mbit/s down, 6.0 up"
    assert lines[1] == "Linux 6.12.9+bpo-amd64, tcg"
    head = lines[3]
    (row,) = [line for line in lines if line.startswith("1 TCP download")]
    assert row.index("9.6 (34 %)") == head.index("balance-rr")
    assert row.index("5.0 (18 %)") == head.index("balance-xor")
    assert row.index("28.5") == head.index("all links")
    assert "21.5 (75 %), 14 % lost  -" in text
    assert "84 / 121 / 180 ms" in text
    assert "Time: boot 12 s, benchmark 240 s; together 4 min 12 s" in text


def test_http_downloads_are_rows_like_the_others(tmp_path: Path) -> None:
    documents = results()
    documents[0]["runs"].append(traffic("http_30_down", 21.2, jain=0.93, servers=["http://a.example/f"]))
    document = report.build_report(FACTS, documents)
    jsonschema.validate(document, SCHEMA)
    assert "30 HTTP downloads, all mirrors  21.2 (74 %)" in report.terminal_table(document)
    _page, text = page_of(document, tmp_path)
    assert "30 HTTP downloads, all mirrors" in text


def test_markdown_has_the_same_cells() -> None:
    lines = report_text.markdown(built()).splitlines()
    assert "|  | balance-rr | balance-xor | all links |" in lines
    assert "| 1 TCP download | 9.6 (34 %) | 5.0 (18 %) | 28.5 |" in lines


def test_warnings_of_repeats_are_shown_once() -> None:
    documents = results()
    for repeat in documents[0]["runs"][0]["repeats"]:
        repeat["warnings"] = ["try 1 failed and was repeated: busy"]
    text = report.terminal_table(report.build_report(FACTS, documents))
    assert text.count("Note: balance-rr, tcp_1_down: try 1 failed") == 1


class Page(HTMLParser):
    """Counts tags and complains about those left open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += [value for key, value in attrs if key in ("src", "href") and value]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(document: dict[str, Any], directory: Path) -> tuple[Page, str]:
    paths = report.write_report(document, directory)
    text = paths["html"].read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    return page, text


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    page, text = page_of(built(), tmp_path)
    assert page.outside == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == 3
    assert "url(" not in text
    assert "all links 28.5" in text
    assert "best link 6" in text


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    documents = results()
    documents[0]["method"] = '<b onload="x">&'
    _page, text = page_of(report.build_report(FACTS | {"profile": "<i>"}, documents), tmp_path)
    assert "<b onload" not in text
    assert "<i>" not in text


def test_a_page_of_ten_methods_with_repeats_margins_and_nothing_received(tmp_path: Path) -> None:
    documents = [
        {"method": f"m{number}", "runs": [traffic("tcp_1_down", 0.0, 0.0), pings("ping_idle", 0.05, 0.09, 0.2)]}
        | {"ceiling_mbit": {"tcp_1_down": 25.0}, "predicted_mbit": {"tcp_1_down": 20.0}}
        for number in range(10)
    ]
    _page, text = page_of(report.build_report(FACTS, documents), tmp_path)
    assert text.count('class="ceiling"') == 10
    assert "nan" not in text


def test_the_command_line_writes_all_files_and_prints_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "facts.json").write_text(json.dumps(FACTS))
    names = []
    for number, document in enumerate(results()):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(document))
        names.append(str(path))
    assert report.main(["--facts", str(tmp_path / "facts.json"), "--output", str(tmp_path / "out"), *names]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.json", "report.md", "report.html"}
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == built()
    assert "balance-xor" in capsys.readouterr().out


def test_a_wrong_file_ends_the_command_with_a_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        report.main(["--facts", str(tmp_path / "none.json"), "--output", str(tmp_path), str(tmp_path / "none.json")])
    assert caught.value.code == 2
    assert "none.json" in capsys.readouterr().err
