# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ping's command line and what it prints, as recorded from iputils 20221126."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure import ping
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError, PassingError

RECORDED = Path(__file__).parent / "recorded"


def test_ten_echo_requests_a_second() -> None:
    words = ping.command("192.0.2.1", 8)
    assert words[-1] == "192.0.2.1"
    assert words[words.index("-c") + 1] == "80"
    assert words[words.index("-i") + 1] == "0.1"


def test_source_and_device_come_before_the_address() -> None:
    assert ping.command("192.0.2.1", 1, "192.0.2.9", "wan0")[-5:] == ["-I", "192.0.2.9", "-I", "wan0", "192.0.2.1"]


def test_times_of_an_idle_way() -> None:
    trips = ping.parse((RECORDED / "ping_idle.txt").read_text(), "127.0.0.1")
    assert (trips.sent, trips.received, trips.loss_percent) == (4, 4, 0)
    assert 0 < trips.p50_ms <= trips.p95_ms <= trips.max_ms < 1


def test_copies_of_a_reply_do_not_count() -> None:
    text = (RECORDED / "ping_dup_lossy.txt").read_text()
    assert "(DUP!)" in text
    trips = ping.parse(text, "10.77.0.2")
    assert (trips.sent, trips.received) == (40, 40)
    assert trips.max_ms == 51.2
    assert trips.p50_ms == pytest.approx(41.2, abs=0.1)


def test_lost_replies_are_a_percentage_and_no_time() -> None:
    text = (
        "64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=20.0 ms\n"
        "64 bytes from 192.0.2.1: icmp_seq=3 ttl=64 time=40 ms\n"
        "\n--- 192.0.2.1 ping statistics ---\n4 packets transmitted, 2 received, 50% packet loss, time 300ms\n"
    )
    trips = ping.parse(text, "192.0.2.1")
    assert trips.loss_percent == 50
    assert (trips.p50_ms, trips.max_ms) == (30, 40)


def test_a_reply_over_a_second_is_read_in_full() -> None:
    text = "64 bytes from x: icmp_seq=1 ttl=64 time=1234 ms\n\n1 packets transmitted, 1 received, 0% packet loss\n"
    assert ping.parse(text, "x").p50_ms == 1234


def test_no_reply_at_all_may_pass() -> None:
    text = "PING 10.78.0.9 (10.78.0.9) 56(84) bytes of data.\n\n3 packets transmitted, 0 received, 100% packet loss\n"
    with pytest.raises(PassingError, match="none of 3 echo requests was answered"):
        ping.parse(text, "10.78.0.9")


def test_what_ping_says_when_it_cannot_send_is_quoted() -> None:
    with pytest.raises(MeasureError, match="Network is unreachable") as caught:
        ping.parse("", "10.99.9.9", "ping: connect: Network is unreachable\n")
    assert not isinstance(caught.value, PassingError)
