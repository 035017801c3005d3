# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy over the relay as planned, with HAProxy and nftables on a kernel: all between a client and its server."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.proxy_site import (
    INNER,
    SERVER,
    SERVER_IPV6,
    ProxySite,
    proxy_site,
    pump,
    wait_for,
)
from ansible_collections.linkagg.wan.tests.netns.proxy_talk import BODY, body, digest, echo, talk, thousand


@pytest.fixture
def site(node: Node, tmp_path: Path) -> Iterator[ProxySite]:
    """Built, with lanes that are up."""
    with proxy_site(node, tmp_path) as found:
        found.build(transport="relay")
        wait_for(lambda: found.far_is_up("relay"))
        yield found


def goes_by_relay(site: ProxySite) -> bool:
    """Whether HAProxy of the concentrator has a connection of its own node, and none from a gateway."""
    return any(address == INNER for address in site.congestion_controls())


@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6])
def test_a_connection_goes_over_every_carrier_and_keeps_its_destination(site: ProxySite, host: str) -> None:
    with site.serving("internet", 7000, digest) as came, site.connect(host, 7000) as connection:
        before = carried()
        assert connection.getpeername()[:2] == (host, 7000)
        connection.sendall(BODY)
        connection.shutdown(socket.SHUT_WR)
        wait_for(lambda: goes_by_relay(site))
        got = pump(connection)
        assert got[:32] == hashlib.sha256(BODY).digest()
        assert got[32:] == BODY
        assert all(after > 200_000 + earlier for after, earlier in zip(carried(), before, strict=True))
        assert came == ["2001:db8:113::2" if ":" in host else "203.0.113.2"]


def carried() -> list[int]:
    """Bytes that the gateway has sent and received over each carrier."""
    links = [ip(f"-s -j link show wg-lte{number}")[0]["stats64"] for number in (1, 2)]
    return [link[way]["bytes"] for link in links for way in ("rx", "tx")]


def test_all_bytes_arrive_when_the_server_closes_first(site: ProxySite) -> None:
    with site.serving("internet", 7000, body), site.connect(SERVER, 7000) as connection:
        time.sleep(0.5)
        assert pump(connection) == BODY


@pytest.mark.parametrize("host", [SERVER, SERVER_IPV6, "192.0.2.1"])
def test_a_destination_that_refuses_or_cannot_be_reached_looks_so(site: ProxySite, host: str) -> None:
    began = time.monotonic()
    with pytest.raises(ConnectionResetError), site.connect(host, 81) as connection:
        pump(connection)
    assert time.monotonic() - began < 2


def test_without_the_relay_of_either_end_connections_go_by_mptcp_until_it_is_back(site: ProxySite) -> None:
    with site.serving("internet", 7000, echo):
        for end, known_after_s in (("home", 0), ("vps", 6)):
            site.stop_relay(end)
            if known_after_s:  # nobody answers, which shows as soon as there is something to send
                site.connect(SERVER, 7000).close()
                time.sleep(known_after_s)
            began = time.monotonic()
            with site.connect(SERVER, 7000) as connection:
                talk(connection)
                assert time.monotonic() - began < 3
                assert site.proxied(SERVER)
                assert not goes_by_relay(site)
            site.start_relay(end)
            wait_for(lambda: site.far_is_up("relay"))
            with site.connect(SERVER, 7000) as connection:
                talk(connection)
                assert goes_by_relay(site)


def test_a_thousand_connections_at_a_time(site: ProxySite) -> None:
    with thousand(site) as each:
        assert goes_by_relay(site)
        print(f"kB of memory for a connection: {each}")
        assert max(each.values()) < 64
