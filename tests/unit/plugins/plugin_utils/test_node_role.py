# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role node does around daemons of our own, as far as it goes without a node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.linkagg.wan.tests.unit.plugins.plugin_utils.test_playbook import ansible

TASKS = Path(__file__).parents[4] / "roles" / "node" / "tasks" / "main.yml"


def tasks() -> list[tuple[str, dict[str, Any]]]:
    """Those of the role in their order, each with its module's arguments under ``arguments``."""
    listed = yaml.safe_load(TASKS.read_text(encoding="utf-8"))
    flat = [one for task in listed for one in task.get("block", [task])]
    return [(module, {**task, "arguments": task[module]}) for task in flat for module in task if module.count(".") == 2]


def test_the_program_comes_before_its_daemons_and_its_service_at_the_end() -> None:
    found = [
        (module.removeprefix("linkagg.wan."), task["arguments"].get("state"))
        for module, task in tasks()
        if module in ("linkagg.wan.agent", "linkagg.wan.daemons", "linkagg.wan.weights")
    ]
    assert found == [("agent", "installed"), ("daemons", None), ("weights", None), ("agent", None)]


@pytest.mark.parametrize(
    ("daemons", "told"),
    [
        ([], "nothing told"),
        ([{"name": "dsl"}, {"name": "tun", "program": False}], "nothing told"),
        ([{"name": "dsl"}, {"name": "relay", "program": True}], "v1"),
    ],
)
def test_the_program_comes_only_for_daemons_of_our_own(tmp_path: Path, daemons: list[Any], told: str) -> None:
    by_module = dict(reversed(tasks()))
    install, run = by_module["linkagg.wan.agent"], by_module["linkagg.wan.daemons"]
    words = run["arguments"]["program_version"].replace("default(omit)", "default('nothing told')")
    # A module of Ansible's own in the place of ours: of its result, too, something is handed on.
    installed = {
        "ansible.builtin.set_fact": {"after": {"version": "v1"}},
        "when": install["when"],
        "register": install["register"],
    }
    words = words.replace(f"{install['register']}.", f"{install['register']}.ansible_facts.")
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"node_desired": {"daemons": daemons}},
        "tasks": [installed, {"ansible.builtin.debug": {"msg": f"told: {words}"}}],
    }
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    result = ansible("ansible-playbook", "-i", "localhost,", "-c", "local", str(path))
    assert f"told: {told}" in result.stdout, result.stdout + result.stderr
