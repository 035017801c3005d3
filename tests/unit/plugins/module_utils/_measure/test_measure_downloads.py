# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads from real web servers on loopback: what is counted, and what is said of servers that do not work."""

from __future__ import annotations

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure import downloads, fetch, runner, urls
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import TESTS
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError, PassingError

BODY = b"x" * 400_000


class Handler(http.server.BaseHTTPRequestHandler):
    """Files by their names: how large, how fast, how wrong."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_words: object) -> None:
        pass

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        getattr(self, f"_{name}", self._missing)()

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in {"content_length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _big(self) -> None:
        """About 4 MB/s in chunks, so that a busy machine can follow."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY) * 100))
        self.end_headers()
        for _part in range(1000):
            self.wfile.write(BODY[: len(BODY) // 10])
            time.sleep(0.01)

    def _file(self) -> None:
        self._answer(200, BODY)

    def _old(self) -> None:
        """Without a length, as HTTP/1.0 servers do: the end of the connection is the end of the file."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(BODY)

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))

    def _short(self) -> None:
        """Promises more than it sends."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY) * 2))
        self.end_headers()
        self.wfile.write(BODY)

    def _tiny(self) -> None:
        self._answer(200, b"hello")

    def _missing(self) -> None:
        self._answer(404)

    def _busy(self) -> None:
        self._answer(503)

    def _moved(self) -> None:
        self._answer(302, location="/file")

    def _circle(self) -> None:
        self._answer(301, location="/circle")


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 50

    def handle_error(self, *_of: object) -> None:
        """Clients that hang up are what this is about."""


Web = Callable[..., str]


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """The URL of a file on our server."""
    server = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield lambda name: f"http://127.0.0.1:{server.server_address[1]}/{name}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody can as long as we have it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def get(*texts: str, **way: object) -> downloads.Downloaded:
    return downloads.download([urls.parse(text) for text in texts], fetch.Way(**way), 0.1, 0.5)


def fails(*texts: str, **way: object) -> str:
    with pytest.raises(MeasureError) as caught:
        get(*texts, **way)
    return str(caught.value)


def test_what_arrives_in_the_measured_seconds_is_counted(web: Web) -> None:
    found = get(*[web("big")] * 3)
    assert len(found.connections_mbit) == 3
    assert found.goodput_mbit == pytest.approx(sum(found.connections_mbit))
    # 40 kB each 10 ms are 32 Mbit/s and connection, less what a busy machine cannot do.
    assert 5 < found.goodput_mbit < 3 * 32
    assert found.ended_at - found.started_at == pytest.approx(0.5, abs=0.2)
    assert found.warnings == ()


@pytest.mark.parametrize("name", ["file", "old", "chunked", "moved"])
def test_a_file_that_ends_is_asked_for_again_and_again(web: Web, name: str) -> None:
    found = get(web(name))
    assert found.goodput_mbit * 0.5 > 8 * 2 * len(BODY) / 1e6
    (warning,) = found.warnings
    assert "ended" in warning
    assert "a larger one measures the way better" in warning


def test_a_server_that_is_dead_is_said_and_the_others_go_on(web: Web, closed_port: int) -> None:
    dead = f"http://127.0.0.1:{closed_port}/big"
    found = get(web("big"), dead, web("big"), dead, web("nothing"))
    assert len(found.connections_mbit) == 2
    assert [warning.split(": ")[0] for warning in found.warnings] == [
        "2 of 5 connections did not come about",
        "1 of 5 connections did not come about",
    ]
    assert "(connection refused); start one, or check the port" in found.warnings[0]
    assert "/nothing: the server answered 404" in found.warnings[1]


def test_a_transfer_that_breaks_off_is_said_and_begun_again(web: Web) -> None:
    found = get(web("short"))
    warning = found.warnings[0]
    assert warning.startswith("broke off")
    assert f"it ended after {len(BODY)} of {len(BODY) * 2} bytes" in warning


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "/nothing: the server answered 404 Not Found; check the path"),
        ("busy", "the server answered 503 Service Unavailable; it may want fewer connections"),
        ("tiny", "/tiny: the file has 5 bytes, too small to measure with; give one of 10 MB or more"),
        ("circle", "leads from one place to the next, 5 times"),
    ],
)
def test_files_that_cannot_be_measured_with(web: Web, name: str, said: str) -> None:
    assert said in fails(web(name))


