# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MPTCP proxy as planned, with HAProxy on a kernel: what goes through it, what a client sees, who may use it."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.proxy_site import (
    CLIENT,
    INNER,
    OTHER_SITE,
    PORT,
    SERVER,
    SERVER_IPV6,
    UNPROXIED,
    ProxySite,
    load_nft,
    proxy_site,
    pump,
    wait_for,
)
from ansible_collections.linkagg.wan.tests.netns.proxy_talk import BODY, body, digest, echo, talk, thousand

VPS = "203.0.113.2"


@pytest.fixture
def site(node: Node, tmp_path: Path) -> Iterator[ProxySite]:
    """Namespaces for all but the gateway, which is the test's own."""
    with proxy_site(node, tmp_path) as found:
        yield found


@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6])
def test_a_connection_goes_over_every_carrier_and_keeps_its_destination(site: ProxySite, host: str) -> None:
    site.build()
    with site.serving("internet", 7000, echo) as came, site.connect(host, 7000) as connection:
        talk(connection)
        assert site.proxied(host)
        wait_for(lambda: {"10.208.0.65", "10.208.0.66"} <= site.subflows())
        assert came == ["2001:db8:113::2" if ":" in host else VPS]
        assert connection.getpeername()[:2] == (host, 7000)


def test_both_ends_use_the_congestion_control_that_was_asked_for(site: ProxySite) -> None:
    """At the concentrator subflows come in, and MPTCP would give them what the listening socket has."""
    known = Path("/proc/sys/net/ipv4")
    asked = "cubic" if (known / "tcp_congestion_control").read_text().strip() == "bbr" else "bbr"
    # bbr is a module, which a test must not load into a machine's kernel; the lab loads it at its start
    if asked not in (known / "tcp_available_congestion_control").read_text().split():
        pytest.skip(f"NOT TESTED: this kernel does not have {asked} ready; the lab's has")
    site.build(congestion_control=asked)
    with site.serving("internet", 7000, echo), site.connect(SERVER, 7000) as connection:
        talk(connection)
        wait_for(lambda: {"10.208.0.65", "10.208.0.66"} <= site.subflows())
        for found in (site.congestion_controls(), site.own_congestion_controls()):
            assert {found[f"10.208.0.{end}"] for end in (65, 66)} == {asked}


def test_all_bytes_arrive_both_ways_whoever_closes_first(site: ProxySite) -> None:
    site.build()
    with site.serving("internet", 7000, body), site.connect(SERVER, 7000) as connection:
        time.sleep(0.5)  # the server has closed before the client reads
        assert pump(connection) == BODY
    with site.serving("internet", 7001, digest), site.connect(SERVER, 7001) as connection:
        got = pump(connection, BODY, half=True)
        assert got[:32] == hashlib.sha256(BODY).digest()
        assert got[32:] == BODY


@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6, "192.0.2.1"])
def test_a_destination_that_refuses_or_cannot_be_reached_looks_so(site: ProxySite, host: str) -> None:
    site.build()
    began = time.monotonic()
    with pytest.raises(ConnectionResetError), site.connect(host, 81) as connection:
        pump(connection)
    assert time.monotonic() - began < 2


def test_what_is_to_bypass_it_does_and_quic_is_turned_away(site: ProxySite) -> None:
    site.build(bypass={"destinations": [UNPROXIED], "ports": [7001]}, quic="reject")
    with site.serving("internet", 7000, echo), site.serving("internet", 7001, echo):
        for host, port in ((UNPROXIED, 7000), (SERVER, 7001)):
            with site.connect(host, port) as connection:
                talk(connection)
                assert not site.proxied(host)
        with site.connect(SERVER, 7000) as connection:
            talk(connection)
            assert site.proxied(SERVER)
    with site.inside("client"):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with udp:
        udp.settimeout(3)
        udp.connect((SERVER, 443))
        udp.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            udp.recv(16)


