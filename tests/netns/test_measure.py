# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real iperf3 and ping between two network namespaces: 20 Mbit/s towards the client, 5 Mbit/s from it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CLIENT = "10.77.0.1"
SERVERS = ["10.77.0.2", "10.77.0.3", "10.77.0.4"]
CAPACITY = {"down_mbit": 20, "up_mbit": 5}
COLLECTION = Path(__file__).resolve().parents[2]


def missing() -> str:
    """What this machine lacks for these tests, or nothing."""
    programs = [name for name in ("ip", "tc", "iperf3", "ping", "ansible-playbook") if not tool(name)]
    if programs:
        return f"programs not installed: {', '.join(programs)}"
    name = f"probe{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        return f"no network namespaces here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


def tool(name: str) -> str | None:
    """The program, preferably the one of the running Python's environment."""
    return shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin")


MISSING = missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"NOT TESTED: measuring between namespaces: {MISSING}")


@dataclass(frozen=True)
class Lab:
    """Two namespaces joined by a veth pair, shaped both ways."""

    client: str
    server: str
    directory: Path
    collections: Path

    def command(self, namespace: str, name: str) -> list[str]:
        module = f"ansible_collections.linkagg.wan.plugins.modules.{name}"
        return ["ip", "netns", "exec", namespace, sys.executable, "-m", module]

    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": f"{self.collections}:{os.environ.get('PYTHONPATH', '')}"}

    def module(self, namespace: str, name: str, **options: Any) -> dict[str, Any]:
        """Run a module of the collection in a namespace, as Ansible does; its result."""
        arguments = self.directory / f"{name}.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        words = [*self.command(namespace, name), str(arguments)]
        ran = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False, env=self.environment())
        assert ran.stdout, ran.stderr
        return json.loads(ran.stdout)

    def measure(self, *tests: str, **options: Any) -> dict[str, Any]:
        settings = {"servers": SERVERS, "duration_s": 2, "warm_up_s": 1, "capacity": CAPACITY}
        return self.module(self.client, "measure", tests=list(tests), **(settings | options))

    def servers(self, **options: Any) -> dict[str, Any]:
        return self.module(
            self.server, "measure_servers", servers=SERVERS, directory=str(self.directory / "run"), **options
        )

    def processes(self, namespace: str) -> list[str]:
        return subprocess.run(
            ["ip", "netns", "pids", namespace], capture_output=True, text=True, check=True
        ).stdout.split()


def collection_parent(directory: Path) -> Path:
    """A directory from which `ansible_collections.linkagg.wan` is this checkout, wherever that lies."""
    link = directory / "ansible_collections" / "linkagg" / "wan"
    link.parent.mkdir(parents=True)
    link.symlink_to(COLLECTION)
    return directory


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    collections = collection_parent(tmp_path_factory.mktemp("collections"))
    one = Lab(f"mc{os.getpid()}", f"ms{os.getpid()}", tmp_path_factory.mktemp("measure"), collections)
    addresses = "".join(f"ip -n {one.server} addr add {address}/24 dev v1\n" for address in SERVERS)
    try:
        subprocess.run(
            ["sh", "-e", "-c", f"""
ip netns add {one.client}; ip netns add {one.server}
# What is in the sockets of a server that ends still goes out: little, so that its connections break off soon.
ip netns exec {one.server} sysctl -q -w 'net.ipv4.tcp_wmem=4096 65536 131072'
ip link add v0 netns {one.client} type veth peer name v1 netns {one.server}
ip -n {one.client} addr add {CLIENT}/24 dev v0
ip -n {one.client} addr add fd77::1/64 dev v0 nodad; ip -n {one.server} addr add fd77::2/64 dev v1 nodad
{addresses}
for n in {one.client} {one.server}; do ip -n $n link set lo up; done
ip netns exec {one.server} sysctl -qw net.ipv6.conf.v1.keep_addr_on_down=1
ip -n {one.client} link set v0 up; ip -n {one.server} link set v1 up
ip netns exec {one.server} tc qdisc add dev v1 root tbf rate 20mbit burst 20kb latency 80ms
ip netns exec {one.client} tc qdisc add dev v0 root tbf rate 5mbit burst 20kb latency 80ms
"""], check=True)  # fmt: skip
        yield one
    finally:
        for name in (one.client, one.server):
            for number in one.processes(name):
                os.kill(int(number), 9)
            subprocess.run(["ip", "netns", "del", name], check=False)


