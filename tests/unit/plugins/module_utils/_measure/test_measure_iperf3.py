# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iperf3's command line, and its JSON as recorded from versions 3.12 and 3.18 over a lossy, reordering tun link."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure import iperf3
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import (
    BusyError,
    MeasureError,
    PassingError,
)

RECORDED = Path(__file__).parent / "recorded"
CLIENT = iperf3.Client(Endpoint("10.77.0.2", 5201))
UDP = replace(CLIENT, protocol="udp", offered_mbit=6.0)
VERSIONS = pytest.mark.parametrize("version", ["3.12", "3.18"])


def recorded(name: str) -> str:
    return (RECORDED / name).read_text()


def test_a_tcp_download_is_asked_for_in_reverse_with_its_warm_up_left_out() -> None:
    words = iperf3.command(replace(CLIENT, connections=11, warm_up_s=2))
    assert words[:5] == ["iperf3", "-c", "10.77.0.2", "-p", "5201"]
    assert "-R" in words
    assert words[words.index("-P") + 1] == "11"
    assert words[words.index("-O") + 1] == "2"
    assert words[words.index("-t") + 1] == "8"
    assert "-u" not in words


def test_a_udp_upload_offers_each_connection_its_part_of_the_rate() -> None:
    words = iperf3.command(replace(UDP, direction="up", connections=3, offered_mbit=6.0))
    assert "-R" not in words
    assert words[words.index("-b") + 1] == "2000000"
    assert words[words.index("-l") + 1] == "1200"
    assert "-O" not in words


def test_source_and_device_are_passed_on() -> None:
    words = iperf3.command(replace(CLIENT, source="192.0.2.1", device="wan0"))
    assert words[-4:] == ["-B", "192.0.2.1", "--bind-dev", "wan0"]


def test_udp_without_a_rate_is_refused() -> None:
    with pytest.raises(MeasureError, match="needs the rate to offer"):
        iperf3.command(replace(UDP, offered_mbit=None))


@VERSIONS
def test_the_goodput_of_a_download_is_what_this_side_received(version: str) -> None:
    text = recorded(f"{version}-tcp_down.json")
    end = json.loads(text)["end"]
    traffic = iperf3.parse(text, replace(CLIENT, connections=3))
    assert traffic.goodput_mbit == pytest.approx(end["sum_received"]["bits_per_second"] / 1e6)
    assert traffic.goodput_mbit != pytest.approx(end["sum_sent"]["bits_per_second"] / 1e6)
    assert len(traffic.connections_mbit) == 3
    assert sum(traffic.connections_mbit) == pytest.approx(traffic.goodput_mbit)
    assert traffic.retransmits == end["sum_sent"]["retransmits"]
    assert traffic.loss_percent is None


@VERSIONS
def test_the_goodput_of_an_upload_is_what_the_server_received_in_its_own_seconds(version: str) -> None:
    text = recorded(f"{version}-tcp_up.json")
    received = json.loads(text)["end"]["sum_received"]
    traffic = iperf3.parse(text, replace(CLIENT, direction="up", connections=2))
    assert traffic.seconds == received["seconds"] > 4.1
    assert traffic.goodput_mbit == pytest.approx(received["bytes"] * 8 / 1e6 / received["seconds"])
    assert sum(traffic.connections_mbit) == pytest.approx(traffic.goodput_mbit)


@VERSIONS
def test_a_udp_download_tells_what_arrived_was_lost_and_came_late(version: str) -> None:
    text = recorded(f"{version}-udp_down.json")
    end = json.loads(text)["end"]
    traffic = iperf3.parse(text, UDP)
    assert traffic.goodput_mbit == pytest.approx(end["sum_received"]["bits_per_second"] / 1e6)
    assert traffic.goodput_mbit < traffic.sent_mbit == pytest.approx(6.0, rel=0.01)
    assert traffic.loss_percent == pytest.approx(100 * end["sum"]["lost_packets"] / end["sum_sent"]["packets"])
    assert traffic.out_of_order == end["streams"][0]["udp"]["out_of_order"] > 0


@VERSIONS
def test_the_order_at_the_far_end_of_a_udp_upload_is_unknown_not_zero(version: str) -> None:
    traffic = iperf3.parse(recorded(f"{version}-udp_up.json"), replace(UDP, direction="up"))
    assert traffic.out_of_order is None
    assert 1.9 < traffic.goodput_mbit < 2.0
    assert traffic.loss_percent == pytest.approx(1.32, abs=0.01)


