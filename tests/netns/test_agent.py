# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent brings a node back in a namespace that knows nothing, as after a restart: no Ansible, the real kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, enter, ip, leg

AGENT = "ansible_collections.linkagg.wan.plugins.module_utils._agent.cli"
TABLE = 'table inet linkagg { chain forward { type filter hook forward priority 0; oifname "leg0" accept; }; }'
ROUTING: dict[str, Any] = {
    "links": [{"interface": f"wan{n}", "addresses": [f"10.0.{n}.2/24"]} for n in (1, 2)],
    "routes": [
        *({"destination": "default", "via": f"10.0.{n}.1", "device": f"wan{n}", "table": 7600 + n} for n in (1, 2)),
        {"destination": "default", "type": "blackhole", "table": 7601, "metric": 65535},
        {"destination": "10.9.0.0/16", "device": "leg0"},
        {"destination": "fd00:9::/32", "device": "leg0"},
    ],
    "rules": [
        {"priority": 7601, "fwmark": 30209, "table": 7601},
        {"priority": 7602, "from": "10.0.2.2", "table": 7602},
    ],
}


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **more}


def agent(node: Node, verb: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", AGENT, "--state-directory", str(node.state), verb]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), timeout=60)


def plug(*numbers: int) -> None:
    for number in numbers:
        ip(f"link add wan{number} type veth peer name modem{number}")
        ip(f"link set modem{number} up")


def restart(node: Node) -> None:
    """All state of the kernel goes, the files stay."""
    subprocess.run(["ip", "netns", "del", node.name], check=True)
    subprocess.run(["ip", "netns", "add", node.name], check=True)
    enter(f"/run/netns/{node.name}")
    ip("link set lo up")


def shown() -> str:
    """All that the collection makes, as the kernel's own tools show it, without what differs from boot to boot."""
    links = [
        {key: link.get(key) for key in ("ifname", "mtu", "ifalias", "linkinfo", "operstate")}
        for link in ip("-j -d link")
        if link["ifname"].startswith("leg")
    ]
    addresses = [(link["ifname"], address["local"]) for link in ip("-j -4 addr") for address in link["addr_info"]]
    tables = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    routes = "".join(ip("-4 route show table all proto 76") + ip("-6 route show table all proto 76") + ip("rule"))
    return f"{links}\n{addresses}\n{routes}\n{tables}"


@pytest.fixture
def home(node: Node) -> Node:
    """A node with everything that this machine's kernel can have, and all of it saved."""
    node.needs("vxlan", "veth")
    plug(1, 2)
    for name, arguments in (
        ("nft_table", {"content": TABLE}),
        ("tunnels", {"tunnels": [leg("vxlan"), leg("vxlan", "leg1", vni=514)]}),
        ("link_routes", ROUTING),
    ):
        result = node.module(name, persist=True, **arguments)
        assert "msg" not in result, result["msg"]
    return node


def test_a_node_that_restarts_comes_back_whole(home: Node) -> None:
    before = shown()
    assert agent(home, "status").stdout == "all that is saved is there (nft_table 1, tunnels 2, link_routes 9)\n"
    restart(home)
    plug(1, 2)
    assert shown() != before
    assert agent(home, "status").returncode == 1
    assert shown() != before, "status changes nothing"
    done = agent(home, "restore")
    assert (done.returncode, done.stderr) == (0, "")
    assert shown() == before
    again = agent(home, "restore")
    assert again.stdout == "all that is saved is there (nft_table 1, tunnels 2, link_routes 9)\n"


def test_the_next_run_of_the_modules_finds_nothing_to_do(home: Node) -> None:
    restart(home)
    plug(1, 2)
    agent(home, "restore")
    assert home.module("link_routes", persist=True, purge=True, **ROUTING)["steps"] == []
    tunnels = [leg("vxlan"), leg("vxlan", "leg1", vni=514)]
    assert home.module("tunnels", persist=True, purge=True, tunnels=tunnels)["steps"] == []
    assert home.module("nft_table", persist=True, content=TABLE)["steps"] == []


def test_a_damaged_file_is_named_and_the_rest_comes_back(home: Node) -> None:
    path = home.state / "tunnels.json"
    path.write_bytes(path.read_bytes()[:-20])
    restart(home)
    plug(1, 2)
    done = agent(home, "restore")
    assert done.returncode == 1
    assert f"{path} is not used, it is cut off" in done.stdout
    assert "route 10.9.0.0/16 dev leg0: leg0 does not exist" in done.stdout
    assert "default via 10.0.1.1" in ip("route show table 7601")


KILLED = """
import os, signal, sys
from ansible_collections.linkagg.wan.plugins.module_utils._agent.cli import main
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel
apply, left = NetlinkKernel.apply, [int(sys.argv[2])]
def mortal(*arguments, **options):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    apply(*arguments, **options)
NetlinkKernel.apply = mortal
sys.exit(main(["--state-directory", sys.argv[1], "restore"]))
"""


def test_a_restore_killed_between_any_two_steps_is_completed_by_the_next(home: Node) -> None:
    before = shown()
    for steps in range(11):
        restart(home)
        plug(1, 2)
        command = [sys.executable, "-c", KILLED, str(home.state), str(steps)]
        done = subprocess.run(command, capture_output=True, check=False, env=environment(), timeout=60)
        assert done.returncode == -signal.SIGKILL, f"only {steps} steps: {done.stderr.decode()}"
        assert agent(home, "restore").returncode == 0
        assert shown() == before, steps
    restart(home)
    plug(1, 2)
    command = [sys.executable, "-c", KILLED, str(home.state), str(steps + 1)]
    assert subprocess.run(command, check=False, env=environment(), timeout=60).returncode == 0, "steps not tried"


@contextmanager
def watching(node: Node, ended: signal.Signals = signal.SIGKILL) -> Iterator[socket.socket]:
    """The agent as a service, until a signal ends it; yields where it notifies systemd."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    (node.keys / "notify").unlink(missing_ok=True)
    ear.bind(str(node.keys / "notify"))
    ear.settimeout(20)
    command = [sys.executable, "-m", AGENT, "--state-directory", str(node.state), "watch"]
    log = (node.keys / "watch.log").open("w")
    process = subprocess.Popen(
        command, env=environment(NOTIFY_SOCKET=str(node.keys / "notify")), stdout=log, stderr=log
    )
    node.watcher = process.pid
    try:
        yield ear
        assert process.poll() is None, Path(log.name).read_text()
        process.send_signal(ended)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        log.close()
        ear.close()


def notices(ear: socket.socket, wanted: str) -> None:
    """Wait until systemd is told that."""
    heard = []
    while not heard or wanted not in heard[-1]:
        heard.append(ear.recv(4096).decode())


def appears(route: str, limit_s: float = 10) -> None:
    end = time.monotonic() + limit_s
    while route not in ip("route show table all"):
        assert time.monotonic() < end, f"{route} not in: {ip('route show table all')}"
        time.sleep(0.1)


def test_the_service_is_ready_at_once_and_completes_a_late_modem(home: Node) -> None:
    restart(home)
    plug(1, 2)
    with watching(home) as ear:
        notices(ear, "READY=1")
        ip("link del wan2")
        notices(ear, "wan2 has gone")
        plug(2)
        appears("default via 10.0.2.1 dev wan2 table 7602")
        ip("link set wan2 down")
        time.sleep(1.5)
        assert "via 10.0.2.1" not in ip("route show table all"), "who sets it down is not fought"
        ip("link set wan2 up")
        appears("default via 10.0.2.1 dev wan2 table 7602")
        ip("link del leg1")
        time.sleep(1.5)
        assert "leg1" not in ip("-br link"), "who removes it is not fought"


def test_a_modem_that_never_comes_holds_the_boot_up_for_ten_seconds_and_no_other_link(home: Node) -> None:
    restart(home)
    plug(1)
    started = time.monotonic()
    with watching(home) as ear:
        appears("default via 10.0.1.1 dev wan1 table 7601", limit_s=8)
        notices(ear, "READY=1")
        assert 9 < time.monotonic() - started < 15


def test_a_lease_that_comes_late_completes_its_routes(node: Node) -> None:
    node.needs("veth")
    plug(1)
    ip("addr add 10.0.1.2/24 dev wan1")
    ip("link set wan1 up")
    ip("route add default via 10.0.1.1 dev wan1 metric 100")
    route = {"destination": "default", "via": "learn", "device": "wan1", "table": 7601}
    node.module("link_routes", persist=True, links=[{"interface": "wan1"}], routes=[route])
    restart(node)
    plug(1)
    with watching(node) as ear:
        notices(ear, "no next hop learnt from wan1 yet")
        ip("addr add 10.0.7.2/24 dev wan1")
        ip("route add default via 10.0.7.1 dev wan1 metric 100")
        appears("default via 10.0.7.1 dev wan1 table 7601")
        notices(ear, "READY=1")


def test_modules_wait_for_the_agent_and_it_for_them(home: Node) -> None:
    holder = "import time; from ansible_collections.linkagg.wan.plugins.module_utils._persist.lock import locked\n"
    holder += "with locked(): print(1, flush=True); time.sleep(1)"
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    process.stdout.readline()
    assert agent(home, "restore").returncode == 0
    assert time.monotonic() - started > 1
    process.wait()
    process.stdout.close()


def test_verbs_that_there_are_not_are_answered_with_those_that_there_are(node: Node) -> None:
    done = agent(node, "fly")
    assert done.returncode == 2
    assert "restore  bring back" in done.stderr
    assert agent(node, "help").returncode == 0
