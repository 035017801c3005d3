# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP relay on a kernel: whole streams over several lanes, some of which lose packets or go silent."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.planned import program
from ansible_collections.linkagg.wan.tests.netns.policy_site import inside
from ansible_collections.linkagg.wan.tests.netns.relay_site import (
    INNER,
    LANES,
    PORT,
    RUN,
    RelaySite,
    carrier,
    read_all,
)

BODY = os.urandom(1 << 20) * 8
# HAProxy sends the PROXY protocol's header first; here it is this.
ASK = b"GET"


@pytest.fixture
def site(node: Node) -> Iterator[RelaySite]:
    """Both ends, ready."""
    program("nft")
    far = f"{node.name}-far"
    found = RelaySite(node, far)
    try:
        ip(f"netns add {far}")
        found.build()
        yield found
    finally:
        found.end()
        subprocess.run(["ip", "netns", "del", far], check=False, capture_output=True)


def serve(one: socket.socket) -> None:
    """The body for whoever asks."""
    if one.recv(len(ASK)) == ASK:
        one.sendall(BODY)


def ask(site: RelaySite) -> socket.socket:
    """A connection that asks for the body."""
    one = site.connect()
    one.sendall(ASK)
    return one


def test_all_lanes_carry_one_connection(site: RelaySite) -> None:
    before = {number: site.received(number) for number in LANES}
    with site.served(serve), ask(site) as one:
        assert read_all(one) == BODY
    carried = {number: site.received(number) - before[number] for number in LANES}
    assert sum(carried.values()) < 1.2 * len(BODY), "much was sent more than once"
    assert all(carried.values())


def test_uploads_come_whole_and_so_does_the_answer_after_the_end(site: RelaySite) -> None:
    def count(one: socket.socket) -> None:
        one.sendall(b"%d" % len(read_all(one)))

    with site.served(count), site.connect() as one:
        one.sendall(BODY)
        one.shutdown(socket.SHUT_WR)
        assert read_all(one) == b"%d" % len(BODY)


def test_many_at_a_time(site: RelaySite) -> None:
    def echo(one: socket.socket) -> None:
        while data := one.recv(1 << 16):
            one.sendall(data)

    def one(number: int) -> bool:
        text = b"%d" % number * 2000
        with site.connect() as connection:
            connection.sendall(text)
            connection.shutdown(socket.SHUT_WR)
            return read_all(connection) == text

    with site.served(echo), ThreadPoolExecutor(40) as pool:
        assert all(pool.map(one, range(200)))


def test_a_silent_lane_is_left_and_nothing_is_lost(site: RelaySite) -> None:
    with site.served(serve), ask(site) as one:
        begun = one.recv(1 << 16)
        site.cut(1)
        cut_at = time.monotonic()
        assert begun + read_all(one) == BODY
        assert time.monotonic() - cut_at < 10


def test_lost_packets_come_again(site: RelaySite) -> None:
    often = "meta l4proto udp numgen random mod 100 < 5"
    site.drop(often, often)
    with site.served(serve), ask(site) as one:
        assert read_all(one) == BODY


def test_without_lanes_connections_are_refused(site: RelaySite) -> None:
    site.connect().close()
    site.stop("far")
    time.sleep(6)
    with pytest.raises(AssertionError, match="takes no connection"):
        site.connect(wait_s=1)
    site.start_far()
    site.connect().close()
    said = site.stop("near").splitlines()
    assert [line for line in said if "began anew" not in line and "lane lte" not in line] == [
        "no lane answers: connections are refused until one does, so that they go another way",
        "a lane answers again",
    ]


def test_a_refused_destination_looks_so(site: RelaySite) -> None:
    """Nobody serves: HAProxy is away."""
    began = time.monotonic()
    with ask(site) as one, pytest.raises(ConnectionResetError):
        one.recv(1)
    assert time.monotonic() - began < 3


def test_resets_cross_it_both_ways(site: RelaySite) -> None:
    seen = threading.Event()

    def until_reset(one: socket.socket) -> None:
        try:
            one.sendall(BODY)
            one.recv(len(ASK) + 1)
        except ConnectionResetError:
            seen.set()

    def reset(one: socket.socket) -> None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with site.served(until_reset):
        one = ask(site)
        one.recv(1)
        one.close()  # with much of the answer unread, which is a reset
        assert seen.wait(5)
    with site.served(reset), ask(site) as one, pytest.raises(ConnectionResetError):
        one.recv(1)


def test_another_life_of_the_other_end_ends_connections(site: RelaySite) -> None:
    def wait(one: socket.socket) -> None:
        one.sendall(one.recv(len(ASK)))
        one.recv(1)

    with site.served(wait), ask(site) as one:
        assert one.recv(len(ASK)) == ASK
        site.stop("far")
        site.start_far()
        with pytest.raises(ConnectionResetError):
            one.recv(1)
        with ask(site) as other:
            assert other.recv(len(ASK)) == ASK


@pytest.mark.parametrize("end", ["near", "far"])
def test_a_part_is_not_taken_for_the_whole(site: RelaySite, end: str) -> None:
    """A relay that is ended or restarted resets its connections."""
    with site.served(serve), ask(site) as one:
        one.recv(1 << 16)
        site.stop(end)
        if end == "far":
            site.start_far()
        with pytest.raises(ConnectionResetError):
            read_all(one)


def test_a_slow_reader_holds_up_nobody_and_costs_little(site: RelaySite) -> None:
    with site.served(serve), ask(site) as slow:
        time.sleep(1)
        with ask(site) as fast:
            assert read_all(fast) == BODY
        waiting = _resident_kb(site.running["near"].pid)
        assert read_all(slow) == BODY
        assert waiting < 40_000


def _resident_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def test_a_place_that_somebody_has_is_told_at_once(site: RelaySite) -> None:
    site.connect().close()
    process = site.running["near"]
    words = [*process.args][3:] if isinstance(process.args, list) else []
    done = subprocess.run([*RUN, *words], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2
    assert done.stdout.startswith("error: ")
    assert "already in use" in done.stdout
    assert not done.stderr


def test_who_may(site: RelaySite) -> None:
    """Whoever did not greet gets nothing, and nothing but lanes is listened for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((carrier(1), 0))
        one.settimeout(1)
        for data in (b"", b"\0", b"\3" * 100, b"\4" * 17, b"\xff" * 40, os.urandom(500)):
            one.sendto(data, (INNER, PORT))
        with pytest.raises(TimeoutError):
            one.recv(100)
    assert site.running["far"].poll() is None
    with inside(site.far):
        status = subprocess.run(["ss", "-Hlunp"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[3] for line in status.splitlines()] == [f"{INNER}:{PORT}"]
