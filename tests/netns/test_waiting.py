# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that wait in an active-backup bond, on a kernel with bonds and WireGuard: both ends as planned, each with its
agent. The preferred link is used as long as it works both ways, and again when it does again."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import ip, own_node
from ansible_collections.linkagg.wan.tests.netns.site import Planned, planned
from ansible_collections.linkagg.wan.tests.netns.test_agent import AGENT, environment

INVENTORY: dict[str, Any] = {
    "concentrators": {"vps": {"address": "203.0.113.2"}},
    "sites": {
        "home": {
            "site_id": 1,
            "lan": {"subnets": ["192.168.1.0/24"]},
            "links": [
                {
                    "name": name,
                    "link_id": number,
                    "interface": f"wan{number}",
                    "address": f"10.0.{number}.2/24",
                    "next_hop": f"10.0.{number}.1",
                }
                for number, name in ((1, "fiber"), (2, "lte"))
            ],
            "bonds": [{"bond_id": 0, "mode": "active-backup", "prefer": ["fiber", "lte"], "arp_interval": 500}],
            "policies": [{"name": "all", "match": {"ports": [443]}, "via": ["agg0", "lte"]}],
        }
    },
}
ENDS = {"home": ("agg0", "leg0-{name}"), "vps": ("agg1-0", "leg1-0-{number}")}
FIBER, LTE = {"name": "fiber", "number": 1}, {"name": "lte", "number": 2}
GIVES_WAY = "default via 10.200.0.33 dev agg0"


class Site:
    """Both ends with their agents. Programs get a /sys of the namespace they are in by ``ip netns exec``."""

    def __init__(self, plan: Planned) -> None:
        self.plan = plan
        self.spaces = {"home": plan.node.name, "vps": plan.far}
        self.agents: dict[str, subprocess.Popen[bytes]] = {}

    def command(self, host: str, verb: str) -> list[str]:
        state = self.plan.node.keys / f"state-{host}"
        inside = ["ip", "netns", "exec", self.spaces[host]]
        return [*inside, sys.executable, "-m", AGENT, "--state-directory", str(state), verb]

    @contextmanager
    def agent(self, host: str) -> Iterator[None]:
        log = self.log(host).open("w")
        process = subprocess.Popen(self.command(host, "watch"), env=environment(), stdout=log, stderr=log)
        self.agents[host] = process
        try:
            yield
            assert process.poll() is None, self.log(host).read_text()
        finally:
            process.terminate()
            process.wait(20)
            log.close()

    def log(self, host: str) -> Path:
        return self.plan.node.keys / f"watch-{host}.log"

    def status(self, host: str) -> str:
        return subprocess.run(self.command(host, "status"), env=environment(), capture_output=True, text=True).stdout

    def bond(self, host: str) -> dict[str, Any]:
        (found,) = ip(f"-n {self.spaces[host]} -j -d link show {ENDS[host][0]}")
        return found["linkinfo"]["info_data"]

    def active(self, link: dict[str, Any]) -> bool:
        """Whether both ends use that link's leg."""
        return all(self.bond(host).get("active_slave") == name.format(**link) for host, (_bond, name) in ENDS.items())

    def heard(self, link: dict[str, Any]) -> list[bool]:
        """Whether each end hears the other on that link's leg."""
        found = []
        for host, (_bond, name) in ENDS.items():
            (leg,) = ip(f"-n {self.spaces[host]} -j -d link show {name.format(**link)}")
            found.append(leg["linkinfo"]["info_slave_data"]["mii_status"] == "UP")
        return found

    def both_heard(self) -> bool:
        return self.active(FIBER) and self.heard(LTE) == [True, True]

    def sent(self, link: dict[str, Any]) -> int:
        """Bytes that the gateway has sent over that link."""
        (found,) = ip(f"-j -s link show wan{link['number']}")
        return found["stats64"]["tx"]["bytes"]


def until(happened: Callable[[], bool], limit_s: float = 40) -> None:
    end = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < end, f"{happened.__name__} did not happen: {ip('-d link show master agg0')}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def running(no_namespaces: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all tests, since it takes longer than any of them."""
    with own_node(no_namespaces, tmp_path_factory.mktemp("waiting")) as node:
        node.needs("veth", "wireguard", "gretap", "bond")
        with planned(node, INVENTORY) as plan, ExitStack() as agents:
            plan.apply()
            site = Site(plan)
            for host in ENDS:
                agents.enter_context(site.agent(host))
            yield site


