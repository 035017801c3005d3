# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One measurement from beginning to end: which programs, for how long, tried how often, told how."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._measure import downloads, fetch, iperf3, ping, process
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import (
    OFFERED_SHARE,
    Measurement,
    shares,
)
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import (
    BusyError,
    MeasureError,
    PassingError,
)
from ansible_collections.linkagg.wan.plugins.module_utils._measure.results import describe
from ansible_collections.linkagg.wan.plugins.module_utils._measure.statistics import jain, measured_window
from ansible_collections.linkagg.wan.plugins.module_utils._measure.timeline import Timeline, overlap
from ansible_collections.linkagg.wan.plugins.module_utils._measure.urls import Url

BUSY_PAUSE_S = 2.0
# The load of a loaded ping begins this much before the first echo request and ends as much after the last.
LOAD_MARGIN_S = 1
# Several clients run this much longer, so that the last to start still has all its measured seconds with the others.
SPREAD_MARGIN_S = 4
SPREAD_INTERVAL_S = 0.5


@dataclass(frozen=True)
class Request:
    """What the user asked for, besides the test itself.

    :ivar urls: the files of the `http` tests, one on each mirror.
    :ivar capacity_mbit: {"down": Mbit/s, "up": Mbit/s}, summed link rates; a direction may be missing.
    :ivar spare_s: what a run may take beyond its own seconds before it is killed.
    :ivar busy_wait_s: how long to wait for a server that runs another test.
    :ivar attempts: tries after a failure that may pass.
    """

    servers: Sequence[Endpoint]
    duration_s: int = 8
    warm_up_s: int = 2
    capacity_mbit: dict[str, float] = field(default_factory=dict)
    offered_mbit: float | None = None
    payload_bytes: int = 1200
    source: str | None = None
    device: str | None = None
    spare_s: int = 30
    busy_wait_s: int = 20
    attempts: int = 2
    urls: Sequence[Url] = ()
    validate_certs: bool = True


def measure(kind: Measurement, request: Request) -> dict[str, Any]:
    """Run the test, again where that may help, and return one run (keys: see the module's RETURN).

    :raises MeasureError: with the test's name in front.
    """
    check(kind, request)
    warnings: list[str] = []
    method = _ping if kind.ping else _http if kind.protocol == "http" else _traffic
    try:
        run = _tried(lambda: method(kind, request), request, warnings)
    except MeasureError as error:
        raise type(error)(f"{kind.name}: {error}") from None
    run["warnings"] = warnings + run["warnings"]
    run["summary"] = describe(run)
    return run


def check(kind: Measurement, request: Request) -> None:
    """Refuse what cannot be measured, before anything runs.

    :raises MeasureError: naming the missing option.
    """
    if kind.protocol == "http":
        if not request.urls:
            raise MeasureError(
                f"{kind.name}: no file to download; give at least one in 'urls' (of the role: benchmark_urls)"
            )
        return
    if not request.servers and (kind.connections or not request.urls):
        raise MeasureError(
            f"{kind.name}: no server to measure against; give at least one in 'servers'"
            " (of the role: benchmark_server_addresses)"
        )
    if kind.protocol == "udp" and _offered_mbit(kind, request) is None:
        raise MeasureError(
            f"{kind.name}: the rate to offer is unknown; give capacity.{kind.direction}_mbit"
            f" ({OFFERED_SHARE} of it is offered; of the role: benchmark_capacity) or offered_mbit"
        )


def _offered_mbit(kind: Measurement, request: Request) -> float | None:
    if kind.protocol != "udp":
        return None
    capacity = request.capacity_mbit.get(kind.direction)
    return request.offered_mbit or (capacity * OFFERED_SHARE if capacity else None)


def _tried(once: Callable[[], dict[str, Any]], request: Request, warnings: list[str]) -> dict[str, Any]:
    """`once`, repeated while the server is busy (bounded in time) and after passing errors (bounded in number)."""
    busy_until = time.monotonic() + request.busy_wait_s
    failures = 0
    while True:
        try:
            return once()
        except BusyError as error:
            if time.monotonic() >= busy_until:
                raise MeasureError(
                    f"{error}, and still is after {request.busy_wait_s} s; wait for the other test, restart"
                    " that server, or use one of your own"
                ) from None
        except PassingError as error:
            failures += 1
            if failures >= request.attempts:
                raise
            warnings.append(f"try {failures} failed and was repeated: {error}")
        time.sleep(BUSY_PAUSE_S)


