# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic control of the modems: pure functions from a link and its faults to lines for ``tc -batch``.

Both directions of a link are shaped on the veth between the modem and the network core: down where
packets leave the core, up where they leave the modem. So what the modem answers by itself (ARP, DHCP, a
ping to its own address) is as quick as it is on a real one.

Each direction is a netem with a tbf inside, and in that a plug:

* netem delays, jitters and loses. Its ``rate`` is set far above the link's, because netem keeps the order
  of packets under jitter only when it has a rate. Its limit is large: it is the way, not the queue.
* tbf, where packets arrive after the delay, is the bottleneck with the link's rate. So a long delay does
  not hold back the rate.
* plug is its queue, of ``queue_packets`` full-size packets, and a gate: while a link offers nothing it is
  shut, and packets wait. A tbf alone has no rate 0: a very low one still lets a bucketful pass, which is
  half a minute of pings, and having fallen asleep for that rate it does not notice a higher one. To open
  the gate also wakes it.

The bucket of a tbf holds a packet, and what comes while a busy machine is late to send it; a smaller one
loses that. A change of its rate fills the bucket. Played traces change it twice a second, so ``trace_lines``
takes the bucket off the rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .config import GuestError, Link, Shape

ETHERNET_BYTES = 14
WAY_PACKETS = 100_000
WAY_RATE = "10gbit"
LATE_S = 0.020
# tc refuses less; with the gate shut it does not matter.
LEAST_BIT = 8
FAULT_FORMS = "blackhole, down, unplug, delay:MS, loss:PERCENT, rate:MBIT, clear"


@dataclass(frozen=True)
class Faults:
    """What is wrong with a link at the moment; each fault adds to those before, ``clear`` ends all."""

    blackhole: bool = False
    down: bool = False
    unplug: bool = False
    delay_ms: float = 0
    loss_percent: float = 0
    rate_mbit: float | None = None

    def after(self, fault: str) -> Faults:
        """Return the state after one more fault; GuestError with the allowed forms for an unknown one."""
        name, colon, value = fault.strip().partition(":")
        if not colon and name == "clear":
            return Faults()
        if not colon and name in ("blackhole", "down", "unplug"):
            return replace(self, **{name: True})
        if colon and name in _VALUES:
            key, low, high, unit = _VALUES[name]
            return replace(self, **{key: _number(fault, value, low, high, unit)})
        raise GuestError(f"fault {fault!r} is not known; it is one of: {FAULT_FORMS}")

    def words(self) -> list[str]:
        """Return the faults in force, as they would be written."""
        flags = [name for name in ("blackhole", "down", "unplug") if getattr(self, name)]
        values = [f"{name}:{getattr(self, key):g}" for name, (key, *_) in _VALUES.items() if getattr(self, key)]
        return flags + values + (["rate:0"] if self.rate_mbit == 0 else [])


_VALUES = {
    "delay": ("delay_ms", 0, 60_000, "ms"),
    "loss": ("loss_percent", 0, 100, "percent"),
    "rate": ("rate_mbit", 0, 10_000, "Mbit/s"),
}


def _number(fault: str, text: str, low: float, high: float, unit: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        name = fault.partition(":")[0]
        raise GuestError(
            f"fault {fault!r}: {text!r} is not a number of {unit} from {low} to {high};"
            f" write it like {name}:{high // 40}"
        )
    return number


def shapes(link: Link, faults: Faults, trace_mbit: tuple[float, float] | None = None) -> tuple[Shape, Shape]:
    """Return what (down, up) of a link do, faults included; ``trace_mbit`` where a trace is played."""
    rates = trace_mbit or link.rate_mbit or (0, 0)
    kept = (1 - link.loss_percent / 100) * (1 - faults.loss_percent / 100)
    down, up = (
        Shape(
            rate_mbit=rate if faults.rate_mbit is None else min(rate, faults.rate_mbit),
            delay_ms=link.delay_ms + faults.delay_ms,
            jitter_ms=link.jitter_ms,
            loss_percent=100 if faults.blackhole else (1 - kept) * 100,
            queue_packets=link.queue_packets,
            mtu=link.mtu,
        )
        for rate in rates
    )
    return down, up


def netem(device: str, shape: Shape, verb: str = "replace") -> str:
    """Return the line that makes or changes the way: delay, jitter, loss."""
    jitter = f" {shape.jitter_ms:g}ms" if shape.jitter_ms else ""
    loss = f" loss {shape.loss_percent:.6g}%" if shape.loss_percent else ""
    return (
        f"qdisc {verb} dev {device} root handle 1: netem limit {WAY_PACKETS}"
        f" delay {shape.delay_ms:g}ms{jitter}{loss} rate {WAY_RATE}"
    )


def bottleneck(device: str, shape: Shape, verb: str = "replace") -> list[str]:
    """Return the lines that make or change the bottleneck: rate, queue and gate."""
    bucket = bucket_bytes(shape)
    lines = [_tbf(device, shape, verb, shape.rate_mbit * 1e6, bucket)]
    if verb == "replace":
        lines.append(f"qdisc replace dev {device} parent 10:1 handle 20: plug limit {queue_bytes(shape)}")
    return [*lines, _gate(device, shape)]


def trace_lines(device: str, shape: Shape, step_s: float) -> list[str]:
    """Return the lines that play one step of a trace: rate and bucket together carry the step's bytes."""
    bucket = bucket_bytes(shape)
    return [_tbf(device, shape, "change", shape.rate_mbit * 1e6 - bucket * 8 / step_s, bucket), _gate(device, shape)]


def _tbf(device: str, shape: Shape, verb: str, rate_bit: float, bucket: int) -> str:
    rate = max(LEAST_BIT, round(rate_bit))
    return (
        f"qdisc {verb} dev {device} parent 1:1 handle 10: tbf rate {rate}bit burst {bucket} limit {queue_bytes(shape)}"
    )


def _gate(device: str, shape: Shape) -> str:
    gate = "release_indefinite" if shape.rate_mbit else "block"
    return f"qdisc change dev {device} parent 10:1 handle 20: plug {gate}"


def queue_bytes(shape: Shape) -> int:
    """Return the size of the queue."""
    return shape.queue_packets * (shape.mtu + ETHERNET_BYTES)


def bucket_bytes(shape: Shape) -> int:
    """Return the size of the bucket: a full-size packet, and what comes while we are late."""
    return shape.mtu + ETHERNET_BYTES + int(shape.rate_mbit * 1e6 / 8 * LATE_S)


def core_device(link: Link) -> str:
    """Return the name of a link's interface in the network core."""
    return f"link{link.index}"


MODEM_DEVICE = "wan"


def start_lines(link: Link, faults: Faults = Faults()) -> tuple[list[str], list[str]]:
    """Return the lines that shape a link from nothing: (for the core, for the modem)."""
    down, up = shapes(link, faults)
    return (
        [netem(core_device(link), down), *bottleneck(core_device(link), down)],
        [netem(MODEM_DEVICE, up), *bottleneck(MODEM_DEVICE, up)],
    )


def change_lines(link: Link, faults: Faults) -> tuple[list[str], list[str]]:
    """Return the lines that bring a running link to a state of faults: (for the core, for the modem).

    The rate of a link with a trace is left to the player.
    """
    result = []
    for device, shape in zip((core_device(link), MODEM_DEVICE), shapes(link, faults), strict=True):
        lines = [netem(device, shape, "change")]
        if not link.trace:
            lines += bottleneck(device, shape, "change")
        result.append(lines)
    return result[0], result[1]
