# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind tables that contradict themselves fail when they are made."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.tables import Attr, Kind, Nla

NUMBER = Nla("IFLA_X", 1, "uint32")


def kind(**options: Any) -> Kind:
    return Kind(
        **{"name": "x", "noun": "x", "space": "link", "priority": 1, "key": ("name",), "attrs": (Attr("name"),)}
        | options
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "cloud"}, "layer 'cloud' is none of"),
        ({"needs": ("luck",)}, "needs"),
        ({"create_only": True, "needs": ("down",)}, "exclude each other"),
        ({"layer": "data"}, "netlink attributes and layer contradict"),
        ({"nlas": (NUMBER,)}, "netlink attributes and layer contradict"),
        ({"layer": "data", "nlas": (NUMBER, NUMBER)}, "several NLAs need a codec"),
        ({"required": True, "default": 1}, "required with a default"),
        ({"choices": ("a", "b"), "default": "c"}, "default 'c' is no choice"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Attr("x", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attrs": (Attr("name"), Attr("name"))}, "appears twice"),
        ({"key": ("title",)}, "is not among its attributes"),
        ({"creatable": False}, "say what absent means"),
        (
            {
                "attrs": (
                    Attr("name"),
                    Attr("a", layer="data", nlas=(NUMBER,)),
                    Attr("b", layer="data", nlas=(NUMBER,)),
                )
            },
            "netlink attribute number appears twice",
        ),
        ({"attrs": (Attr("name"), Attr("a", only_with=("mode", ("x",))))}, "depends on an unknown attribute"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**options)


def test_a_value_goes_to_netlink_and_back() -> None:
    row = Attr("mode", layer="data", nlas=(NUMBER,), choices={"slow": 0, "fast": 7})
    assert row.to_netlink("fast") == {"IFLA_X": 7}
    assert row.from_netlink({"IFLA_X": 7}) == "fast"
    assert row.from_netlink({"IFLA_X": 9}) == "unknown (9)"
    assert row.from_netlink({}) is None
