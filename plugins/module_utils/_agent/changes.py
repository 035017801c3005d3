# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file descriptor that becomes readable when saved state has changed (inotify(7)): a run of a module can change it
without anything else that the kernel would tell of."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress

_IN_MOVED_TO, _IN_DELETE = 0x80, 0x200
_IN_CLOEXEC, _IN_NONBLOCK = os.O_CLOEXEC, os.O_NONBLOCK


class Changes:
    """Files that come whole under their name, or go, in one directory. There are none in one that does not exist."""

    def __init__(self, directory: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init1(_IN_CLOEXEC | _IN_NONBLOCK)
        if self._handle < 0:
            raise OSError(ctypes.get_errno(), "inotify")
        libc.inotify_add_watch(self._handle, os.fsencode(directory), _IN_MOVED_TO | _IN_DELETE)

    def fileno(self) -> int:
        """For select."""
        return self._handle

    def take(self) -> None:
        """Forget those that have come."""
        with suppress(BlockingIOError):
            while os.read(self._handle, 1 << 16):
                pass
