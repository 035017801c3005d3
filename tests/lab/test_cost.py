# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs: out of the kernel's counters, and as a part of the report; connections that are held are held."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema

from lab import report, report_cost
from lab.cost import figures, hold
from lab.cost.figures import Counters


def counters(at: float, busy: float, gateway: float = 0, concentrator: float = 0, free: int = 0) -> Counters:
    ends = {"gateway": gateway, "concentrator": concentrator}
    return Counters(at, busy, ends, {node: round(1000 * seconds) for node, seconds in ends.items()}, free)


def test_busy_is_all_but_idle_and_waiting_for_disks() -> None:
    stat = "cpu  100 20 30 4000 500 6 7 80 9 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert figures.busy_s(stat) == 1.63
    assert figures.busy_s(Path("/proc/stat").read_text()) > 0


def test_a_process_is_read_whatever_its_name_is() -> None:
    assert figures.process_s("42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0") == 4.0
    assert figures.process_s("") == 0
    before = figures.process_s(Path("/proc/self/stat").read_text())
    sum(range(3_000_000))
    assert before <= figures.process_s(Path("/proc/self/stat").read_text()) < before + 60


def test_kilobytes_of_a_line_that_is_not_there_are_none() -> None:
    assert figures.kilobytes("VmPeak: 7 kB\nVmRSS:\t 1234 kB\n", "VmRSS") == 1234
    assert figures.kilobytes("", "VmRSS") == 0


def test_what_the_idle_machine_takes_is_not_counted() -> None:
    idle = (counters(0, 10), counters(10, 11))
    load = (counters(100, 20, 1, 2), counters(110, 25, 1.5, 3))
    found = figures.per_gb("proxy", idle, load, 50_000_000, 44.4e6)
    assert found == {
        "method": "proxy",
        "goodput_mbit": 44.4,
        "cpu_s_per_gb": 80,
        "haproxy_s_per_gb": {"gateway": 10, "concentrator": 20},
    }


COST = {
    "profile": "seed-3g",
    "traffic": [{"method": "one link", "goodput_mbit": 5.4, "cpu_s_per_gb": 81.2}
                | {"haproxy_s_per_gb": {"gateway": 0, "concentrator": 0}}],
    "connections": figures.per_connection(1000, 3.14, counters(0, 0, 8, 9, 900_000), counters(1, 1, 58, 39, 800_000)),
}  # fmt: skip


def test_memory_is_told_per_connection() -> None:
    assert COST["connections"]["haproxy_kb"] == {"gateway": 50, "concentrator": 30}
    text = report_cost.table(COST)
    assert "one link  5.4     81" in text
    assert (
        "1000 connections at once through the proxy, open after 3 s: 50 kB each of HAProxy at the gateway, 30" in text
    )
    assert "100 kB of the whole lab host" in text


def test_it_is_part_of_the_report_in_all_its_forms(tmp_path: Path) -> None:
    runs: list[dict[str, Any]] = [{"test": "tcp_1_down", "unit": "Mbit/s", "direction": "down", "goodput_mbit": 9.6}]
    runs[0]["repeats"] = [{"started_at": 1, "ended_at": 9, "goodput_mbit": 9.6}]
    facts = {"profile": "p", "capacity": {"down_mbit": 28.5, "up_mbit": 6.0}, "kernel": "6", "accelerator": "tcg"}
    report.write_report(report.build_report(facts | {"stages_s": {}}, [{"method": "m", "runs": runs}]), tmp_path)
    report.add_to_report({"cost": COST}, tmp_path)
    written = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(written, json.loads(Path(report.__file__).with_name("report.schema.json").read_text()))
    assert "| one link | 5.4 | 81 | 0 | 0 |" in (tmp_path / "report.md").read_text()
    assert report_cost.TITLE in (tmp_path / "report.html").read_text()
    assert report_cost.TITLE in report.terminal_table(written)


def listening(port: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(port)), 1).close()
    except OSError:
        return False
    return True


def test_so_many_connections_are_opened_answered_and_held_until_the_input_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    server = subprocess.Popen([sys.executable, hold.__file__, "serve", port])
    try:
        end = time.monotonic() + 20
        while not listening(port) and time.monotonic() < end:
            time.sleep(0.1)
        words = [sys.executable, hold.__file__, "open", "127.0.0.1", port, "30"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            assert client.stdin is not None
            assert client.stdout.readline().split()[0] == "30"
            assert len(os.listdir(f"/proc/{client.pid}/fd")) > 30
            client.stdin.close()
            assert client.wait(10) == 0
    finally:
        server.kill()
        server.wait(10)
