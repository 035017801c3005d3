# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Daemons on trial: started before their network is there, put back if they are refused once it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._daemons import node as effects
from ansible_collections.linkagg.wan.plugins.module_utils._daemons import trial
from ansible_collections.linkagg.wan.plugins.module_utils._daemons.steps import Have, Step, plan
from ansible_collections.linkagg.wan.plugins.module_utils._daemons.units import Daemon
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.tests.unit.plugins.module_utils._daemons.test_daemons import (
    CONF,
    flags,
    late_one,
    node,
    one,
)

UP, DOWN = 0x10D1, 0x1090
REFUSAL = "CHAP authentication failed\n"


def dialler(password: str = "s3cret", **options: Any) -> Daemon:
    files = [{"name": "conf", "content": f"{password}\n"}]
    return late_one(**{"ready_s": 0.4, "needs_network": True, "files": files, **options})


class World:
    """A node of which only systemd is pretended, and its file of daemons on trial."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "run/linkagg/trial.json"

    def deploy(self, *daemons: Daemon) -> None:
        """As linkagg.wan.daemons does."""
        system = node(self.root)[0]
        have = system.read()
        todo: list[Step] = plan(daemons, have, purge=True)
        wanted = {daemon.name: daemon for daemon in daemons}
        system.apply(todo, wanted, have)
        started = [wanted[step.name] for step in todo if step.op in ("start", "restart")]
        before = {step.name: have.get(step.name, Have()) for step in todo}
        trial.begin(time.time(), started, before, wanted, self.path)

    def end(self, says: str = "", stopped: Callable[[], str] = str) -> list[str]:
        """As linkagg.wan.network does, while daemons say that."""
        return trial.end(lambda _since: node(self.root, says=says)[0], stopped, self.path)

    def content(self) -> str:
        path = self.root / CONF[1:]
        return path.read_text() if path.exists() else ""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(effects, "_SETTLE_S", 0.1)
    return World(tmp_path)


def test_one_that_needs_the_network_is_not_waited_for_before_that_is_there(world: World) -> None:
    begun = time.monotonic()
    world.deploy(dialler(ready_s=30))
    assert time.monotonic() - begun < 5
    flags(world.root, UP)
    assert world.end() == []
    assert not world.path.exists()
    assert world.content() == "s3cret\n"


def test_one_that_is_refused_at_its_first_start_leaves_nothing(world: World) -> None:
    world.deploy(dialler())
    with pytest.raises(EngineError) as caught:
        world.end(REFUSAL)
    assert (
        "has not come up within 0.4 s. It said: CHAP authentication failed. Refused. Its last words:\nCHAP auth"
        in caught.value.problems[0]
    )
    assert caught.value.problems[1:] == ["Files and units are as they were before"]
    assert (node(world.root)[0].read(), world.path.exists()) == ({}, False)


def test_one_that_is_refused_with_its_new_password_gets_the_old_one_back(world: World) -> None:
    flags(world.root, UP)
    world.deploy(dialler("old"))
    world.end()
    flags(world.root, DOWN)
    world.deploy(dialler("new"))
    assert world.content() == "new\n"
    with pytest.raises(EngineError, match="Refused"):
        world.end(REFUSAL)
    assert world.content() == "old\n"


def test_what_was_changed_beside_it_is_put_back_too(world: World) -> None:
    flags(world.root, UP)
    other = one(name="other", interface="")
    world.deploy(dialler("old"), other)
    world.end()
    flags(world.root, DOWN)
    world.deploy(dialler("new"))
    assert set(node(world.root)[0].read()) == {"vpn"}
    with pytest.raises(EngineError, match="Refused"):
        world.end(REFUSAL)
    assert set(node(world.root)[0].read()) == {"vpn", "other"}


def test_a_run_that_ended_too_early_leaves_the_trial_to_the_next(world: World) -> None:
    flags(world.root, UP)
    world.deploy(dialler("old"))
    world.end()
    world.deploy(dialler("new"))
    flags(world.root, DOWN)
    world.deploy(dialler("newer"))
    with pytest.raises(EngineError, match="Refused"):
        world.end(REFUSAL)
    assert world.content() == "old\n"


def test_whoever_goes_is_not_waited_for(world: World) -> None:
    world.deploy(dialler())
    world.deploy()
    assert not world.path.exists()
    assert world.end(REFUSAL) == []


def test_one_that_only_is_late_stays_and_is_told(world: World) -> None:
    world.deploy(dialler())
    (told,) = world.end("LCP: timeout\n")
    assert "Nobody hears it" in told
    assert (world.content(), world.path.exists()) == ("s3cret\n", False)


def test_whoever_asks_to_stop_need_not_wait_and_finds_all_as_before(world: World) -> None:
    world.deploy(dialler(ready_s=30))
    begun = time.monotonic()
    with pytest.raises(EngineError, match="stopped by SIGTERM"):
        world.end(stopped=lambda: "SIGTERM")
    assert time.monotonic() - begun < 5
    assert world.content() == ""


def test_the_file_is_closed_and_one_of_another_version_is_nobodys(world: World) -> None:
    world.deploy(dialler())
    assert world.path.stat().st_mode & 0o777 == 0o600
    world.path.write_text('{"since": 1, "waiting": [{"called": "x"}], "before": {}}')
    assert world.end(REFUSAL) == []


def test_nobody_is_on_trial_who_needs_no_network(world: World) -> None:
    flags(world.root, UP)
    world.deploy(one())
    assert not world.path.exists()
