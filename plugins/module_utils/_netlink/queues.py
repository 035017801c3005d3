# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What shapes a link of ours, as the kernel's own messages: a link that is made anew in place of one gets it back.

Source: struct tcmsg of linux/rtnetlink.h.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterable

from .._engine.errors import KernelError
from .._kinds.htb import spoken
from .._kinds.qdisc import FIRST_HANDLE, LAST_HANDLE
from .conversation import CREATE, REPLACE, Conversation
from .decoder import HEADER_BYTES, Answer
from .messages import GET_CLASSES, GET_QDISCS, NEW_CLASS, NEW_QDISC, ROOT_PARENT, attributes, qdiscmsg

_INDEX = struct.Struct("=i")
_INDEX_PLACE = HEADER_BYTES + 4  # after family and padding

Queues = list[tuple[int, bytes]]  # of a link: types and messages, in the order in which they can come back


def read_queues(rtnl: Conversation) -> dict[int, Queues]:
    """By index of the link, those that have a discipline of ours at the root. One dump for all; classes of a link are
    read by ``with_classes``."""
    found: dict[int, Queues] = {}
    inner: dict[int, Queues] = {}
    for answer in rtnl.dump(GET_QDISCS, qdiscmsg):
        where = (answer["parent"] if answer["parent"] != ROOT_PARENT else answer["handle"]) >> 16
        if FIRST_HANDLE <= where <= LAST_HANDLE and answer["handle"]:
            target = found if answer["parent"] == ROOT_PARENT else inner
            target.setdefault(answer["index"], []).append((NEW_QDISC, repeatable(answer)))
    return {index: queues + inner.get(index, []) for index, queues in found.items()}


def with_classes(rtnl: Conversation, index: int, queues: Queues) -> Queues:
    """Those of a link that is there, with the classes between the root and what is in them."""
    if len(queues) < 2:
        return queues
    classes = [
        (NEW_CLASS, answer.raw)
        for answer in rtnl.dump(GET_CLASSES, qdiscmsg, {"index": index})
        if answer["index"] == index and attributes(answer).get("TCA_KIND") == "htb"
    ]
    return [queues[0], *classes, *queues[1:]]


def repeatable(answer: Answer) -> bytes:
    """A discipline's message as the kernel takes it."""
    nlas = attributes(answer)
    options = nlas.get("TCA_OPTIONS")
    if nlas["TCA_KIND"] != "htb" or not options:
        return answer.raw
    return answer.raw.replace(options, spoken(options), 1)


def put_back(rtnl: Conversation, index: int, queues: Iterable[tuple[int, bytes]]) -> None:
    """Give them to the link that has that index now. What cannot come back is reported when shapers are read back."""
    for kind, raw in queues:
        data = bytearray(raw)
        _INDEX.pack_into(data, _INDEX_PLACE, index)
        with contextlib.suppress(KernelError):
            rtnl.replay(kind, CREATE | REPLACE, bytes(data))