def test_names_that_do_not_resolve() -> None:
    assert "the name 'nowhere.invalid' does not resolve (" in fails("http://nowhere.invalid/f")
    assert "the name 'a..b' does not resolve (not a host name)" in fails("http://a..b/f")


def test_a_server_that_says_nothing_or_something_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        def answer(text: bytes) -> None:
            one, _address = listener.accept()
            one.recv(1000)
            one.sendall(text)
            one.close()

        for text, said in ((b"", "closed the connection without an answer"), (b"SSH-2.0-x\r\n\r\n", "is not HTTP (")):
            threading.Thread(target=answer, args=(text,), daemon=True).start()
            assert said in fails(url)


def test_https_on_a_port_without_is_said(web: Web) -> None:
    assert "no TLS connection comes about" in fails(web("big").replace("http", "https"), tls=fetch.tls_context(True))


def test_a_certificate_must_be_trusted_unless_told_otherwise(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("NOT TESTED: certificates: openssl is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost".split()
    subprocess.run(["openssl", *words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"https://127.0.0.1:{server.server_address[1]}/file"
    try:
        said = fails(url, tls=fetch.tls_context(True))
        assert "the certificate is not to be trusted (self-signed certificate)" in said
        assert "validate_certs: false" in said
        assert get(url, tls=fetch.tls_context(False)).goodput_mbit > 1
    finally:
        server.shutdown()
        server.server_close()


def test_silence_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "START_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        began = time.monotonic()
        with pytest.raises(PassingError, match=r"nothing came within 0\.3 s; is the way there up\?"):
            get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        assert time.monotonic() - began < 3


def test_no_thread_is_left_behind(web: Web) -> None:
    before = threading.active_count()
    get(*[web("big")] * 4)
    deadline = time.monotonic() + 5
    ours = [one for one in threading.enumerate() if isinstance(one, fetch.Download)]
    while any(one.is_alive() for one in ours) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(one.is_alive() for one in ours), before


def request(**more: object) -> runner.Request:
    return runner.Request(**({"servers": [], "duration_s": 1, "warm_up_s": 0, "spare_s": 5} | more))


def test_a_run_has_the_shape_of_the_others(web: Web) -> None:
    files = [urls.parse(web(name)) for name in ("big", "big?2", "big?3")]
    with pytest.raises(MeasureError, match="http_11_down: no file to download; give at least one in 'urls'"):
        runner.measure(TESTS["http_11_down"], request())
    run = runner.measure(TESTS["http_11_down"], request(urls=files, capacity_mbit={"down": 1000.0}))
    assert run["servers"] == [web("big")]
    assert len(run["connections_mbit"]) == 11
    assert 0 < run["jain"] <= 1
    assert run["share"] == pytest.approx(run["goodput_mbit"] / 1000, abs=1e-3)
    assert run["summary"].startswith("11 HTTP downloads: ")


def test_thirty_connections_are_spread_over_all_mirrors(web: Web, closed_port: int) -> None:
    files = [urls.parse(web("big")), urls.parse(f"http://127.0.0.1:{closed_port}/big"), urls.parse(web("big"))]
    run = runner.measure(TESTS["http_30_down"], request(urls=files))
    assert len(run["connections_mbit"]) == 20
    assert run["warnings"][0].startswith("10 of 30 connections did not come about: ")
    assert run["share"] is None


def test_what_may_pass_is_tried_again(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BUSY_PAUSE_S", 0.01)
    tries: list[int] = []
    real = downloads.download
    monkeypatch.setattr(downloads, "download", lambda *words: (tries.append(1), real(*words))[1])
    with pytest.raises(MeasureError, match=r"http_1_down: .*connection refused"):
        runner.measure(TESTS["http_1_down"], request(urls=[urls.parse(f"http://127.0.0.1:{closed_port}/")]))
    assert len(tries) == 2


def test_an_idle_ping_needs_a_server_of_either_kind() -> None:
    runner.check(TESTS["ping_idle"], request(urls=[urls.parse("http://a.example/f")]))
    runner.check(TESTS["ping_idle"], request(servers=[Endpoint("192.0.2.1", 5201)]))
    with pytest.raises(MeasureError, match="ping_idle: no server"):
        runner.check(TESTS["ping_idle"], request())
    with pytest.raises(MeasureError, match="ping_loaded: no server"):
        runner.check(TESTS["ping_loaded"], request(urls=[urls.parse("http://a.example/f")]))
