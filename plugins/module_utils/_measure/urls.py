# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of files to download, as people write them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError

PORTS = {"http": 80, "https": 443}
# What a URL may have unquoted (RFC 3986, 2.2 and 2.3), and the percent sign of what is quoted already.
_SAFE = "/:?#[]@!$&'()*+,;=%-._~"


@dataclass(frozen=True)
class Url:
    """A file on a web server; `target` is the path with the query, as the request line wants it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def server(self) -> str:
        """The server as people know it: `https://mirror.example.net`, with the port if it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")

    def __str__(self) -> str:
        return self.server + self.target

    def join(self, location: str) -> Url:
        """Where a redirect leads to.

        :raises MeasureError: not to a web server.
        """
        return parse(urljoin(str(self), location))


def parse(text: str) -> Url:
    """`http://mirror.example.net/big.iso`, https too, with or without port.

    :raises MeasureError: it is not that, or has a user and a password in it.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise MeasureError(f"url '{text}': {error}; {_EXAMPLE}") from None
    problem = _problem(parts, text)
    if problem:
        raise MeasureError(problem)
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    return Url(parts.scheme, parts.hostname or "", PORTS[parts.scheme] if port is None else port, target)


_EXAMPLE = "write it like http://mirror.example.net/big.iso"


def _problem(parts: SplitResult, text: str) -> str | None:
    if parts.username is not None or parts.password is not None:
        # Without the text: it has a password in it.
        return f"url of {parts.hostname}: it has a user or a password in it; give a file that anybody may download"
    if parts.scheme not in PORTS:
        return f"url '{text}': it begins with neither http:// nor https://; {_EXAMPLE}"
    if not parts.hostname or any(character.isspace() for character in text):
        return f"url '{text}': not the address of a file; {_EXAMPLE}"
    if parts.port == 0:
        return f"url '{text}': port 0 is not between 1 and 65535"
    return None


def parse_all(texts: list[str]) -> list[Url]:
    """All of them, in order. One given twice gets twice its share of the connections.

    :raises MeasureError: naming every text that is wrong, not the first only.
    """
    urls: list[Url] = []
    problems: list[str] = []
    for text in texts:
        try:
            urls.append(parse(text))
        except MeasureError as error:
            problems.append(str(error))
    if problems:
        raise MeasureError("\n".join(problems))
    return urls
