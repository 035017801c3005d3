# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many HTTP downloads side by side, for a fixed time after a warm-up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError, PassingError
from ansible_collections.linkagg.wan.plugins.module_utils._measure.fetch import Download, Way
from ansible_collections.linkagg.wan.plugins.module_utils._measure.urls import Url

# Within this all connections must get their first byte; with full queues a SYN is lost more than once.
START_S = 20.0
POLL_S = 0.05
STOP_S = 3.0
# All connections together read at most 500 times a second.
PAUSE_S = 0.002


@dataclass(frozen=True)
class Downloaded:
    """What arrived in the measured seconds, `connections_mbit` of those connections only that came about."""

    started_at: float
    ended_at: float
    connections_mbit: tuple[float, ...]
    warnings: tuple[str, ...]

    @property
    def goodput_mbit(self) -> float:
        return sum(self.connections_mbit)


def download(urls: Sequence[Url], way: Way, warm_up_s: float, duration_s: float) -> Downloaded:
    """One connection for each of `urls`; a URL is there as often as it gets connections.

    A server that does not work is told in the warnings, and the others go on.

    :raises PassingError: none works, for reasons that may pass, or nothing arrived.
    :raises MeasureError: none works; one line for each server.
    """
    with _running(urls, way) as downloads:
        _await_beginning(downloads)
        if any(one.began for one in downloads):
            time.sleep(warm_up_s)
        live = [one for one in downloads if one.began and not one.finished]
        if not live:
            _fail(downloads)
        before = [(one.received, one.requests) for one in live]
        started_at, began = time.time(), time.monotonic()
        time.sleep(duration_s)
        after = [(one.received, one.requests) for one in live]
        seconds = time.monotonic() - began
    got = [end[0] - start[0] for start, end in zip(before, after, strict=True)]
    if not sum(got):
        raise PassingError(f"nothing arrived in {seconds:.0f} s; is the way to the servers still up?")
    files = sum(end[1] - start[1] for start, end in zip(before, after, strict=True))
    return Downloaded(
        started_at=started_at,
        ended_at=started_at + seconds,
        connections_mbit=tuple(size * 8 / 1e6 / seconds for size in got),
        warnings=(*_dead(downloads, live), *_broken(live), *_small(live, files, seconds)),
    )


@contextmanager
def _running(urls: Sequence[Url], way: Way) -> Iterator[list[Download]]:
    way = replace(way, pause_s=PAUSE_S * len(urls))
    downloads = [Download(url, way) for url in urls]
    try:
        for one in downloads:
            one.start()
        yield downloads
    finally:
        for one in downloads:
            one.stop()
        deadline = time.monotonic() + STOP_S
        for one in downloads:
            if one.ident is not None:
                one.join(max(0.0, deadline - time.monotonic()))


def _await_beginning(downloads: Sequence[Download]) -> None:
    deadline = time.monotonic() + START_S
    while any(one.waiting for one in downloads) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _reason(one: Download) -> MeasureError:
    if one.failures:
        return one.failures[-1]
    return PassingError(f"{one.url}: nothing came within {START_S:g} s; is the way there up?")


def _fail(downloads: Sequence[Download]) -> None:
    reasons = [_reason(one) for one in downloads]
    passing = all(isinstance(one, PassingError) for one in reasons)
    raise (PassingError if passing else MeasureError)("\n".join(dict.fromkeys(map(str, reasons))))


def _dead(downloads: Sequence[Download], live: Sequence[Download]) -> Iterator[str]:
    """A sentence for each reason for which connections did not come about."""
    reasons = Counter(str(_reason(one)) for one in downloads if one not in live)
    for reason, count in reasons.items():
        yield f"{count} of {len(downloads)} connections did not come about: {reason}"


def _broken(live: Sequence[Download]) -> Iterator[str]:
    reasons = Counter(str(failure) for one in live for failure in one.failures)
    for reason, count in reasons.items():
        yield f"broke off and began again, {count} times: {reason}" if count > 1 else f"broke off once: {reason}"


def _small(live: Sequence[Download], files: int, seconds: float) -> Iterator[str]:
    """A file that ends more than once a second measures the pauses between files, too."""
    if files > seconds * len(live):
        sizes = sorted({one.size_bytes for one in live if one.size_bytes})
        told = f"the file of {sizes[0] / 1e6:.1f} MB" if sizes else "the file"
        yield f"{told} ended {files} times in {seconds:.0f} s; a larger one measures the way better"
