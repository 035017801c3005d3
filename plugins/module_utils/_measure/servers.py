# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iperf3 servers that we start, and only those stopped: each has a pid file that names it."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError

START_S = 10.0
STOP_S = 5.0
POLL_S = 0.1
_LISTEN = "0A"


@dataclass(frozen=True)
class Server:
    """One `iperf3 -s` on an address of this node. The pid file's name tells address and port."""

    endpoint: Endpoint
    directory: Path

    @property
    def pid_file(self) -> Path:
        return self.directory / (
            re.sub(r"[^0-9A-Za-z.-]", "_", f"{self.endpoint.address}-{self.endpoint.port}") + ".pid"
        )

    @property
    def log_file(self) -> Path:
        return self.pid_file.with_suffix(".log")

    def command(self, program: str = "iperf3") -> list[str]:
        bind = [] if self.endpoint.address == "*" else ["-B", self.endpoint.address]
        files = ["-I", str(self.pid_file), "--logfile", str(self.log_file)]
        return [program, "-s", "-D", "-p", str(self.endpoint.port), *bind, *files]

    def pid(self) -> int | None:
        """The process that we started, or None. A pid file whose process is another program counts as none."""
        try:
            number = int(self.pid_file.read_text().strip("\0\n "))
            arguments = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except (OSError, ValueError):
            return None
        return number if str(self.pid_file) in arguments and number > 1 else None


def is_local(endpoint: Endpoint) -> bool:
    """Whether this node has the address (a socket can be bound to it); `*` is everybody's."""
    if endpoint.address == "*":
        return True
    return _bind_error(endpoint, 0) not in (errno.EADDRNOTAVAIL, socket.EAI_NONAME)


def _bind_error(endpoint: Endpoint, port: int) -> int:
    """0, or the error number with which a TCP socket cannot be bound there."""
    address = "::" if endpoint.address == "*" else endpoint.address
    try:
        family, kind, protocol, _name, target = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return socket.EAI_NONAME
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(target)
        except OSError as error:
            return error.errno or -1
    return 0


def listening_ports(tables: Sequence[str]) -> set[int]:
    """TCP ports in state LISTEN, from the texts of /proc/net/tcp and /proc/net/tcp6 (proc(5))."""
    rows = (line.split() for table in tables for line in table.splitlines()[1:])
    return {int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTEN}


def _listens(port: int) -> bool:
    tables = []
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            tables.append(Path("/proc/net", name).read_text())
    return port in listening_ports(tables)


def start(server: Server) -> int:
    """Start it in the background and wait until it listens; its process id.

    :raises MeasureError: iperf3 is missing, the address is not this node's, the port is taken, or it died.
    """
    where, error = server.endpoint, _bind_error(server.endpoint, server.endpoint.port)
    if error == errno.EADDRINUSE:
        raise MeasureError(
            f"{where}: another program listens there, not started by this benchmark; stop it, choose another"
            " port, or, if it is an iperf3 server, list its address and leave this host out"
        )
    if error:
        raise MeasureError(f"{where}: cannot listen there ({os.strerror(error)}); is it an address of this node?")
    server.directory.mkdir(parents=True, exist_ok=True, mode=0o755)
    server.log_file.unlink(missing_ok=True)
    try:
        done = subprocess.run(server.command(), capture_output=True, text=True, timeout=START_S, check=False)
    except FileNotFoundError:
        raise MeasureError("the program 'iperf3' is not on this node; install it (package iperf3)") from None
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        pid = server.pid()
        if pid is not None and _listens(where.port):
            return pid
        time.sleep(POLL_S)
    said = done.stderr.strip() or (server.log_file.read_text().strip() if server.log_file.exists() else "")
    stop(server)
    raise MeasureError(f"{where}: iperf3 -s did not listen within {START_S:.0f} s; it said: {said or 'nothing'}")


def stop(server: Server) -> bool:
    """Stop it if we started it, and remove its files; whether it ran."""
    pid = server.pid()
    if pid is not None:
        _end(pid)
    for path in (server.pid_file, server.log_file):
        path.unlink(missing_ok=True)
    return pid is not None


def _end(pid: int) -> None:
    for number, patience_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not _alive(pid):
                return
            time.sleep(POLL_S)


def _alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
