# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the watching agent has changed from what is saved, told to modules and commands so that none of them fights it.

As with silent links (_persist/silence.py), it holds only as long as that agent lives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .._engine.objects import Key, Obj
from .._kinds.shaped import with_rate
from .._persist import silence
from .._weights.model import Weights

Rates = Mapping[Key, str]  # of shapers, as in their attribute ``rate``


@dataclass(frozen=True)
class Told:
    """``rates`` of shapers by their keys, and ``weights`` by bond, where they are other than saved."""

    rates: Rates = field(default_factory=dict)
    weights: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def shaped(self, want: Sequence[Obj]) -> tuple[list[Obj], list[Obj]]:
        """The objects with the rates that they have for now, and those of them that differ."""
        found, different = [], []
        for obj in want:
            rate = self.rates.get(obj.key)
            if rate is not None and obj.attrs.get("rate") not in (None, rate):
                obj = with_rate(obj, rate)
                different.append(obj)
            found.append(obj)
        return found, different

    def dealt(self, saved: Sequence[Weights]) -> list[Weights]:
        """The weights as they are for now."""
        return [_dealt(weights, self.weights.get(weights.bond)) for weights in saved]


def _dealt(saved: Weights, told: Mapping[str, Any] | None) -> Weights:
    if told is None or told["saved"] != saved.item():
        return saved
    return replace(saved, changed=told["changed"], buckets=tuple(told["buckets"]))


def weights_told(saved: Weights, dealt: Weights) -> dict[str, Any]:
    """As it is written: with what was saved then, since it says nothing about anything else."""
    return {"saved": saved.item(), "changed": dict(dealt.changed), "buckets": list(dealt.buckets)}


def path_of(state_directory: str | Path, run: Path = silence.RUN) -> Path:
    """The file of the agent that looks after that saved state."""
    return silence.path_of(state_directory, run, "rates")


def write(told: Told, path: Path) -> None:
    """Say it."""
    rates = [[list(key), rate] for key, rate in told.rates.items()]
    silence.put(path, json.dumps({"rates": rates, "weights": told.weights}))


def write_links(links: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Say what is known of links, for people: beside the other file, as it is long and changes all the time."""
    silence.put(_of_links(path), json.dumps(list(links)))


def forget(path: Path) -> None:
    """Nothing is said any longer."""
    for file in (path, _of_links(path)):
        file.unlink(missing_ok=True)


def read(state_directory: str | Path, run: Path = silence.RUN) -> Told:
    """What a living agent says; nothing without one."""
    found = _read(state_directory, run, path_of(state_directory, run))
    return Told({tuple(key): rate for key, rate in found["rates"]}, found["weights"]) if found else Told()


def links(state_directory: str | Path, run: Path = silence.RUN) -> list[dict[str, Any]]:
    """What a living agent knows of links, as ``telling.link`` has them; nothing without one."""
    return _read(state_directory, run, _of_links(path_of(state_directory, run))) or []


def _of_links(path: Path) -> Path:
    return path.with_suffix(".links")


def _read(state_directory: str | Path, run: Path, path: Path) -> Any:
    try:
        return json.loads(path.read_text()) if silence.lives(state_directory, run) else None
    except (OSError, ValueError):
        return None
