# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How marked packets find their port of a bond: filters of traffic control on what the bond sends.

A packet with mark ``queue_mark + n`` gets transmit queue n, by which the bond sends it over the port whose ``queue_id``
is n, if that is up (drivers/net/bonding/bond_main.c, bond_slave_override), and loses the mark: nothing below sees it.
All others get queue 0, which leaves them to the bond's own policy. Without that they would have the queue in which a
card with several received them, and would go over the port of that number.

Filters cannot carry an owner. Those of preferences 7600 to 7699 are ours.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .qdisc import attribute, attributes

FIRST_PREFERENCE, LAST_PREFERENCE = 7600, 7699
MODES = ("balance-rr", "active-backup")
MOST_QUEUES = 15  # a bond has 16 unless it is told otherwise, and 0 is for all others
LAST_MARK = 0xFFFFFFFF - MOST_QUEUES
NONE, UNKNOWN = 0, -1

_BY_MARK, _ALL_OTHERS = FIRST_PREFERENCE, FIRST_PREFERENCE + 1
_EVERY_PROTOCOL = socket.htons(3)  # ETH_P_ALL
_FW_ACTION, _MATCHALL_ACTION = 4, 2  # TCA_FW_ACT, TCA_MATCHALL_ACT
_ACTIONS = {"fw": _FW_ACTION, "matchall": _MATCHALL_ACTION}
_ACTION_KIND, _ACTION_OPTIONS = 1, 2
_SKBEDIT_PARAMETERS, _SKBEDIT_QUEUE, _SKBEDIT_MARK = 2, 4, 5
_PARAMETERS = struct.Struct("=IIiii")  # struct tc_skbedit: index, capab, action (0: on with it), counters


@dataclass(frozen=True)
class Filter:
    """One filter: ``handle`` is the mark that it is for, ``queue`` what it gives. ``clears``: the mark goes."""

    preference: int
    kind: str
    handle: int
    queue: int | None
    clears: bool = False
    protocol: int = _EVERY_PROTOCOL

    @property
    def info(self) -> int:
        """The field of struct tcmsg."""
        return self.preference << 16 | self.protocol

    def options(self) -> bytes:
        """TCA_OPTIONS: one action, skbedit."""
        edits = attribute(_SKBEDIT_PARAMETERS, _PARAMETERS.pack(0, 0, 0, 0, 0))
        edits += attribute(_SKBEDIT_QUEUE, struct.pack("=H", self.queue or 0))
        edits += attribute(_SKBEDIT_MARK, struct.pack("=I", 0)) if self.clears else b""
        action = attribute(_ACTION_KIND, b"skbedit\0") + attribute(_ACTION_OPTIONS, edits)
        return attribute(_ACTIONS[self.kind], attribute(1, action))


def filters(queue_mark: int) -> list[Filter]:
    """All that a bond has with that ``queue_mark``."""
    if queue_mark == NONE:
        return []
    by_mark = [Filter(_BY_MARK, "fw", queue_mark + n, n, clears=True) for n in range(1, MOST_QUEUES + 1)]
    return [*by_mark, Filter(_ALL_OTHERS, "matchall", 1, 0)]


def ours(preference: int) -> bool:
    """Whether a filter is ours by its preference."""
    return FIRST_PREFERENCE <= preference <= LAST_PREFERENCE


def parsed(info: int, handle: int, kind: str, options: bytes) -> Filter:
    """A filter as the kernel shows it. ``queue`` None: it does something else than ours do."""
    place = {"preference": info >> 16, "protocol": info & 0xFFFF, "kind": kind, "handle": handle}
    actions = dict(attributes(dict(attributes(options)).get(_ACTIONS.get(kind, 0), b"")))
    action = dict(attributes(actions[1])) if set(actions) == {1} else {}
    edits = dict(attributes(action.get(_ACTION_OPTIONS, b"")))
    if action.get(_ACTION_KIND) != b"skbedit\0" or _SKBEDIT_QUEUE not in edits:
        return Filter(queue=None, **place)
    return Filter(
        queue=struct.unpack_from("=H", edits[_SKBEDIT_QUEUE])[0],
        clears=edits.get(_SKBEDIT_MARK) == b"\0\0\0\0",
        **place,
    )


def queue_mark_of(found: Iterable[Filter]) -> int:
    """The ``queue_mark`` that makes exactly these of our filters; UNKNOWN if none does."""
    there = {one for one in found if ours(one.preference)}
    if not there:
        return NONE
    guess = min(one.handle for one in there if one.kind == "fw") - 1 if any(one.kind == "fw" for one in there) else 0
    return guess if guess > 0 and there == set(filters(guess)) else UNKNOWN


def check(attrs: Mapping[str, object]) -> list[str]:
    """What stands against a bond's ``queue_mark``."""
    if not attrs.get("queue_mark") or attrs["mode"] in MODES:
        return []
    return [f"queue_mark: the kernel looks at queues only with mode {' or '.join(MODES)}, this is {attrs['mode']}"]


def preferences(found: Sequence[Filter]) -> list[Filter]:
    """One filter for each preference and protocol of ours, by which all of it can be removed."""
    return list({one.info: one for one in found if ours(one.preference)}.values())
