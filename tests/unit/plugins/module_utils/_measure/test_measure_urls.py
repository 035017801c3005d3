# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs as people write them."""

from __future__ import annotations

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure import urls
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://a.example/big.iso", ("http", "a.example", 80, "/big.iso")),
        ("https://a.example", ("https", "a.example", 443, "/")),
        ("https://a.example:8443/x?size=1 &b=%20", None),
        ("https://a.example:8443/x?size=1&b=%20#top", ("https", "a.example", 8443, "/x?size=1&b=%20")),
        ("http://[2001:db8::1]:8080/f", ("http", "2001:db8::1", 8080, "/f")),
        ("http://a.example/größe", ("http", "a.example", 80, "/gr%C3%B6%C3%9Fe")),
    ],
)
def test_a_url_has_scheme_host_port_and_target(text: str, parts: tuple | None) -> None:
    if parts is None:
        with pytest.raises(MeasureError, match="not the address of a file"):
            urls.parse(text)
        return
    one = urls.parse(text)
    assert (one.scheme, one.host, one.port, one.target) == parts


def test_a_url_is_shown_as_it_was_written() -> None:
    for text in ("http://[2001:db8::1]:8080/f", "https://a.example/big.iso", "http://a.example:443/"):
        assert str(urls.parse(text)) == text


def test_redirects_may_be_relative() -> None:
    one = urls.parse("https://a.example/x/y")
    assert str(one.join("z")) == "https://a.example/x/z"
    assert str(one.join("http://b.example/")) == "http://b.example/"
    with pytest.raises(MeasureError, match="begins with neither"):
        one.join("ftp://b.example/z")


def test_all_mistakes_are_told_together_and_passwords_never() -> None:
    with pytest.raises(MeasureError) as caught:
        urls.parse_all(
            ["a.example/f", "http://me:geheim@a.example/f", "http://:80/", "http://a:x/", "http://a.example/"]
        )
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "url 'a.example/f'",
        "url of a.example",
        "url 'http",
        "url 'http",
    ]
    assert "geheim" not in str(caught.value)
