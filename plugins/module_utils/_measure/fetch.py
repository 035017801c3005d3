# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP connection that downloads a file again and again, and counts what it gets.

Python's own HTTP: 30 connections at 30 Mbit/s cost half the CPU time and a tenth of the memory that 30 curl cost.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError
from ansible_collections.linkagg.wan.plugins.module_utils._measure.fetch_errors import Refused, words
from ansible_collections.linkagg.wan.plugins.module_utils._measure.urls import Url

CONNECT_S = 8.0
REDIRECTS = 5
READ_BYTES = 1 << 18
# Reading in gulps instead of packet by packet: 30 connections then cost a slow router little.
PAUSE_S = 0.05
AGAIN_S = 0.5
# What is smaller is an error page, or measures round trips instead of the way.
LEAST_BYTES = 100_000
HEADERS = {"User-Agent": "linkagg.wan", "Accept": "*/*", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Way:
    """How connections leave this node, and what they are patient with.

    :ivar silence_s: how long one may get nothing before it is broken off.
    :ivar pause_s: the least time between two reads: in gulps, not packet by packet, for the sake of slow routers.
    """

    source: str | None = None
    device: str | None = None
    silence_s: float = 30.0
    pause_s: float = 0.0
    tls: ssl.SSLContext | None = None


def tls_context(validate_certs: bool) -> ssl.SSLContext:
    """One for all connections: reading the certificates of this node's authorities takes a while."""
    context = ssl.create_default_context()
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def open_socket(host: str, port: int, way: Way) -> socket.socket:
    """A connected socket; every address of the name is tried.

    :raises OSError: the last address's error.
    """
    failure: OSError = OSError("no address")
    try:
        host.encode("idna")
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from None
    for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        one = socket.socket(family, kind, protocol)
        try:
            one.settimeout(CONNECT_S)
            if way.device:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, way.device.encode() + b"\0")
            if way.source:
                one.bind((way.source, 0))
            one.connect(address)
        except OSError as error:
            failure = error
            one.close()
            continue
        one.settimeout(way.silence_s)
        return one
    raise failure


class _Connection(http.client.HTTPConnection):
    """http.client's, with our socket in it."""

    def __init__(self, url: Url, way: Way) -> None:
        super().__init__(url.host, url.port)
        self._url, self._way = url, way
        self.default_port = {"http": 80, "https": 443}[url.scheme]

    def connect(self) -> None:
        self.sock = open_socket(self._url.host, self._url.port, self._way)
        if self._url.scheme == "https":
            context = self._way.tls or ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._url.host)


class Download(threading.Thread):
    """Downloads `url` until stopped.

    :ivar received: bytes of files so far, without headers.
    :ivar requests: how many files were begun.
    :ivar began: whether the first bytes of a file came.
    :ivar failures: what went wrong, in words, the latest last. Before the first byte a failure is the end.
    :ivar finished: whether it has ended, because of a failure or because it was stopped.
    """

    def __init__(self, url: Url, way: Way) -> None:
        super().__init__(daemon=True)
        self.url, self.way = url, way
        self.received = self.requests = 0
        self.size_bytes: int | None = None
        self.failures: list[MeasureError] = []
        self.finished = False
        self._target = url
        self._halt = threading.Event()
        self._connection: _Connection | None = None

    @property
    def began(self) -> bool:
        return self.received > 0

    @property
    def waiting(self) -> bool:
        """Whether it may still begin."""
        return not (self.began or self.finished)

    def run(self) -> None:
        while not self._halt.is_set():
            try:
                self._session()
            except (OSError, http.client.HTTPException, Refused, MeasureError) as error:
                if self._halt.is_set():
                    break
                self.failures.append(words(error, self._target, self.url))
                if not self.began or isinstance(error, MeasureError):
                    break
                self._halt.wait(AGAIN_S)
            finally:
                self._close()
        self.finished = True

    def stop(self) -> None:
        """Let it end; `join` waits for that."""
        self._halt.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError, ValueError):
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _session(self) -> None:
        """Files over one connection, until the server closes it."""
        response = self._open()
        while True:
            self._read(response)
            # Read to its end, but http.client may not have noticed before Python 3.12.
            lasting = not response.will_close
            response.close()
            if self._halt.is_set() or not lasting:
                return
            response = self._request(self._connection)
            if response.status != 200:
                raise Refused(response.status, response.reason)

    def _open(self) -> http.client.HTTPResponse:
        for _hop in range(REDIRECTS + 1):
            self._close()
            self._connection = _Connection(self._target, self.way)
            response = self._request(self._connection)
            location = response.getheader("Location")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                break
            self._target = self._target.join(location)
        else:
            raise MeasureError(f"it leads from one place to the next, {REDIRECTS} times; give the last one")
        if response.status != 200:
            raise Refused(response.status, response.reason)
        if response.length is not None and response.length < LEAST_BYTES:
            raise MeasureError(
                f"the file has {response.length} bytes, too small to measure with; give one of 10 MB or more"
            )
        return response

    def _request(self, connection: http.client.HTTPConnection) -> http.client.HTTPResponse:
        connection.request("GET", self._target.target, headers=HEADERS)
        self.requests += 1
        return connection.getresponse()

    def _read(self, response: http.client.HTTPResponse) -> None:
        self.size_bytes = response.length
        got = 0
        while not self._halt.is_set():
            part = response.read1(READ_BYTES)
            if not part:
                break
            got += len(part)
            self.received += len(part)
            if response.length == 0:
                return
            if len(part) < READ_BYTES:
                self._halt.wait(self.way.pause_s)
        if response.length and not self._halt.is_set():
            raise ConnectionResetError(f"it ended after {got} of {got + response.length} bytes")
        if response.length is None and got < LEAST_BYTES and not self._halt.is_set():
            raise MeasureError(f"the file has {got} bytes, too small to measure with; give one of 10 MB or more")
