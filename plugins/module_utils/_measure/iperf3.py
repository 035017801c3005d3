# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iperf3: its command line and its JSON, of version 3.9 to 3.18 and later.

Sources: iperf3(1); `iperf_reporter` of https://github.com/esnet/iperf; outputs recorded from 3.12 and 3.18.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import (
    BusyError,
    MeasureError,
    PassingError,
)
from ansible_collections.linkagg.wan.plugins.module_utils._measure.timeline import Slice

# From 3.17 on the receiver counts whole blocks only. The default of 128 KiB would be 0.13 Mbit/s of
# uncertainty in 8 s, per connection.
TCP_BLOCK_BYTES = 16384
CONNECT_TIMEOUT_MS = 8000

_BUSY = ("server is busy",)
_UNREACHABLE = ("unable to connect to server", "unable to connect stream", "unable to create a new stream")
_NAME = ("name or service not known", "temporary failure in name resolution", "no address associated")
_PASSING = (
    "control socket",
    "control message",
    "has terminated",
    "interrupt",
    "unable to receive",
    "unable to send",
)


@dataclass(frozen=True)
class Client:
    """One iperf3 client: which server, what traffic, how long. `offered_mbit` is the sum over connections."""

    server: Endpoint
    protocol: str = "tcp"
    direction: str = "down"
    connections: int = 1
    duration_s: int = 8
    warm_up_s: int = 0
    offered_mbit: float | None = None
    payload_bytes: int = 1200
    source: str | None = None
    device: str | None = None
    interval_s: float = 0


@dataclass(frozen=True)
class Traffic:
    """What arrived at the receiver.

    :ivar connections_mbit: the goodput of each connection; for UDP what was sent less what was lost.
    :ivar loss_percent: UDP only; of what was sent.
    :ivar out_of_order: UDP only, packets; None where the receiver does not tell (uploads) or cannot know.
    :ivar slices: the test in parts of `Client.interval_s`. For downloads what was received, else what was sent.
    """

    goodput_mbit: float
    seconds: float
    connections_mbit: tuple[float, ...]
    retransmits: int | None = None
    sent_mbit: float | None = None
    loss_percent: float | None = None
    out_of_order: int | None = None
    slices: tuple[Slice, ...] = ()
    warnings: tuple[str, ...] = ()


def command(client: Client, program: str = "iperf3") -> list[str]:
    """The command line. The rate goes to iperf3 per connection, in bit/s."""
    words = [
        program,
        "-c",
        client.server.address,
        "-p",
        str(client.server.port),
        "-J",
        "-i",
        f"{client.interval_s:g}",
    ]
    words += ["-t", str(client.duration_s), "-P", str(client.connections)]
    words += ["--connect-timeout", str(CONNECT_TIMEOUT_MS)]
    if client.direction == "down":
        words.append("-R")
    if client.protocol == "udp":
        if client.offered_mbit is None:
            raise MeasureError("a UDP test needs the rate to offer: give capacity or offered_mbit")
        rate_bit = int(client.offered_mbit * 1e6 / client.connections)
        words += ["-u", "-b", str(rate_bit), "-l", str(client.payload_bytes)]
    else:
        words += ["-l", str(TCP_BLOCK_BYTES)]
    if client.warm_up_s:
        words += ["-O", str(client.warm_up_s)]
    if client.source:
        words += ["-B", client.source]
    if client.device:
        words += ["--bind-dev", client.device]
    return words


def parse(output: str, client: Client, stderr: str = "") -> Traffic:
    """iperf3's JSON as `Traffic`. The exit code says nothing: 3.12 ends with 0 after an error under `-J`.

    :raises BusyError: the server runs another test.
    :raises PassingError: the control connection broke.
    :raises MeasureError: anything else, the server's address and port in the text.
    """
    try:
        document = json.loads(output)
    except ValueError:
        said = (stderr.strip() or output.strip() or "nothing")[-300:]
        raise PassingError(f"{client.server}: iperf3 printed no JSON, it said: {said}") from None
    if document.get("error"):
        raise _error(str(document["error"]), client)
    end = document.get("end") or {}
    try:
        traffic = _udp(end, client) if client.protocol == "udp" else _tcp(end)
        return replace(traffic, slices=_slices(document["intervals"]))
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise MeasureError(
            f"{client.server}: iperf3's JSON lacks {error}; iperf3 3.9 or later is needed at both ends"
        ) from None


