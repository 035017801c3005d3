# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller without netaddr: the filters load, and say what to install."""

from __future__ import annotations

from ansible_collections.linkagg.wan.tests.unit.plugins.child import ask

PLUGINS = "ansible_collections.linkagg.wan.plugins"
HIDE = "import sys; sys.modules['netaddr'] = None"


def test_without_netaddr_the_planner_says_what_to_install() -> None:
    code = f"from {PLUGINS}.plugin_utils._plan.pipeline import list_problems; print(*list_problems({{}}), sep='|')"
    (problem,) = ask(f"{HIDE}; {code}").split("|")
    assert "netaddr" in problem
    assert "pip install netaddr" in problem
    assert "Traceback" not in problem


def test_without_netaddr_filters_that_need_no_addresses_work() -> None:
    code = f"from {PLUGINS}.filter.tunnel_id import tunnel_id; print(tunnel_id(1, link_id=1))"
    assert ask(f"{HIDE}; {code}") == "513"
