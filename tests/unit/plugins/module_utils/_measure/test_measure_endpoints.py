# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of servers as people write them."""

from __future__ import annotations

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint, parse, parse_all
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 5201),
        ("192.0.2.1:5202", "192.0.2.1", 5202),
        ("2001:db8::1", "2001:db8::1", 5201),
        ("[2001:db8::1]", "2001:db8::1", 5201),
        ("[2001:db8::1]:5202", "2001:db8::1", 5202),
        ("fe80::1%eth0", "fe80::1%eth0", 5201),
        ("speed.example.net:80", "speed.example.net", 80),
        ("*", "*", 5201),
    ],
)
def test_an_address_with_or_without_port(text: str, address: str, port: int) -> None:
    assert parse(text) == Endpoint(address, port)


def test_the_default_port_can_be_another() -> None:
    assert parse("192.0.2.1", 5300).port == 5300


@pytest.mark.parametrize(
    "text", ["", "a b", "192.0.2.1:port", "[192.0.2.1", "http://x/", "192.0.2.1:0", "192.0.2.1:70000"]
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(MeasureError) as caught:
        parse(text)
    assert f"server '{text}'" in str(caught.value)


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(MeasureError) as caught:
        parse_all(["a b", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:5201"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "given twice" in lines[2]