@pytest.fixture
def served(lab: Lab) -> Iterator[Lab]:
    result = lab.servers()
    assert result["changed"], result
    yield lab
    assert lab.servers(state="absent")["after"] == []


def runs(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert not result.get("failed"), result
    assert result["changed"] is False
    return {run["test"]: run for run in result["runs"]}


def test_servers_are_started_once_and_only_ours_are_stopped(lab: Lab) -> None:
    assert lab.servers(_ansible_check_mode=True)["changed"]
    assert lab.processes(lab.server) == []
    first = lab.servers()
    assert (first["changed"], first["before"], len(first["after"])) == (True, [], 3)
    assert len(lab.processes(lab.server)) == 3
    assert lab.servers()["changed"] is False
    other = subprocess.Popen(
        ["ip", "netns", "exec", lab.server, "iperf3", "-s", "-p", "5300"], stdout=subprocess.DEVNULL
    )
    try:
        time.sleep(0.5)
        taken = lab.module(
            lab.server, "measure_servers", servers=["10.77.0.2:5300"], directory=str(lab.directory / "run")
        )
        assert taken["failed"]
        assert "10.77.0.2 port 5300: another program listens there" in taken["msg"]
        stopped = lab.servers(state="absent")
        assert (stopped["changed"], stopped["after"]) == (True, [])
        assert lab.processes(lab.server) == [str(other.pid)]
    finally:
        other.kill()
        other.wait()
    assert lab.servers(state="absent")["changed"] is False
    assert list((lab.directory / "run").iterdir()) == []


def test_servers_elsewhere_are_left_out_unless_all_are(lab: Lab) -> None:
    here = {"directory": str(lab.directory / "run"), "_ansible_check_mode": True}
    some = lab.module(lab.server, "measure_servers", servers=["10.77.0.2", "192.0.2.1"], **here)
    assert some["elsewhere"] == ["192.0.2.1 port 5201"]
    none = lab.module(lab.server, "measure_servers", servers=["192.0.2.1"], **here)
    assert "none of 192.0.2.1 is an address of this node" in none["msg"]


def test_tcp_and_udp_find_the_rates_of_the_link(served: Lab) -> None:
    began = time.time()
    found = runs(served.measure("tcp_1_down", "udp_down", "tcp_1_up", "udp_up"))
    # TCP may exceed the link a little on a busy machine: what waited in the socket at the start is counted.
    assert 16 < found["tcp_1_down"]["goodput_mbit"] < 23
    assert 16.5 < found["udp_down"]["goodput_mbit"] < 17.7
    assert found["udp_down"]["offered_mbit"] == pytest.approx(17.6)
    assert found["udp_down"]["loss_percent"] < 5
    assert found["udp_down"]["out_of_order"] == 0
    assert 3 < found["tcp_1_up"]["goodput_mbit"] < 6
    assert 4.1 < found["udp_up"]["goodput_mbit"] < 4.5
    for run in found.values():
        assert began < run["started_at"] < run["ended_at"] < time.time()
        assert run["share"] == pytest.approx(run["goodput_mbit"] / (5 if run["direction"] == "up" else 20), abs=1e-3)


def test_too_much_udp_is_lost_and_the_goodput_is_what_arrived(served: Lab) -> None:
    shape = "tc qdisc change dev v1 root tbf rate 20mbit burst 20kb latency"
    enter = ["ip", "netns", "exec", served.server]
    # A queue longer than a socket's buffer would slow the sender down instead of losing packets.
    subprocess.run([*enter, *shape.split(), "10ms"], check=True)
    try:
        run = runs(served.measure("udp_down", offered_mbit=40))["udp_down"]
    finally:
        subprocess.run([*enter, *shape.split(), "80ms"], check=True)
    assert 18 < run["goodput_mbit"] < 20
    assert 40 < run["loss_percent"] < 60


def test_three_clients_at_once_do_not_exceed_the_link(served: Lab) -> None:
    """Their averages do, when the first has the link for itself while the last still connects."""
    run = runs(served.measure("tcp_30_down"))["tcp_30_down"]
    assert len(run["connections_mbit"]) == 30
    assert 15 < run["goodput_mbit"] < 23
    assert run["servers"] == [f"{address} port 5201" for address in SERVERS]


def test_pings_are_longer_beside_downloads(served: Lab) -> None:
    found = runs(served.measure("ping_idle", "ping_loaded"))
    assert found["ping_idle"]["p95_ms"] < 20
    assert found["ping_loaded"]["p50_ms"] > 20
    assert found["ping_loaded"]["load_mbit"] > 15


def test_no_server_is_a_clear_error(lab: Lab) -> None:
    result = lab.measure("tcp_1_down", attempts=1)
    assert result["failed"]
    assert result["msg"].startswith("tcp_1_down: 10.77.0.2 port 5201: no iperf3 server answers")


def test_a_busy_server_is_waited_for(served: Lab) -> None:
    words = ["ip", "netns", "exec", served.client, "iperf3", "-c", SERVERS[0], "-t", "3"]
    other = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    time.sleep(0.5)
    result = served.measure("udp_up", busy_wait_s=0)
    assert "busy" in result["msg"]
    assert runs(served.measure("udp_up"))["udp_up"]["goodput_mbit"] > 4
    other.wait()


def test_a_way_that_dies_ends_in_time_with_nothing_left_behind(served: Lab) -> None:
    killer = subprocess.Popen(["sh", "-c", f"sleep 2; ip -n {served.server} link set v1 down"])
    began = time.monotonic()
    try:
        result = served.measure("tcp_1_down", duration_s=3, spare_s=2, attempts=1)
        assert time.monotonic() - began < 20
        assert "did not end within 6 s and was killed; the way to the server is dead" in result["msg"]
        assert served.processes(served.client) == []
    finally:
        killer.wait()
        subprocess.run(["ip", "-n", served.server, "link", "set", "v1", "up"], check=True)


def test_ending_the_module_ends_its_programs(served: Lab) -> None:
    arguments = served.directory / "ended.json"
    options = {"tests": ["tcp_30_down"], "servers": SERVERS}
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    words = [*served.command(served.client, "measure"), str(arguments)]
    module = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=served.environment())
    deadline = time.monotonic() + 10
    while len(served.processes(served.client)) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(served.processes(served.client)) == 4
    module.terminate()
    assert module.wait(timeout=10) == 143
    assert served.processes(served.client) == []


