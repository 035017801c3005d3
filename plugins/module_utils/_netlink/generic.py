# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Families of generic netlink: found by name, spoken to with one class of messages each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .conversation import ACK, DUMP, NETLINK_GENERIC, Conversation
from .messages import attributes, build, familymsg

_CONTROL, _GET_FAMILY = 0x10, 3


class Family:
    """A conversation with one family. KernelError, number ENOENT, if this kernel does not have it."""

    def __init__(self, name: str, cls: type) -> None:
        self._cls = cls
        self._conversation = Conversation(NETLINK_GENERIC)
        fields = {"cmd": _GET_FAMILY, "version": 1}
        try:
            found = self._conversation.dump(_CONTROL, familymsg, fields, {"CTRL_ATTR_FAMILY_NAME": name}, flags=ACK)
        except BaseException:
            self._conversation.close()
            raise
        self._number: int = attributes(found[0])["CTRL_ATTR_FAMILY_ID"]

    def close(self) -> None:
        """End it."""
        self._conversation.close()

    def dump(self, command: int, attrs: Mapping[str, Any] | None = None) -> list[Any]:
        """All answers to a question about many."""
        return self._conversation.dump(self._number, self._cls, _fields(command), attrs, DUMP)

    def ask(self, command: int, attrs: Mapping[str, Any] | None = None) -> Any:
        """The answer to a question about one."""
        return self._conversation.dump(self._number, self._cls, _fields(command), attrs, ACK)[0]

    def send(self, requests: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        """Requests as (command, attributes), handed over together."""
        messages = [(self._number, 0, build(self._cls, _fields(command), attrs)) for command, attrs in requests]
        self._conversation.send(messages)


def _fields(command: int) -> dict[str, int]:
    return {"cmd": command, "version": 1}
