# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A measurement from request to run, with programs that only pretend: shell scripts that print recorded outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure import runner
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import TESTS
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError, PassingError

RECORDED = Path(__file__).parent / "recorded"
SERVERS = [Endpoint(f"192.0.2.{n}", 5201) for n in (1, 2, 3)]


class Programs:
    """Stands in for iperf3 and ping: prints the next of the files, the last one again and again."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")
        monkeypatch.setattr(runner, "BUSY_PAUSE_S", 0.01)
        monkeypatch.setattr(runner, "LOAD_MARGIN_S", 0)

    def say(self, program: str, *names: str, seconds: float = 0.3) -> None:
        files = " ".join(str(RECORDED / name) for name in names)
        script = self.directory / program
        script.write_text(
            f'#!/bin/sh\ncalls={self.directory}/{program}.calls\nprintf "%s\\n" "$*" >> $calls\nn=$(wc -l < $calls)\n'
            f'set -- {files}\n[ "$n" -gt $# ] && n=$#\nshift $((n - 1))\nsleep {seconds}\ncat "$1"\n'
        )
        script.chmod(0o755)

    def calls(self, program: str = "iperf3") -> list[str]:
        return (self.directory / f"{program}.calls").read_text().splitlines()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    return Programs(tmp_path, monkeypatch)


def request(**more: object) -> runner.Request:
    settings = {"servers": SERVERS, "duration_s": 1, "warm_up_s": 0, "capacity_mbit": {"down": 10.0, "up": 3.0}}
    return runner.Request(**(settings | {"spare_s": 5, "busy_wait_s": 5} | more))


def test_a_download_becomes_a_run(programs: Programs) -> None:
    programs.say("iperf3", "3.12-tcp_down.json", seconds=0.6)
    run = runner.measure(TESTS["tcp_11_down"], request())
    assert run["goodput_mbit"] == pytest.approx(5.711)
    assert run["share"] == pytest.approx(0.5711)
    assert run["direction"] == "down"
    assert len(run["connections_mbit"]) == 3
    assert 0.9 < run["jain"] < 1
    assert run["ended_at"] - run["started_at"] == pytest.approx(4, abs=0.01)
    assert run["servers"] == ["192.0.2.1 port 5201"]
    assert run["summary"].startswith("11 TCP downloads: 5.7 Mbit/s, 57 % of 10")
    assert "-P 11" in programs.calls()[0]


def test_udp_offers_what_headers_leave_of_the_capacity_of_its_direction(programs: Programs) -> None:
    programs.say("iperf3", "3.12-udp_up.json", seconds=0.6)
    run = runner.measure(TESTS["udp_up"], request())
    assert run["offered_mbit"] == 2.64
    assert run["sent_mbit"] > run["goodput_mbit"] * 0.99
    assert "-b 2640000 " in programs.calls()[0]
    assert run["out_of_order"] is None


def test_udp_without_a_capacity_says_which_option_is_missing() -> None:
    with pytest.raises(MeasureError, match=r"udp_down: .* give capacity\.down_mbit .* or offered_mbit"):
        runner.measure(TESTS["udp_down"], request(capacity_mbit={"up": 1.0}))


def test_no_server_is_refused() -> None:
    with pytest.raises(MeasureError, match="tcp_1_down: no server"):
        runner.measure(TESTS["tcp_1_down"], request(servers=[]))


def test_thirty_connections_go_to_three_servers(programs: Programs) -> None:
    programs.say("iperf3", "3.12-tcp_slices.json", seconds=0.6)
    run = runner.measure(TESTS["tcp_30_down"], request())
    calls = sorted(programs.calls())
    assert [call.split()[1] for call in calls] == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
    assert all("-P 10 " in call and "-O" not in call and "-i 0.5" in call for call in calls)
    assert len(run["connections_mbit"]) == 6
    assert run["ended_at"] - run["started_at"] == pytest.approx(1)
    assert not run["warnings"]


def test_fewer_servers_than_meant_are_a_warning(programs: Programs) -> None:
    programs.say("iperf3", "3.12-tcp_slices.json", seconds=0.6)
    run = runner.measure(TESTS["tcp_30_down"], request(servers=SERVERS[:2]))
    assert run["warnings"] == ["30 connections over 2 instead of 3 servers"]


def test_a_busy_server_is_asked_again(programs: Programs) -> None:
    programs.say("iperf3", "3.12-busy.json", "3.12-busy.json", "3.12-tcp_down.json", seconds=0.6)
    run = runner.measure(TESTS["tcp_1_down"], request())
    assert len(programs.calls()) == 3
    assert run["warnings"] == []


def test_a_server_that_stays_busy_ends_in_an_error(programs: Programs) -> None:
    programs.say("iperf3", "3.12-busy.json", seconds=0)
    with pytest.raises(
        MeasureError, match=r"tcp_1_down: 192\.0\.2\.1 port 5201: .* still is after 0 s; wait for the other test"
    ):
        runner.measure(TESTS["tcp_1_down"], request(busy_wait_s=0))


def test_a_lost_control_connection_is_repeated_and_mentioned(programs: Programs) -> None:
    programs.say("iperf3", "3.12-server_killed.json", "3.12-tcp_down.json", seconds=0.6)
    run = runner.measure(TESTS["tcp_1_down"], request())
    assert "control socket has closed" in run["warnings"][0]
    assert run["goodput_mbit"] == pytest.approx(5.711)


def test_an_unreachable_server_is_an_error_after_the_last_try(programs: Programs) -> None:
    programs.say("iperf3", "3.12-refused.json", seconds=0)
    with pytest.raises(PassingError, match=r"tcp_1_down: 192\.0\.2\.1 port 5201: no iperf3 server answers"):
        runner.measure(TESTS["tcp_1_down"], request(attempts=3))
    assert len(programs.calls()) == 3


def test_a_program_that_hangs_is_killed_and_the_way_suspected(programs: Programs) -> None:
    programs.say("iperf3", "3.12-tcp_down.json", seconds=30)
    with pytest.raises(PassingError, match="did not end within 2 s and was killed; the way to the server is dead"):
        runner.measure(TESTS["tcp_1_down"], request(spare_s=1, attempts=1))


def test_idle_pings_need_no_iperf3(programs: Programs) -> None:
    programs.say("ping", "ping_dup_lossy.txt")
    run = runner.measure(TESTS["ping_idle"], request())
    assert (run["unit"], run["direction"], run["max_ms"]) == ("ms", None, 51.2)
    assert run["load_mbit"] is None
    assert not (programs.directory / "iperf3.calls").exists()


def test_loaded_pings_run_beside_eleven_downloads(programs: Programs) -> None:
    programs.say("iperf3", "3.12-tcp_down.json", seconds=1)
    programs.say("ping", "ping_dup_lossy.txt", seconds=0.2)
    run = runner.measure(TESTS["ping_loaded"], request())
    assert "-P 11 " in programs.calls()[0]
    assert run["load_mbit"] == pytest.approx(5.711)
    assert run["p50_ms"] == pytest.approx(41.2, abs=0.1)


def test_a_load_that_fails_is_the_answer(programs: Programs) -> None:
    programs.say("iperf3", "3.12-refused.json", seconds=0)
    programs.say("ping", "ping_dup_lossy.txt", seconds=0)
    with pytest.raises(PassingError, match=r"ping_loaded: 192\.0\.2\.1 port 5201: no iperf3 server answers"):
        runner.measure(TESTS["ping_loaded"], request(attempts=1, warm_up_s=1))


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MeasureError, match="tcp_1_down: the program 'iperf3' is not on this node; install it"):
        runner.measure(TESTS["tcp_1_down"], request())
