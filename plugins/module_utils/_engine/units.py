# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rates, times, sizes and shares as tc(8) writes them, in one spelling each.

Each reader takes what a person or the kernel wrote; ValueError says what is wrong. The kernel counts rates in whole
bytes a second, so a rate is a multiple of 8 bit/s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

UNLIMITED = "unlimited"
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")
_PREFIXES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_PREFIXES |= {f"{letter}i": 1 << (10 * power) for power, letter in enumerate("kmgt", 1)}
_RATES = {f"{prefix}bit": factor for prefix, factor in _PREFIXES.items()}
_RATES |= {f"{prefix}bps": factor * 8 for prefix, factor in _PREFIXES.items()}  # bytes a second
_TIMES = {"s": 10**9, "sec": 10**9, "ms": 10**6, "msec": 10**6, "us": 10**3, "usec": 10**3, "ns": 1, "nsec": 1}
_SIZES = {"": 1, "b": 1}
_SIZES |= {f"{letter}{b}": 1 << (10 * power) for power, letter in enumerate("kmg", 1) for b in ("", "b")}
_WHOLE = (1 << 32) - 1  # what the kernel has room for, and writes for 100 %
_MOST_RATE = 10**15
_MOST_SECONDS = 4294  # in microseconds, about what the kernel has room for


def rate(value: Any) -> str:
    """``5mbit``; a bare number is bit/s."""
    bits = _read(value, {"": 1, **_RATES}, "a rate", "5mbit, 800kbit or 5000000 (bit/s)") // 8 * 8
    if not 8 <= bits <= _MOST_RATE:
        raise ValueError(f"{value!r} is not within 8bit and 1000tbit")
    return rate_text(bits)


def rate_or_unlimited(value: Any) -> str:
    """As ``rate``, or ``unlimited``."""
    return UNLIMITED if str(value) in (UNLIMITED, "0") else rate(value)


def byte_rate(text: str) -> int:
    """Bytes a second of a rate in canonical form; 0 for ``unlimited`` and for none."""
    return 0 if text in ("", UNLIMITED) else _read(text, _RATES, "a rate", "") // 8


def rate_text(bits: int) -> str:
    """bit/s in canonical form: with the largest decimal prefix that leaves a whole number."""
    for prefix in "tgmk":
        if bits and bits % _PREFIXES[prefix] == 0:
            return f"{bits // _PREFIXES[prefix]}{prefix}bit"
    return f"{bits}bit"


def time(value: Any) -> str:
    """``100ms``; a bare number but 0 has no meaning, as programs do not agree on its unit."""
    nanos = _read(value, {"": 1, **_TIMES} if str(value) == "0" else _TIMES, "a time", "100ms, 20us or 1s")
    if nanos > _MOST_SECONDS * 10**9:
        raise ValueError(f"{value!r} is longer than {_MOST_SECONDS}s")
    return time_text(nanos)


def time_us(value: Any) -> str:
    """As ``time``, in whole microseconds and not 0."""
    text = time(value)
    if nanoseconds(text) % 1000 or text == "0us":
        raise ValueError(f"{value!r} is no whole number of microseconds from 1us up")
    return text


def nanoseconds(text: str) -> int:
    """Of a time in canonical form."""
    return _read(text, _TIMES, "a time", "")


def microseconds(text: str) -> int:
    """Of a time in canonical form, rounded down."""
    return nanoseconds(text) // 1000


def time_text(nanos: int) -> str:
    """Nanoseconds in canonical form: with the largest unit that leaves a whole number."""
    for unit in ("s", "ms", "us"):
        if nanos % _TIMES[unit] == 0:
            return f"{nanos // _TIMES[unit]}{unit}" if nanos else "0us"
    return f"{nanos}ns"


def size(value: Any) -> int:
    """Bytes, of ``1600``, ``10kb`` (1024 each) or ``4mb``."""
    found = _read(value, _SIZES, "a size", "1600 (bytes), 10kb or 4mb")
    if found > _WHOLE:
        raise ValueError(f"{value!r} is more than {_WHOLE} bytes")
    return found


def count(value: Any) -> int:
    """A whole number that came as text."""
    if not re.fullmatch(r"\d+", str(value)):
        raise ValueError(f"{value!r} is no whole number")
    if int(value) > _WHOLE:
        raise ValueError(f"{value!r} is more than {_WHOLE}")
    return int(value)


def share(value: Any) -> float:
    """Percent, 0 to 100, to six digits after the point, which is about what the kernel can tell apart."""
    if not 0 <= float(value) <= 100:
        raise ValueError(f"{value} is not within 0 to 100 (percent)")
    return round(float(value), 6)


def share_to_kernel(percent: float) -> int:
    """Of 2^32 - 1."""
    return round(percent / 100 * _WHOLE)


def share_from_kernel(number: int) -> float:
    """The inverse of ``share_to_kernel``."""
    return round(number * 100 / _WHOLE, 6)


def _read(value: Any, units: Mapping[str, int], what: str, allowed: str) -> int:
    match = _NUMBER.fullmatch(str(value).strip().lower())
    if not match or match[2] not in units:
        raise ValueError(f"{value!r} is not {what}: write it like {allowed}")
    return int(Decimal(match[1]) * units[match[2]])
