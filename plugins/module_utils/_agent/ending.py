# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signal that asks the agent to end, as a file descriptor for select: it is heard between two turns, never within."""

from __future__ import annotations

import signal
import socket
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """From now on the signals only leave a note."""

    def __init__(self) -> None:
        self.asked = False
        self._near, self._far = socket.socketpair()
        self._far.setblocking(False)
        signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._note)

    def fileno(self) -> int:
        """Readable once one has come."""
        return self._near.fileno()

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