def _clients(kind: Measurement, request: Request, extra_s: int = 0) -> list[iperf3.Client]:
    """One client for each server that takes part. Several keep a timeline instead of leaving out the warm-up."""
    parts = shares(kind.connections, min(kind.servers, len(request.servers)))
    offered = _offered_mbit(kind, request)
    warm_up_s = request.warm_up_s if kind.protocol == "tcp" else 0
    spread = len(parts) > 1
    if spread:
        extra_s += warm_up_s + SPREAD_MARGIN_S
    return [
        iperf3.Client(
            server=server,
            protocol=kind.protocol,
            direction=kind.direction,
            connections=part,
            duration_s=request.duration_s + extra_s,
            warm_up_s=0 if spread else warm_up_s,
            interval_s=SPREAD_INTERVAL_S if spread else 0,
            offered_mbit=offered * part / kind.connections if offered else None,
            payload_bytes=request.payload_bytes,
            source=request.source,
            device=request.device,
        )
        for server, part in zip(request.servers, parts, strict=False)
    ]


def _limit_s(client: iperf3.Client, request: Request) -> int:
    return client.warm_up_s + client.duration_s + request.spare_s


def _parsed(ended: Sequence[process.Finished], clients: Sequence[iperf3.Client]) -> list[iperf3.Traffic]:
    """Each client's traffic. The first that failed by itself gives the error, not one stopped because of it.

    :raises MeasureError: a client failed or was killed.
    """
    for one, client in sorted(zip(ended, clients, strict=True), key=lambda pair: pair[0].ended_at):
        if one.timed_out:
            raise PassingError(
                f"{client.server}: iperf3 did not end within {one.ended_at - one.started_at:.0f} s and was killed;"
                " the way to the server is dead, or too full for its control connection"
            )
        iperf3.parse(one.stdout, client, one.stderr)
    return [iperf3.parse(one.stdout, client, one.stderr) for one, client in zip(ended, clients, strict=True)]


def _merged(
    ended: Sequence[process.Finished], clients: Sequence[iperf3.Client], request: Request
) -> tuple[iperf3.Traffic, float, float]:
    """All clients' traffic as one, and when it was measured."""
    parts = _parsed(ended, clients)
    windows = [
        measured_window(one.started_at, one.ended_at, client.warm_up_s, part.seconds, client.connections)
        for one, client, part in zip(ended, clients, parts, strict=True)
    ]
    if len(parts) == 1:
        return parts[0], *windows[0]
    lines = [Timeline(window[0], part.slices) for window, part in zip(windows, parts, strict=True)]
    common = overlap(lines, request.warm_up_s, request.duration_s)
    traffic = iperf3.Traffic(
        goodput_mbit=common.goodput_mbit,
        seconds=common.ended_at - common.started_at,
        connections_mbit=common.connections_mbit,
        retransmits=sum(part.retransmits or 0 for part in parts),
    )
    return traffic, common.started_at, common.ended_at


def _base(kind: Measurement, request: Request, clients: Sequence[iperf3.Client]) -> dict[str, Any]:
    warnings = []
    if clients and len(clients) < kind.servers:
        warnings.append(f"{kind.connections} connections over {len(clients)} instead of {kind.servers} servers")
    servers = [str(client.server) for client in clients] or [_echo_address(request)]
    return {"test": kind.name, "title": kind.title, "servers": servers, "warnings": warnings}


def _echo_address(request: Request) -> str:
    """Whom pings go to: the first iperf3 server, without any the first web server."""
    return request.servers[0].address if request.servers else request.urls[0].host


