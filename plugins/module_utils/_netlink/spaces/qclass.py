# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of the htb at the root of interfaces (see _kinds/htb.py). Ours are those of a root of ours, 7600:."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from ..._engine.errors import KernelError
from ..._engine.objects import Obj, Step
from ..._engine.planner import Kinds
from ..._kinds.qdisc import ROOT_HANDLE, class_number, class_text
from ..conversation import CREATE, EXCLUSIVE
from ..decoder import Answer
from ..links import Request
from ..messages import (
    DELETE_CLASS,
    GET_CLASSES,
    GET_QDISCS,
    NEW_CLASS,
    ROOT_PARENT,
    attributes,
    build,
    qdiscmsg,
)
from ..node import Node

_KIND = "htb_class"
_HTB = "htb"


class ClassSpace:
    """Keyed by interface and class."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool, others: bool = False) -> list[Obj]:
        """All classes of ours; others cannot have keys of ours. One dump for each interface with an htb of ours."""
        if _KIND not in kinds:
            return []
        rooted = [
            answer["index"]
            for answer in self._node.rtnl.dump(GET_QDISCS, qdiscmsg)
            if answer["parent"] == ROOT_PARENT
            and answer["handle"] == ROOT_HANDLE
            and attributes(answer)["TCA_KIND"] == _HTB
        ]
        return [
            self._obj(answer, self._node.names[index], kinds)
            for index in rooted
            if index in self._node.names
            for answer in self._node.rtnl.dump(GET_CLASSES, qdiscmsg, {"index": index})
            if answer["index"] == index and answer["handle"] & 0xFFFF0000 == ROOT_HANDLE
        ]

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """None."""
        return []

    def apply(self, step: Step, kinds: Kinds, *, undo: bool) -> None:
        """Do it. KernelError if the kernel refuses."""
        attrs = step.obj.attrs
        link = self._node.link(attrs["interface"])
        if link is None:
            raise KernelError(errno.ENODEV, f"no interface {attrs['interface']}")
        requests = []
        if step.op in ("delete", "recreate"):
            requests.append((DELETE_CLASS, 0, self._message(step.obj, link.index)))
        if step.after:
            flags = 0 if step.op == "change" else CREATE | EXCLUSIVE
            requests.append(self._making(step.after, link.index, kinds, flags))
        try:
            self._node.rtnl.send(requests)
        except KernelError as exc:
            if exc.errno in (errno.ENOENT, errno.EOPNOTSUPP) and step.op == "create":
                reason = f"{exc.reason}: there is no htb of ours at the root of {attrs['interface']}"
                raise KernelError(exc.errno, reason) from exc
            raise

    def _making(self, obj: Obj, index: int, kinds: Kinds, flags: int) -> Request:
        codec = kinds[obj.kind].codec
        options = codec.pack(obj.attrs) if codec else b""
        return (NEW_CLASS, flags, self._message(obj, index, {"TCA_KIND": _HTB, "TCA_OPTIONS": options}))

    @staticmethod
    def _message(obj: Obj, index: int, parts: dict[str, object] | None = None) -> qdiscmsg:
        fields = {"index": index, "parent": ROOT_HANDLE, "handle": class_number(obj.attrs["classid"])}
        return build(qdiscmsg, fields, parts or {})

    @staticmethod
    def _obj(answer: Answer, name: str, kinds: Kinds) -> Obj:
        classid = class_text(answer["handle"] & 0xFFFF)
        codec = kinds[_KIND].codec
        options = attributes(answer).get("TCA_OPTIONS")
        found = codec.unpack(options) if codec and options else {}
        return Obj(_KIND, ("qclass", name, classid), {"interface": name, "classid": classid, **found})
