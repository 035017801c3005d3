# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both ends of the TCP relay as processes, the gateway's in the test's own namespace, the concentrator's in another.

veth pairs stand for carriers, and small servers and clients for HAProxy.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.policy_site import inside

INNER, PORT, DOOR, MTU = "10.208.0.1", 7600, "127.0.76.1", 1420
LANES = (1, 2, 3)
NOBODY = 65534
_MAIN = "import sys; from ansible_collections.linkagg.wan.plugins.module_utils._relay.cli import main; "
RUN = [sys.executable, "-c", _MAIN + "sys.exit(main(sys.argv[1:]))"]
_SERVED_S = 30.0


def carrier(number: int) -> str:
    """The gateway's address on it."""
    return f"10.208.0.{64 + number}"


@dataclass
class RelaySite:
    """Ready after ``build``; ``far`` names the other namespace."""

    node: Node
    far: str
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def build(self) -> None:
        """Interfaces, and both ends."""
        for number in LANES:
            ip(f"link add wg{number} type veth peer name far{number} netns {self.far}")
            ip(f"link set wg{number} up mtu {MTU}")
            ip(f"addr add {carrier(number)}/32 dev wg{number}")
            ip(f"rule add from {carrier(number)} lookup {100 + number}")
            ip(f"route add {INNER} dev wg{number} table {100 + number}")
        with inside(self.far):
            ip("link set lo up")
            ip(f"addr add {INNER}/32 dev lo")
            for number in LANES:
                ip(f"link set far{number} up mtu {MTU}")
                ip(f"route add {carrier(number)} dev far{number}")
            self.start_far()
        self.start_near()

    def start_far(self) -> None:
        """The concentrator's end."""
        with inside(self.far):
            words = ["concentrator", "--listen", f"{INNER}:{PORT}", "--proxy", f"{INNER}:{PORT}"]
            self._start("far", [*words, "--user", str(NOBODY)])

    def start_near(self) -> None:
        """The gateway's."""
        lanes = [word for number in LANES for word in ("--lane", f"lte{number}", carrier(number), str(MTU))]
        self._start(
            "near", ["gateway", "--to", f"{INNER}:{PORT}", "--listen", f"{DOOR}:{PORT}", *lanes, "--user", str(NOBODY)]
        )

    def _start(self, name: str, words: list[str]) -> None:
        # it writes little, so that nobody has to read while it runs
        self.running[name] = subprocess.Popen([*RUN, *words], stdout=subprocess.PIPE, text=True)

    def stop(self, name: str) -> str:
        """End one end; what it said."""
        process = self.running.pop(name)
        process.terminate()
        return process.communicate(timeout=10)[0]

    def end(self) -> None:
        """End all that runs."""
        for name in list(self.running):
            self.stop(name)

    def connect(self, wait_s: float = 10.0) -> socket.socket:
        """As HAProxy of the gateway does; while it is refused, tried again so long."""
        until = time.monotonic() + wait_s
        while True:
            with suppress(ConnectionRefusedError):
                return socket.create_connection((DOOR, PORT), timeout=_SERVED_S)
            if time.monotonic() > until:
                raise AssertionError("the gateway's end takes no connection")
            time.sleep(0.1)

    @contextmanager
    def served(self, serve: Callable[[socket.socket], Any]) -> Iterator[None]:
        """In place of the concentrator's HAProxy: each connection is served in a thread of its own."""
        with inside(self.far):
            listener = socket.create_server((INNER, PORT))
        stopping = threading.Event()

        def one(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.settimeout(_SERVED_S)
                serve(connection)

        def all_of_them() -> None:
            while not stopping.is_set():
                with suppress(OSError):
                    connection, _address = listener.accept()
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        listener.settimeout(0.2)
        thread = threading.Thread(target=all_of_them)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()
            listener.close()

    def cut(self, number: int) -> None:
        """A lane swallows everything, both ways, and nobody is told."""
        self.drop(f"iifname wg{number}", f"oifname wg{number}")

    def drop(self, coming: str, going: str) -> None:
        """Packets at the gateway's carriers that match."""
        rules = f"""
        table inet cut {{
            chain coming {{ type filter hook input priority 0; {coming} drop; }}
            chain going {{ type filter hook output priority 0; {going} drop; }}
        }}
        """
        subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)

    def received(self, number: int) -> int:
        """Bytes that came over a lane to the gateway."""
        return int(ip(f"-s -j link show wg{number}")[0]["stats64"]["rx"]["bytes"])


def read_all(one: socket.socket) -> bytes:
    """Until its end."""
    parts = []
    while part := one.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)
