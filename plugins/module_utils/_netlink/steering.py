# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and writes the filters by which marked packets find their port of a bond (see _kinds/steering.py).

Source: linux/pkt_sched.h, pkt_cls.h, tc_act/tc_skbedit.h. They hang on the queueing discipline ``clsact``, of which an
interface has one at most and whose handle is always the same. It is made if there is none, and goes with the last
filter of an interface of ours, whoever's that was.
"""

from __future__ import annotations

import errno

from .._engine.errors import KernelError
from .._kinds.steering import NONE, Filter, filters, parsed, preferences, queue_mark_of
from .conversation import CREATE, EXCLUSIVE, Conversation
from .links import Request
from .messages import DELETE_QDISC, GET_QDISCS, NEW_QDISC, attributes, build, filtermsg, qdiscmsg

_NEW_FILTER, _DELETE_FILTER, _GET_FILTERS = 44, 45, 46
_CLSACT, _CLSACT_HANDLE = 0xFFFFFFF1, 0xFFFF0000
_INGRESS, _EGRESS = 0xFFFFFFF2, 0xFFFFFFF3


def classified(rtnl: Conversation) -> frozenset[int]:
    """Indices of the interfaces that have a ``clsact``, and so can have filters."""
    answers = rtnl.dump(GET_QDISCS, qdiscmsg)
    return frozenset(answer["index"] for answer in answers if attributes(answer).get("TCA_KIND") == "clsact")


def read(rtnl: Conversation, index: int) -> int:
    """The ``queue_mark`` of a bond."""
    return queue_mark_of(_filters(rtnl, index, _EGRESS))


def write(rtnl: Conversation, index: int, queue_mark: int, *, ours: bool) -> None:
    """Give a bond that ``queue_mark``. ``ours``: the interface is, so that an empty ``clsact`` can go."""
    there = index in classified(rtnl)
    old = preferences(_filters(rtnl, index, _EGRESS)) if there else []
    batch = [_request(_DELETE_FILTER, 0, index, one.info) for one in old]
    if queue_mark != NONE:
        batch += [] if there else [_clsact(NEW_QDISC, CREATE | EXCLUSIVE, index)]
        batch += [_addition(index, one) for one in filters(queue_mark)]
    try:
        rtnl.send(batch)
    except KernelError as exc:
        if exc.errno == errno.ENOENT and queue_mark != NONE:
            reason = f"{exc.reason}: this node's kernel lacks one of sch_ingress, cls_fw, cls_matchall, act_skbedit"
            raise KernelError(exc.errno, reason) from exc
        raise
    empty = queue_mark == NONE and not any(_filters(rtnl, index, parent) for parent in (_INGRESS, _EGRESS) if there)
    if there and ours and empty:
        rtnl.send([_clsact(DELETE_QDISC, 0, index)])


def _filters(rtnl: Conversation, index: int, parent: int) -> list[Filter]:
    found = []
    for answer in rtnl.dump(_GET_FILTERS, filtermsg, {"index": index, "parent": parent}):
        nlas = attributes(answer)
        if answer["handle"] and "TCA_OPTIONS" in nlas:  # the others are heads of lists
            found.append(parsed(answer["info"], answer["handle"], nlas["TCA_KIND"], nlas["TCA_OPTIONS"]))
    return found


def _clsact(kind: int, flags: int, index: int) -> Request:
    fields = {"index": index, "parent": _CLSACT, "handle": _CLSACT_HANDLE}
    return (kind, flags, build(qdiscmsg, fields, {"TCA_KIND": "clsact"}))


def _addition(index: int, one: Filter) -> Request:
    fields = {"index": index, "parent": _EGRESS, "info": one.info, "handle": one.handle}
    parts = {"TCA_KIND": one.kind, "TCA_OPTIONS": one.options()}
    return (_NEW_FILTER, CREATE | EXCLUSIVE, build(filtermsg, fields, parts))


def _request(kind: int, flags: int, index: int, info: int) -> Request:
    return (kind, flags, build(filtermsg, {"index": index, "parent": _EGRESS, "info": info}, {}))