@VERSIONS
def test_several_udp_flows_have_a_goodput_each(version: str) -> None:
    traffic = iperf3.parse(recorded(f"{version}-udp_3_down.json"), replace(UDP, connections=3))
    assert len(traffic.connections_mbit) == 3
    assert all(1.9 < rate < 2.05 for rate in traffic.connections_mbit)
    assert traffic.out_of_order > 40


def test_packets_that_come_twice_do_not_double_the_goodput() -> None:
    """iperf3 takes the second copy of its greeting for a sequence number, and its loss becomes 93821 percent."""
    traffic = iperf3.parse(recorded("3.12-udp_down_every_packet_twice.json"), replace(UDP, offered_mbit=2.0))
    assert traffic.goodput_mbit == pytest.approx(2.02, abs=0.02)
    assert traffic.loss_percent == 0
    assert traffic.out_of_order is None
    assert "more than once" in traffic.warnings[0]


def test_before_3_10_udp_goodput_is_what_was_sent_less_what_was_lost() -> None:
    document = json.loads(recorded("3.12-udp_down.json"))
    del document["end"]["sum_sent"], document["end"]["sum_received"]
    traffic = iperf3.parse(json.dumps(document), UDP)
    total = document["end"]["sum"]
    assert traffic.goodput_mbit == pytest.approx(
        (total["packets"] - total["lost_packets"]) * 1200 * 8 / 1e6 / total["seconds"]
    )


@VERSIONS
def test_a_busy_server_is_told_from_other_errors(version: str) -> None:
    with pytest.raises(BusyError, match=r"10\.77\.0\.2 port 5201: the iperf3 server is busy"):
        iperf3.parse(recorded(f"{version}-busy.json"), CLIENT)


@VERSIONS
def test_no_server_names_address_port_and_what_to_do(version: str) -> None:
    with pytest.raises(PassingError) as caught:
        iperf3.parse(recorded(f"{version}-refused.json"), CLIENT)
    text = str(caught.value)
    assert text.startswith("10.77.0.2 port 5201: no iperf3 server answers")
    assert "Connection refused" in text
    assert "iperf3 -s -p 5201" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("client_terminated", "the client has terminated"),
        ("server_terminated", "the server has terminated"),
        ("server_killed", "control socket has closed"),
    ],
)
def test_a_broken_test_may_pass_at_the_next_try(name: str, said: str) -> None:
    with pytest.raises(PassingError, match=said):
        iperf3.parse(recorded(f"3.12-{name}.json"), CLIENT)


def test_an_unknown_name_is_no_passing_error() -> None:
    said = json.dumps({"error": "unable to connect to server: Name or service not known"})
    with pytest.raises(MeasureError, match="does not resolve") as caught:
        iperf3.parse(said, CLIENT)
    assert not isinstance(caught.value, PassingError)


@pytest.mark.parametrize(
    ("output", "stderr", "said"), [("", "", "nothing"), ("", "iperf3: bad", "bad"), ("{", "", "{")]
)
def test_output_that_is_no_json_is_quoted(output: str, stderr: str, said: str) -> None:
    with pytest.raises(PassingError, match=f"it said: .*{said}"):
        iperf3.parse(output, CLIENT, stderr)


def test_json_of_another_shape_says_which_versions_work() -> None:
    with pytest.raises(MeasureError, match=r"lacks 'sum_received'; iperf3 3\.9 or later"):
        iperf3.parse('{"intervals": [], "end": {"streams": []}}', CLIENT)


@VERSIONS
def test_the_slices_of_a_download_add_up_to_its_sum(version: str) -> None:
    text = recorded(f"{version}-tcp_slices.json")
    traffic = iperf3.parse(text, replace(CLIENT, connections=2, interval_s=0.5))
    assert len(traffic.slices) == 6
    total = sum(sum(one.received_bytes) for one in traffic.slices)
    assert total == json.loads(text)["end"]["sum_received"]["bytes"]
    assert [one.start_s for one in traffic.slices][1:] == pytest.approx(
        [one.end_s for one in traffic.slices][:-1], abs=0.01
    )
