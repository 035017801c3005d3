# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program comes onto a node alone, or with the service that runs it; either is restarted for a newer one only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._install import files
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store
from ansible_collections.linkagg.wan.plugins.modules import agent

RATE = {"link": "lte1", "source": "10.208.0.65", "target": "10.208.0.1", "counters": [{"interface": "wg-lte1"}]}
RATES = [{**RATE, "nominal_mbit": 10.0, "least_mbit": 1.0, "most_mbit": 20.0}]


class Node:
    """A node of which only systemd is pretended. ``runs``: the unit that the service was started with."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.enabled = False
        self.runs = ""
        self.called: list[str] = []
        self.check_mode = False
        self.params: dict[str, Any] = {}
        self._monkeypatch = monkeypatch
        (root / "run/systemd/system").mkdir(parents=True)
        monkeypatch.setattr(agent, "ROOT", root)
        monkeypatch.setattr(store, "STATE_DIRECTORY", str(root / "etc/linkagg/state"))
        self.comes_with(1)

    def comes_with(self, number: int) -> str:
        """The collection has this program; its version."""
        program = {"__main__.py": f"print({number})\n".encode()}
        self._monkeypatch.setattr(files, "program", lambda _parent: program)
        return files.version(program)

    def get_bin_path(self, name: str, *, required: bool) -> str:
        assert required
        return name

    def run_command(self, command: list[str]) -> tuple[int, str, str]:
        verb = command[1]
        if verb == "show":
            state = "enabled" if self.enabled else "disabled"
            return 0, f"UnitFileState={state}\nActiveState={'active' if self.runs else 'inactive'}\n", ""
        self.called.append(verb)
        if verb in ("enable", "disable"):
            self.enabled = verb == "enable"
        if verb in ("start", "restart", "disable"):
            self.runs = self.text(files.UNIT) if verb != "disable" else ""
        return 0, "", ""

    def text(self, path: Path) -> str:
        return (self.root / path).read_text() if (self.root / path).exists() else ""

    def module(self, state: str = "present", *, check: bool = False, **options: Any) -> dict[str, Any]:
        given = ArgumentSpecValidator(agent.argument_spec()).validate({"state": state, **options})
        assert given.error_messages == []
        self.params, self.check_mode, self.called = given.validated_parameters, check, []
        return agent.reconcile(self)  # type: ignore[arg-type]  # it stands for AnsibleModule

    def everything(self) -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in self.root.rglob("*") if path.is_file()}


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    return Node(tmp_path, monkeypatch)


def test_installed_brings_the_program_and_its_command_and_no_service(node: Node) -> None:
    version = node.comes_with(1)
    result = node.module("installed", rates=RATES)
    assert result["steps"] == [f"install the agent in /{files.HOME}/{version}", f"write /{files.COMMAND}"]
    assert result["before"] == {"version": None, "enabled": False, "active": False}
    assert result["after"] == {"version": version, "enabled": False, "active": False}
    assert (node.called, node.text(files.UNIT), (node.root / "etc/linkagg").exists()) == ([], "", False)
    assert (node.root / files.COMMAND).stat().st_mode & 0o777 == 0o755
    assert node.module("installed")["changed"] is False


@pytest.mark.parametrize("state", ["present", "installed", "absent"])
@pytest.mark.parametrize("have", [None, "installed", "present"])
def test_a_check_does_nothing_and_tells_what_would_be_done(node: Node, have: str | None, state: str) -> None:
    if have:
        node.module(have)
    node.comes_with(2)
    before = node.everything()
    told = node.module(state, check=True)
    assert (node.everything(), node.called) == (before, [])
    done = node.module(state)
    assert told == done
    assert done["changed"] is (state != "absent" or have is not None)
    again = node.module(state, check=True)
    assert (again["changed"], again["steps"], again["before"], again["after"]) == (False, [], *[done["after"]] * 2)
    assert node.module(state)["changed"] is False


def test_a_newer_program_restarts_the_service_though_it_was_installed_before(node: Node) -> None:
    node.module()
    assert f"Program={node.comes_with(1)}\n" in node.runs
    version = node.comes_with(2)
    assert node.module("installed")["after"] == {"version": version, "enabled": True, "active": True}
    assert (node.called, version in node.runs) == ([], False)
    result = node.module()
    assert result["before"]["version"] == version
    assert result["steps"] == [f"write /{files.UNIT}", "let systemd read the unit", f"restart {files.SERVICE}"]
    assert (node.called, version in node.runs) == (["daemon-reload", "restart"], True)


def test_installed_says_nothing_about_a_service_that_ends_meanwhile(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.module()
    node.comes_with(2)
    install = files.install

    def then_it_ends(root: Path, program: dict[str, bytes]) -> None:
        install(root, program)
        node.runs = ""

    monkeypatch.setattr(files, "install", then_it_ends)
    assert node.module("installed")["after"]["active"] is False


@pytest.mark.parametrize("state", ["present", "installed"])
def test_a_program_that_did_not_come_is_told(node: Node, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(files, "install", lambda _root, _program: None)
    with pytest.raises(EngineError, match="read back, the agent is not as wanted"):
        node.module(state)


def test_installed_leaves_the_rates_that_are_followed(node: Node) -> None:
    node.module(rates=RATES)
    saved = node.everything()
    assert any(b"lte1" in content for content in saved.values())
    assert node.module("installed")["changed"] is False
    assert node.everything() == saved
    assert any("lte1" in step or "rates" in step for step in node.module()["steps"])
