# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loaded by the Python of a module under test: it gives itself a signal at a step.

``LINKAGG_TEST_SIGNAL`` is ``SIGNAL WHEN NUMBER``: ``SIGKILL step 2`` before its second step, ``SIGKILL batch 2``
before it hands its second batch of requests to the kernel. Nothing else of the module is other than in production.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._netlink.conversation import Conversation
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel

SIGNAL, WHEN, NUMBER = os.environ["LINKAGG_TEST_SIGNAL"].split()


def interrupted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its process getting the signal before the call of that number."""
    calls = 0

    def wrapper(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == int(NUMBER):
            os.kill(os.getpid(), signal.Signals[SIGNAL])
        return function(*args, **options)

    return wrapper


if signal.getsignal(signal.Signals[SIGNAL]) is signal.SIG_IGN:  # SIGINT, where a script runs the tests behind its back
    signal.signal(signal.Signals[SIGNAL], signal.SIG_DFL)

if WHEN == "step":
    NetlinkKernel.apply = interrupted(NetlinkKernel.apply)
else:
    Conversation.send = interrupted(Conversation.send)
