# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that answers on ports, and one that asks; for tests with several namespaces.

``python talkers.py serve NAME tcp:443 udp:5000`` answers whoever comes with ``NAME ADDRESS PORT``, the name of the
server and who it sees, and prints ``ready`` when it listens. A TCP client that sends ``get BYTES`` gets so many.
"""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ansible_collections.linkagg.wan.tests.netns.planned import inside, program

TIMEOUT_S = 3


def _answer(name: str, connection: socket.socket, peer: tuple[str, int]) -> None:
    with connection:
        words = connection.recv(100).split()
        if words[:1] == [b"get"]:
            connection.sendall(bytes(int(words[1])))
        else:
            connection.sendall(f"{name} {_plain(peer[0])} {peer[1]}".encode())


def _plain(address: str) -> str:
    return address.removeprefix("::ffff:")


def _tcp(name: str, port: int) -> None:
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=64)

    def accept() -> None:
        while True:
            threading.Thread(target=_answer, args=(name, *server.accept()), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _udp(name: str, port: int) -> None:
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))

    def answer() -> None:
        while True:
            _data, peer = server.recvfrom(100)
            server.sendto(f"{name} {_plain(peer[0])} {peer[1]}".encode(), peer)

    threading.Thread(target=answer, daemon=True).start()


def serve(name: str, *ports: str) -> None:
    """Answer until standard input ends."""
    for port in ports:
        protocol, number = port.split(":")
        (_tcp if protocol == "tcp" else _udp)(name, int(number))
    print("ready", flush=True)
    sys.stdin.read()


@contextmanager
def server(namespace: str, name: str, *ports: str) -> Iterator[None]:
    """A server that runs in a namespace meanwhile."""
    with inside(namespace):
        process = subprocess.Popen(
            [sys.executable, "-m", "ansible_collections.linkagg.wan.tests.netns.talkers", "serve", name, *ports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    assert process.stdout is not None
    with process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.kill()


def ask(
    namespace: str, address: str, port: int, protocol: str = "tcp", *, source: tuple[str, int] | None = None
) -> str:
    """What a server says to a host in a namespace, ``NAME ADDRESS PORT``; why there is no answer, otherwise."""
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with inside(namespace), socket.socket(family, kind) as talk:
        talk.settimeout(TIMEOUT_S)
        talk.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            if source:
                talk.bind(source)
            talk.connect((address, port))
            talk.send(b"who")
            return talk.recv(200).decode()
        except OSError as exc:
            return f"{type(exc).__name__}"


def answering(namespace: str, targets: Sequence[tuple[str, int, str]], wait_s: float = 2) -> list[tuple[str, int, str]]:
    """Of ``(address, port, protocol)`` those from which anything comes, be it a refusal; all are asked at once."""
    talks: dict[socket.socket, tuple[str, int, str]] = {}
    with inside(namespace), ExitStack() as open_sockets:
        for address, port, protocol in targets:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            talk = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
            open_sockets.enter_context(talk).setblocking(False)
            talk.connect_ex((address, port))
            if protocol == "udp":
                talk.send(b"who")
            talks[talk] = (address, port, protocol)
        time.sleep(wait_s)
        events = select.poll()
        for talk in talks:
            events.register(talk, select.POLLOUT if talk.type == socket.SOCK_STREAM else select.POLLIN)
        heard = {number for number, _event in events.poll(0)}
        return [target for talk, target in talks.items() if talk.fileno() in heard]


def replying(namespace: str, *addresses: str, options: Sequence[str] = ()) -> set[str]:
    """Of addresses those that answer a ping."""
    ping = program("ping")
    with inside(namespace):
        running = {
            address: subprocess.Popen(
                [ping, "-n", "-q", "-c", "2", "-i", "0.3", "-W", "2", *options, address], stdout=subprocess.DEVNULL
            )
            for address in addresses
        }
        return {address for address, process in running.items() if process.wait() == 0}


def download(namespace: str, address: str, port: int, size: int, source: tuple[str, int]) -> tuple[socket.socket, int]:
    """A connection from an address and port of a host in a namespace, over which so many bytes have been asked for."""
    with inside(namespace):
        talk = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        talk.settimeout(20)
        talk.bind(source)
        talk.connect((address, port))
    talk.sendall(f"get {size}".encode())
    return talk, size


def arrived(talk: socket.socket) -> int:
    """How many bytes came until the server closed."""
    with talk:
        return sum(map(len, iter(lambda: talk.recv(1 << 16), b"")))


if __name__ == "__main__":
    serve(*sys.argv[2:])
