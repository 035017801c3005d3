# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers behind the proxy do, and its clients."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.linkagg.wan.tests.netns.proxy_site import SERVER, ProxySite, hang_up, pump

BODY = os.urandom(1 << 20) * 8


def echo(connection: socket.socket) -> None:
    """Answer line by line."""
    with connection, connection.makefile("rwb", buffering=0) as lines:
        try:
            for line in lines:
                lines.write(line)
        except OSError:
            pass


def body(connection: socket.socket) -> None:
    """Send everything, then close."""
    with connection:
        connection.sendall(BODY)


def digest(connection: socket.socket) -> None:
    """Say what came until the client closed its direction, and then a lot more."""
    with connection:
        connection.sendall(hashlib.sha256(pump(connection)).digest() + BODY)


def talk(connection: socket.socket) -> None:
    """Ask whoever echoes."""
    connection.sendall(b"?\n")
    assert connection.recv(16) == b"?\n"


def memory_kb(pid: int) -> int:
    """Resident memory in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


@contextmanager
def thousand(site: ProxySite) -> Iterator[dict[str, float]]:
    """So many connections at a time, all of which were answered; what each takes in kB, by process."""
    before = {name: memory_kb(process.pid) for name, process in site.running.items()}
    with site.serving("internet", 7000, echo):
        connections = [site.connect(SERVER, 7000) for _number in range(1000)]
        try:
            for connection in connections:
                talk(connection)
            yield {name: (memory_kb(process.pid) - before[name]) / 1000 for name, process in site.running.items()}
        finally:
            hang_up(connections)