@pytest.fixture
def site(running: Site) -> Site:
    """The preferred link in use at both ends, the other one waiting and heard."""
    until(running.both_heard)
    return running


@contextmanager
def dead(site: Site, *links: dict[str, Any]) -> Iterator[None]:
    """Links without a word either way, at the modem's far side, so that no carrier is lost here."""
    rules = "".join(f"iifname modem{link['number']} drop; " for link in links)
    outgoing = "".join(f"oifname modem{link['number']} drop; " for link in links)
    table = (
        "table inet dead { "
        f"chain inward {{ type filter hook prerouting priority -300; {rules}}}; "
        f"chain outward {{ type filter hook postrouting priority 300; {outgoing}}}; }}"
    )
    with filtered(site.plan.far, table):
        yield


@contextmanager
def filtered(space: str, table: str) -> Iterator[None]:
    nft = ["ip", "netns", "exec", space, "nft"]
    name = table.split()[2]
    subprocess.run([*nft, "-f", "-"], input=table, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run([*nft, "delete", "table", "inet", name], check=True)


def stays(site: Site, link: dict[str, Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert site.active(link), site.plan.node.name
        time.sleep(0.2)


def test_the_preferred_link_is_used_again_when_it_is_back_and_silence_is_told_meanwhile(site: Site) -> None:
    with dead(site, FIBER):
        until(lambda: site.active(LTE))
        until(lambda: site.heard(FIBER) == [False, False])
        for host, (bond, name) in ENDS.items():
            leg = name.format(**FIBER)
            words = f"leg {leg}: its other end does not answer, and bond {bond} sends nothing over it"
            until(lambda host=host, words=words: words in site.status(host))
            assert name.format(**LTE) not in site.status(host)
        stays(site, LTE, 3)
    mended = time.monotonic()
    until(lambda: site.active(FIBER), 10)
    sys.stdout.write(f"used again {time.monotonic() - mended:.1f} s after it was back\n")
    until(site.both_heard)
    assert "leg" not in site.status("home")
    stays(site, FIBER, 3)


def test_a_link_that_works_one_way_only_is_used_at_neither_end(site: Site) -> None:
    """Else one end would send into it for good: what comes over it the other way is a sign of life to the kernel."""
    with filtered(site.plan.node.name, "table inet oneway { chain inward { type filter hook prerouting priority -300; "
                  "iifname wan1 drop; }; }"):  # fmt: skip
        until(lambda: site.active(LTE))
        until(lambda: site.heard(FIBER) == [False, False])
        stays(site, LTE, 6)
    until(site.both_heard)


def test_a_leg_that_waits_and_dies_is_known_and_comes_back(site: Site) -> None:
    with dead(site, LTE):
        until(lambda: site.heard(LTE) == [False, False])
        assert site.active(FIBER)
    until(site.both_heard)
    ip("link del leg0-lte")
    time.sleep(2)
    assert subprocess.run(site.command("home", "restore"), env=environment(), check=False).returncode == 0
    until(site.both_heard)


def test_policies_pass_over_the_bond_while_no_leg_is_heard(site: Site) -> None:
    def gives_way() -> bool:
        return GIVES_WAY not in ip("route show table 7728")

    assert not gives_way()
    with dead(site, FIBER, LTE):
        until(gives_way)
        assert GIVES_WAY in ip("route show table 7600"), "all other traffic waits for the bond"
        assert "bond agg0: no leg is heard, for " in site.status("home")
    until(lambda: not gives_way())
    until(site.both_heard)
    log = site.log("home").read_text()
    assert "bond agg0: no leg is heard any longer: policies pass over it" in log
    assert "bond agg0: policies use it again" in log


def test_a_leg_that_waits_costs_little(site: Site) -> None:
    process = site.agents["home"].pid
    before, ticks = site.sent(LTE), _ticks(process)
    time.sleep(10)
    sent, ticks = site.sent(LTE) - before, _ticks(process) - ticks
    rate = sent / 10 / 2  # two frames a second
    sys.stdout.write(f"{rate:.0f} bytes a frame, {ticks / 100} s of processor time in 10 s\n")
    assert 100 <= rate <= 150, "108 of a frame in gretap in WireGuard, 14 of the link's own Ethernet, a keepalive"
    assert ticks < 300, "it does not spin"


def _ticks(process: int) -> int:
    fields = re.sub(r".*\) ", "", Path(f"/proc/{process}/stat").read_text()).split()
    return int(fields[11]) + int(fields[12])