def _http(kind: Measurement, request: Request) -> dict[str, Any]:
    parts = shares(kind.connections, min(kind.servers, len(request.urls)))
    urls = [url for url, part in zip(request.urls, parts, strict=False) for _one in range(part)]
    tls = fetch.tls_context(request.validate_certs) if any(url.scheme == "https" for url in request.urls) else None
    way = fetch.Way(request.source, request.device, request.spare_s, tls)
    found = downloads.download(urls, way, request.warm_up_s, request.duration_s)
    rates = [round(rate, 3) for rate in found.connections_mbit]
    capacity = request.capacity_mbit.get(kind.direction)
    return {
        "test": kind.name,
        "title": kind.title,
        "servers": list(dict.fromkeys(str(url) for url in urls)),
        "unit": "Mbit/s",
        "direction": kind.direction,
        "started_at": round(found.started_at, 3),
        "ended_at": round(found.ended_at, 3),
        "goodput_mbit": round(found.goodput_mbit, 3),
        "capacity_mbit": capacity,
        "share": round(found.goodput_mbit / capacity, 4) if capacity else None,
        "connections_mbit": rates,
        "jain": _rounded(jain(found.connections_mbit), 4) if kind.connections > 1 else None,
        "warnings": list(found.warnings),
    }


def _traffic(kind: Measurement, request: Request) -> dict[str, Any]:
    clients = _clients(kind, request)
    with process.started([iperf3.command(client) for client in clients]) as programs:
        ended = process.finish(programs, _limit_s(clients[0], request), at_least_s=request.duration_s / 2)
    traffic, began, stopped = _merged(ended, clients, request)
    run = _base(kind, request, clients)
    capacity = request.capacity_mbit.get(kind.direction)
    run.update(
        unit="Mbit/s",
        direction=kind.direction,
        started_at=round(began, 3),
        ended_at=round(stopped, 3),
        goodput_mbit=round(traffic.goodput_mbit, 3),
        capacity_mbit=capacity,
        share=round(traffic.goodput_mbit / capacity, 4) if capacity else None,
        connections_mbit=[round(rate, 3) for rate in traffic.connections_mbit],
        jain=_rounded(jain(traffic.connections_mbit), 4) if kind.connections > 1 else None,
        retransmits=traffic.retransmits,
        offered_mbit=_rounded(_offered_mbit(kind, request), 3),
        sent_mbit=_rounded(traffic.sent_mbit, 3),
        loss_percent=_rounded(traffic.loss_percent, 3),
        out_of_order=traffic.out_of_order,
    )
    run["warnings"] += traffic.warnings
    return run


def _ping(kind: Measurement, request: Request) -> dict[str, Any]:
    clients = _clients(kind, request, 2 * LOAD_MARGIN_S) if kind.connections else []
    target = _echo_address(request)
    echo = ping.command(target, request.duration_s, request.source, request.device)
    limit_s = request.duration_s + ping.LAST_REPLY_S + request.spare_s
    with process.started([iperf3.command(client) for client in clients]) as load:
        if clients:
            _wait_for_load(load, clients)
        with process.started([echo]) as programs:
            (ended,) = process.finish(programs, limit_s)
        loads = process.finish(load, _limit_s(clients[0], request)) if clients else []
    if ended.timed_out:
        raise PassingError(f"ping {target}: it did not end within {limit_s} s and was killed")
    trips = ping.parse(ended.stdout, target, ended.stderr)
    run = _base(kind, request, clients)
    run.update(
        unit="ms",
        direction=None,
        started_at=round(ended.started_at, 3),
        ended_at=round(ended.ended_at, 3),
        p50_ms=round(trips.p50_ms, 2),
        p95_ms=round(trips.p95_ms, 2),
        max_ms=round(trips.max_ms, 2),
        loss_percent=round(trips.loss_percent, 3),
        load_mbit=round(_parsed(loads, clients)[0].goodput_mbit, 3) if clients else None,
    )
    return run


def _wait_for_load(load: Sequence[process.Running], clients: Sequence[iperf3.Client]) -> None:
    """Let the downloads get under way; one that ends already has failed, and its error is the answer."""
    ready_at = time.monotonic() + clients[0].warm_up_s + LOAD_MARGIN_S
    while time.monotonic() < ready_at:
        if any(one.ended() for one in load):
            _parsed(process.finish(load, 0), clients)
            raise PassingError("the load ended before the pings began")
        time.sleep(process.POLL_S)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
