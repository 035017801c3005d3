# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a download does not work, in words that say what to do."""

from __future__ import annotations

import http.client
import socket
import ssl

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError, PassingError
from ansible_collections.linkagg.wan.plugins.module_utils._measure.urls import Url


class Refused(Exception):
    """The server answered, but not with the file."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status = status


_REMEDY = {
    401: "give a file that anybody may download",
    403: "give a file that anybody may download",
    404: "check the path",
    410: "check the path",
    429: "it wants fewer connections; use another server, or one of your own",
    503: "it may want fewer connections; use another server, or one of your own",
}
_PASSING_STATUS = (429, 500, 502, 503, 504)


def words(error: Exception, url: Url, asked: Url) -> MeasureError:
    """The error with the URL in front and what to do behind. A `PassingError` where another try may help.

    `asked` is what the user gave; `url` is where redirects led to.
    """
    text, passing = _why(error, url)
    where = str(asked) if url == asked else f"{asked} (which leads to {url})"
    return (PassingError if passing else MeasureError)(f"{where}: {text}")


def _why(error: Exception, url: Url) -> tuple[str, bool]:
    """What happened and what to do; whether it may pass."""
    if isinstance(error, MeasureError):
        return str(error), False
    if isinstance(error, Refused):
        remedy = _REMEDY.get(error.status, "open it in a browser to see why")
        return f"the server answered {error}; {remedy}", error.status in _PASSING_STATUS
    if isinstance(error, socket.gaierror):
        text = f"the name '{url.host}' does not resolve ({error.strerror}); check it, or this node's name servers"
        return text, error.errno == socket.EAI_AGAIN
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate is not to be trusted ({error.verify_message});"
            " use the name that is in it, or say validate_certs: false for a server of your own"
        ), False
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection comes about ({error.reason}); is port {url.port} really https?", False
    return _network(error, url)


def _network(error: Exception, url: Url) -> tuple[str, bool]:
    where = f"{url.host} port {url.port}"
    if isinstance(error, ConnectionRefusedError):
        return f"no web server listens on {where} (connection refused); start one, or check the port", True
    if isinstance(error, http.client.RemoteDisconnected):
        return f"{where} closed the connection without an answer; is it a web server?", True
    if isinstance(error, (ConnectionError, http.client.IncompleteRead)):
        return f"the connection was broken off ({getattr(error, 'strerror', None) or error})", True
    if isinstance(error, TimeoutError):
        return f"{where} does not answer in time; is the way there up, and does a firewall let it through?", True
    if isinstance(error, http.client.HTTPException):
        said = str(error)[:80] or type(error).__name__
        return f"what {where} answers is not HTTP ({said}); check the port", False
    text = getattr(error, "strerror", None) or str(error)
    return f"{where} cannot be reached ({text}); check the address and the routes", True
