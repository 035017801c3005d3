# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons that run in this collection's own program: what of it they need, and that they follow it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.linkagg.wan.plugins.module_utils._daemons import node as effects
from ansible_collections.linkagg.wan.plugins.module_utils._daemons import trial
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._install import files
from ansible_collections.linkagg.wan.plugins.modules import daemons

UNIT = Path("etc/systemd/system/linkagg-relay.service")
SERVICE = UNIT.name
COMMAND = [f"/{files.COMMAND}", "relay", "concentrator"]
RELAY = {"name": "relay", "description": "TCP over all links", "command": COMMAND, "program": True}
OTHER = {"name": "dsl", "description": "link dsl", "command": ["/usr/sbin/pppd"]}


class Node:
    """A node of which only systemd is pretended: whatever it is asked to start runs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.check_mode = False
        self.params: dict[str, Any] = {}
        (root / "run/systemd/system").mkdir(parents=True)

    def run_command(self, command: list[str]) -> tuple[int, str, str]:
        state = "UnitFileState=enabled\nActiveState=active\nNRestarts=0\n"
        shown = [state for word in command if word.endswith(".service")] if "show" in command else []
        return 0, "\n".join(shown), ""

    def warn(self, sentence: str) -> None:
        raise AssertionError(sentence)

    def program(self, number: int) -> str:
        """Install one; its version."""
        program = {"__main__.py": f"print({number})\n".encode()}
        files.install(self.root, program)
        return files.version(program)

    def module(self, *wanted: dict[str, Any], check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {"daemons": list(wanted), "purge": True, **options}
        given = ArgumentSpecValidator(daemons.argument_spec()).validate(arguments)
        assert given.error_messages == []
        self.params, self.check_mode = given.validated_parameters, check
        return daemons.reconcile(self)  # type: ignore[arg-type]  # it stands for AnsibleModule

    def unit(self) -> str:
        return (self.root / UNIT).read_text()


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(effects, "_SETTLE_S", 0.0)
    monkeypatch.setattr(daemons, "ROOT", tmp_path)
    monkeypatch.setattr(trial, "begin", lambda *_arguments: None)
    return Node(tmp_path)


def test_it_is_restarted_for_another_program_and_nothing_else_is(node: Node) -> None:
    node.program(1)
    node.module(RELAY, OTHER)
    assert node.module(RELAY, OTHER)["changed"] is False
    version = node.program(2)
    told = node.module(RELAY, OTHER, check=True)
    done = node.module(RELAY, OTHER)
    assert told == done
    assert done["steps"] == [f"write /{UNIT}", f"restart {SERVICE}"]
    assert node.unit().endswith(f"\nProgram={version}\n")
    assert node.module(RELAY, OTHER)["changed"] is False


def test_without_the_program_nothing_is_begun(node: Node) -> None:
    with pytest.raises(EngineError) as caught:
        node.module(RELAY, OTHER)
    assert caught.value.problems == [
        f"{SERVICE} (TCP over all links): the program of this collection is not on this node: "
        "linkagg.wan.agent with state installed has to come first"
    ]
    assert list(node.root.rglob("*.service")) == []


@pytest.mark.parametrize(
    ("wanted", "state"), [(OTHER, "present"), ({**RELAY, "keep": True}, "present"), (RELAY, "absent")]
)
def test_what_does_not_start_needs_no_program(node: Node, wanted: dict[str, Any], state: str) -> None:
    node.module(wanted, state=state)


def test_a_check_of_a_new_node_shows_the_unit_as_it_would_be(node: Node) -> None:
    unknown = node.module(RELAY, check=True)
    assert unknown["diff"]["after"].endswith("\nProgram=\n")
    version = files.version({"__main__.py": b"print(1)\n"})
    told = node.module(RELAY, check=True, program_version=version)
    assert node.program(1) == version
    assert node.module(RELAY) == told


def test_a_check_tells_the_restart_for_a_program_that_is_not_there_yet(node: Node) -> None:
    installed = node.program(1)
    node.module(RELAY)
    assert node.module(RELAY, check=True, program_version=installed)["changed"] is False
    told = node.module(RELAY, check=True, program_version="f" * 16)
    assert told["steps"] == [f"write /{UNIT}", f"restart {SERVICE}"]
    assert f"Program={'f' * 16}\n" in told["diff"]["after"]


def test_only_in_check_mode_what_is_told_counts_more_than_what_is_there(node: Node) -> None:
    version = node.program(1)
    node.module(RELAY, program_version="f" * 16)
    assert node.unit().endswith(f"\nProgram={version}\n")