def test_ipv6_works_as_well(lab: Lab) -> None:
    servers = ["[fd77::2]:5205"]
    directory = str(lab.directory / "run")
    started = lab.module(lab.server, "measure_servers", servers=servers, directory=directory)
    assert started["after"] == ["fd77::2 port 5205"]
    found = runs(lab.measure("tcp_1_up", "ping_idle", servers=servers, duration_s=1, warm_up_s=0))
    assert found["tcp_1_up"]["goodput_mbit"] > 3
    assert found["ping_idle"]["loss_percent"] == 0
    assert lab.module(lab.server, "measure_servers", servers=servers, directory=directory, state="absent")["changed"]


@contextmanager
def web(lab: Lab, *addresses: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A web server on each address, with `big.bin` of 20 MB and an empty file."""
    home = lab.directory / "web"
    home.mkdir(exist_ok=True)
    (home / "empty").touch()
    with (home / "big.bin").open("wb") as file:
        file.truncate(20_000_000)
    words = ["ip", "netns", "exec", lab.server, sys.executable, "-m", "http.server", "-d", str(home)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    servers = [subprocess.Popen([*words, "-b", address, "80"], **quiet) for address in addresses]
    try:
        deadline = time.monotonic() + 10
        listening = ["ip", "netns", "exec", lab.server, "ss", "-Hltn", "sport = :80"]
        while time.monotonic() < deadline:
            found = subprocess.run(listening, capture_output=True, text=True, check=True).stdout.splitlines()
            if len(found) == len(addresses):
                break
            time.sleep(0.1)
        yield servers
    finally:
        for one in servers:
            one.kill()
            one.wait()


URLS = [f"http://{address}/big.bin" for address in SERVERS]


def test_downloads_from_web_servers_find_the_rate_of_the_link(lab: Lab) -> None:
    with web(lab, *SERVERS):
        result = lab.measure("http_1_down", "http_11_down", "http_30_down", "ping_idle", servers=[], urls=URLS)
    found = runs(result)
    for name, count in (("http_1_down", 1), ("http_11_down", 11), ("http_30_down", 30)):
        assert 16 < found[name]["goodput_mbit"] < 23, found[name]
        assert len(found[name]["connections_mbit"]) == count
        assert found[name]["share"] == pytest.approx(found[name]["goodput_mbit"] / 20, abs=1e-3)
    assert found["http_1_down"]["servers"] == URLS[:1]
    assert found["http_30_down"]["servers"] == URLS
    assert found["ping_idle"]["servers"] == SERVERS[:1]


def test_a_mirror_that_is_dead_or_dies_is_said_and_the_others_go_on(lab: Lab) -> None:
    with web(lab, *SERVERS[:2]) as servers:
        killer = threading.Timer(4.5, servers[1].kill)
        killer.start()
        run = runs(lab.measure("http_30_down", servers=[], urls=URLS, duration_s=4, warm_up_s=3))["http_30_down"]
        killer.join()
    assert len(run["connections_mbit"]) == 20
    assert 14 < run["goodput_mbit"] < 23
    assert run["warnings"][0] == (
        "10 of 30 connections did not come about: http://10.77.0.4/big.bin: no web server listens on 10.77.0.4 port 80"
        " (connection refused); start one, or check the port"
    )
    assert any("broke off" in warning and "http://10.77.0.3/big.bin" in warning for warning in run["warnings"][1:])


def test_downloads_leave_by_the_device_that_was_asked_for(lab: Lab) -> None:
    with web(lab, SERVERS[0]):
        by_lo = lab.measure("http_1_down", servers=[], urls=URLS[:1], device="lo", attempts=1)
        assert "http_1_down: http://10.77.0.2/big.bin: " in by_lo["msg"]
        run = runs(lab.measure("http_1_down", servers=[], urls=URLS[:1], device="v0", source=CLIENT))["http_1_down"]
        assert run["goodput_mbit"] > 16


SERVERS_HINT = "give at least one in 'servers' (of the role: benchmark_server_addresses)"


def test_everything_that_is_wrong_with_tests_is_said_before_any_is_run(lab: Lab) -> None:
    result = lab.measure("http_1_down", "tcp_1_down", "udp_up", servers=[], capacity=None, _ansible_check_mode=True)
    assert result["msg"].splitlines() == [
        "http_1_down: no file to download; give at least one in 'urls' (of the role: benchmark_urls)",
        "tcp_1_down: no server to measure against; " + SERVERS_HINT,
        "udp_up: no server to measure against; " + SERVERS_HINT,
    ]


def test_the_playbook_starts_servers_measures_writes_and_stops(lab: Lab) -> None:
    hosts = {}
    for group, name, namespace in (
        ("benchmark_clients", "client", lab.client),
        ("benchmark_servers", "internet", lab.server),
    ):
        python = lab.directory / f"python-{name}"
        python.write_text(f'#!/bin/sh\nexec ip netns exec {namespace} {sys.executable} "$@"\n')
        python.chmod(0o755)
        hosts[group] = {"hosts": {name: {"ansible_connection": "local", "ansible_python_interpreter": str(python)}}}
    output = lab.directory / "result.json"
    hosts["all"] = {
        "vars": {
            "benchmark_server_addresses": SERVERS,
            "benchmark_urls": [*URLS, "http://10.77.0.2/nothing"],
            "benchmark_tests": ["tcp_1_down", "ping_idle", "http_30_down"],
            "benchmark_repeats": 2,
            "benchmark_duration_s": 1,
            "benchmark_capacity": CAPACITY,
            "benchmark_method": "veth",
            "benchmark_output": output.name,
            "benchmark_warm_up_s": 0,
        }
    }
    inventory = lab.directory / "inventory.json"
    inventory.write_text(json.dumps(hosts))
    words = [tool("ansible-playbook"), "-i", str(inventory), "linkagg.wan.benchmark"]
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(lab.collections), "ANSIBLE_NOCOLOR": "1"}
    with web(lab, *SERVERS):
        ran = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=os.environ | settings | {"PWD": str(lab.directory)},
            cwd=lab.directory,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Measure tcp_1_down, run 2 of 2" in ran.stdout
    assert "1 TCP download: " in ran.stdout
    assert "connections did not come about: http://10.77.0.2/nothing: the server answered 404" in ran.stdout
    document = json.loads(output.read_text())
    assert document["method"] == "veth"
    tests = [(run["test"], len(run["repeats"])) for run in document["runs"]]
    assert tests == [("tcp_1_down", 2), ("ping_idle", 2), ("http_30_down", 2)]
    assert 8 < document["runs"][0]["goodput_mbit"] < 24
    assert lab.processes(lab.server) == lab.processes(lab.client) == []