def _error(text: str, client: Client) -> MeasureError:
    lower, server = text.lower(), client.server
    if any(word in lower for word in _BUSY):
        return BusyError(f"{server}: the iperf3 server is busy with another test (it runs one at a time)")
    if any(word in lower for word in _NAME):
        return MeasureError(
            f"{server}: the name '{server.address}' does not resolve ({text}); check it, or give an address"
        )
    if any(word in lower for word in _UNREACHABLE):
        return PassingError(
            f"{server}: no iperf3 server answers ({text}). Start one there: iperf3 -s -p {server.port};"
            f" if one runs: does 'ping {server.address}' pass, and does a firewall let TCP and UDP port"
            f" {server.port} through?"
        )
    known = PassingError if any(word in lower for word in _PASSING) else MeasureError
    return known(f"{server}: iperf3 failed: {text}")


def _mbit(size_bytes: float, seconds: float) -> float:
    return size_bytes * 8 / 1e6 / seconds


def _tcp(end: Mapping[str, Any]) -> Traffic:
    received = end["sum_received"]
    seconds = received["seconds"]
    # 3.12 gives the streams of an upload the sender's seconds; the sum has the receiver's.
    rates = tuple(_mbit(one["receiver"]["bytes"], seconds) for one in end["streams"])
    return Traffic(
        goodput_mbit=_mbit(received["bytes"], seconds),
        seconds=seconds,
        connections_mbit=rates,
        retransmits=end["sum_sent"].get("retransmits"),
    )


def _udp(end: Mapping[str, Any], client: Client) -> Traffic:
    total = end["sum"]
    sent = end.get("sum_sent", total)
    received = end.get("sum_received")
    seconds = received["seconds"] if received else total["seconds"]
    sent_bytes = sent["bytes"]
    sent_packets = sent.get("packets", total["packets"])
    lost = max(0, total["lost_packets"])
    # Before 3.10 there is no sum of what was received: then it is what was sent less what was lost.
    got_bytes = received["bytes"] if received else sent_bytes - lost * client.payload_bytes
    streams = [one["udp"] for one in end["streams"]]
    traffic = Traffic(
        goodput_mbit=_mbit(got_bytes, seconds),
        seconds=seconds,
        connections_mbit=tuple(_stream_mbit(one, client, seconds) for one in streams),
        sent_mbit=_mbit(sent_bytes, sent["seconds"]),
        loss_percent=100 * lost / sent_packets if sent_packets else 0.0,
        out_of_order=sum(one.get("out_of_order", 0) for one in streams) if client.direction == "down" else None,
    )
    if lost > sent_packets or got_bytes > sent_bytes:
        return _without_copies(traffic, got_bytes, sent_bytes)
    return traffic


def _stream_mbit(stream: Mapping[str, Any], client: Client, seconds: float) -> float:
    arrived = min(stream["packets"], max(0, stream["packets"] - stream["lost_packets"]))
    return _mbit(arrived * client.payload_bytes, seconds)


def _without_copies(traffic: Traffic, got_bytes: int, sent_bytes: int) -> Traffic:
    """More arrived than was sent: packets came more than once (a broadcast bond), iperf3's counts are void."""
    goodput = min(got_bytes, sent_bytes) * 8 / 1e6 / traffic.seconds
    rates = traffic.connections_mbit
    return replace(
        traffic,
        goodput_mbit=goodput,
        connections_mbit=tuple(goodput / len(rates) for _one in rates),
        loss_percent=100 * max(0, sent_bytes - got_bytes) / sent_bytes,
        out_of_order=None,
        warnings=("packets arrived more than once: loss is what was not made good by copies, order unknown",),
    )


def _slices(intervals: Sequence[Mapping[str, Any]]) -> tuple[Slice, ...]:
    return tuple(
        Slice(
            min(one["start"] for one in part["streams"]),
            max(one["end"] for one in part["streams"]),
            tuple(one["bytes"] for one in part["streams"]),
        )
        for part in intervals
        if part["streams"]
    )