def test_the_lan_goes_on_without_either_end_and_comes_back(site: ProxySite) -> None:
    site.build()
    wait_for(site.far_is_up)
    with site.serving("internet", 7000, echo):
        site.stop("vps")
        began = time.monotonic()
        with site.connect(SERVER, 7000) as connection:
            talk(connection)
        assert time.monotonic() - began < 3
        with site.connect(SERVER, 7000) as connection:
            talk(connection)
            assert not site.proxied(SERVER)
        site.start("vps")
        wait_for(site.far_is_up)
        with site.connect(SERVER, 7000) as connection:
            talk(connection)
            assert site.proxied(SERVER)
        site.stop("home")
        with site.connect(SERVER, 7000) as beside:
            talk(beside)
            site.start("home")
            talk(beside)  # a connection from before stays where it is


def test_a_carrier_that_dies_silently_breaks_no_connection_and_keeps_no_new_one_waiting(site: ProxySite) -> None:
    site.build()
    with site.serving("internet", 7000, echo), site.connect(SERVER, 7000) as before:
        talk(before)
        wait_for(lambda: {"10.208.0.65", "10.208.0.66"} <= site.subflows())
        with site.inside("vps"):
            ip("link set far1 nomaster")
        began = time.monotonic()
        for _number in range(5):
            with site.connect(SERVER, 7000) as connection:
                talk(connection)
        assert time.monotonic() - began < 1
        for _number in range(20):
            talk(before)


def test_a_connection_whose_first_packets_got_lost_does_not_take_the_others_off_the_carriers(site: ProxySite) -> None:
    site.build()
    wait_for(site.far_is_up)
    with site.serving("internet", 7000, echo):
        with site.inside("vps"):
            load_nft("table ip lossy { chain input { type filter hook input priority -300; tcp flags syn drop; }; }")
        with site.connect(SERVER, 7000) as unlucky:
            time.sleep(2.5)  # three of the gateway's packets are gone, the next one follows after 3 s, as plain TCP
            with site.inside("vps"):
                load_nft("delete table ip lossy")
            talk(unlucky)
        with site.connect(SERVER, 7000) as connection:
            talk(connection)
            wait_for(lambda: {"10.208.0.65", "10.208.0.66"} <= site.subflows())


def test_it_connects_to_nothing_that_is_not_the_internet(site: ProxySite) -> None:
    site.build()
    private = {
        "vps": ["127.0.0.1", "::1", "::ffff:127.0.0.1", VPS, "2001:db8:113::2", INNER, "10.200.0.33", "192.168.2.1"],
        "other": [OTHER_SITE],
        "client": [CLIENT],
    }
    with site.serving("internet", 7000, echo):
        assert site.ask_proxy(SERVER, 7000) == b"?\n"
        assert site.ask_proxy(SERVER_IPV6, 7000) == b"?\n"
    for space, hosts in private.items():
        with site.serving(space, 7000, echo) as came:
            answers = {host: site.ask_proxy(host, 7000) for host in hosts}
            assert answers == dict.fromkeys(hosts, b"")
            assert came == []
    for host in ("169.254.169.254", "10.208.0.129", "10.200.0.66", "0.0.0.0"):
        assert site.ask_proxy(host, 80) == b""


def test_nobody_but_gateways_reaches_it(site: ProxySite) -> None:
    site.build()
    for space in ("stranger", "client", "vps", "other"):
        with pytest.raises(OSError):
            site.ask_proxy(SERVER, 7000, space)
    with site.inside("stranger"), pytest.raises(OSError):
        socket.create_connection((VPS, PORT), timeout=1)
    with site.inside("client"), pytest.raises(OSError):
        socket.create_connection(("192.168.1.1", PORT), timeout=1)
    for address in ("127.0.0.1", "::1"):
        refused, where = contextlib.suppress(ConnectionResetError), (address, PORT)
        with refused, socket.create_connection(where, timeout=1) as asked:
            assert asked.recv(16) == b""
    assert site.socket("home").stat().st_mode & 0o777 == 0o600


def test_a_thousand_connections_at_a_time(site: ProxySite) -> None:
    site.build()
    with thousand(site) as each:
        print(f"kB of HAProxy's memory for a connection: {each}")
        assert max(each.values()) < 64
