# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Daemons: what is said of them, the steps from what is there, and what is shown of both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.linkagg.wan.plugins.module_utils._daemons.node import Node
from ansible_collections.linkagg.wan.plugins.module_utils._daemons.steps import Have, after, plan, texts
from ansible_collections.linkagg.wan.plugins.module_utils._daemons.units import Daemon, interface_in, is_ours, parse
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.modules import daemons

UNIT = "/etc/systemd/system/linkagg-vpn.service"
CONF = "/etc/linkagg/daemons/vpn/conf"


def items(*given: dict[str, Any]) -> list[dict[str, Any]]:
    """As the module hands them on."""
    result = ArgumentSpecValidator(daemons.argument_spec()).validate({"daemons": list(given)})
    assert result.error_messages == []
    return result.validated_parameters["daemons"]


def item(name: str = "vpn", **options: Any) -> dict[str, Any]:
    files = [{"name": "conf", "content": "a\n"}, {"name": "auth", "secret": "s3cret"}]
    own = {"description": "carrier", "command": ["/usr/sbin/vpn", "--config", CONF], "interface": "tun0"}
    return {"name": name, "files": files, **own, **options}


def one(**options: Any) -> Daemon:
    return parse(items(item(**options)))[0]


def running(daemon: Daemon) -> dict[str, Have]:
    return after([daemon], {}, purge=False)


def said(steps: list[Any]) -> list[str]:
    return [str(step) for step in steps]


def test_a_new_daemon_is_written_enabled_and_started() -> None:
    assert said(plan([one()], {}, purge=True)) == [
        "write /etc/linkagg/daemons/vpn/auth",
        f"write {CONF}",
        f"write {UNIT}",
        "enable linkagg-vpn.service",
        "start linkagg-vpn.service",
    ]


def test_one_that_is_as_wanted_is_left_alone() -> None:
    assert plan([one()], running(one()), purge=True) == []
    assert texts(running(one()), after([one()], running(one()), purge=True)) == ("", "")


def test_a_changed_file_is_written_and_the_daemon_restarted() -> None:
    changed = one(files=[{"name": "conf", "content": "b\n"}, {"name": "auth", "secret": "s3cret"}])
    assert said(plan([changed], running(one()), purge=True)) == [f"write {CONF}", "restart linkagg-vpn.service"]


def test_one_that_has_ended_is_started_with_nothing_written() -> None:
    ended = {"vpn": replace(running(one())["vpn"], active=False)}
    assert said(plan([one()], ended, purge=True)) == ["start linkagg-vpn.service"]


def test_a_file_that_is_no_longer_named_goes() -> None:
    fewer = one(files=[{"name": "conf", "content": "a\n"}])
    assert "remove /etc/linkagg/daemons/vpn/auth" in said(plan([fewer], running(one()), purge=True))


def test_another_interface_takes_the_place_of_the_old_one() -> None:
    steps = said(plan([one(interface="tap0")], running(one()), purge=True))
    assert steps[:2] == ["stop linkagg-vpn.service", "delete tun0"]


@pytest.mark.parametrize(("purge", "state", "want"), [(True, "present", []), (False, "absent", ["vpn"])])
def test_what_goes_takes_its_interface_and_files_along(purge: bool, state: str, want: list[str]) -> None:
    steps = plan([one() for _name in want], running(one()), purge=purge, state=state)
    assert said(steps) == [
        "stop linkagg-vpn.service",
        "disable linkagg-vpn.service",
        "delete tun0",
        "remove /etc/linkagg/daemons/vpn/auth",
        f"remove {CONF}",
        f"remove {UNIT}",
    ]


def test_without_purge_others_stay() -> None:
    assert plan([], running(one()), purge=False) == []
    assert after([], running(one()), purge=False) == running(one())


def test_one_to_keep_is_neither_made_nor_changed_nor_purged() -> None:
    keep = one(keep=True, files=[])
    assert plan([keep], {}, purge=True) == []
    assert plan([keep], running(one()), purge=True) == []
    assert after([keep], running(one()), purge=True) == running(one())


def test_a_diff_shows_what_changes_and_no_secret() -> None:
    changed = one(files=[{"name": "conf", "content": "b\n"}, {"name": "auth", "secret": "0ther"}])
    before, later = texts(running(one()), running(changed))
    assert (f"# {CONF}, mode 0644\na\n" in before, f"# {CONF}, mode 0644\nb\n" in later) == (True, True)
    assert "(secret, 6 characters)" in before
    assert "s3cret" not in before
    assert "0ther" not in later
    assert UNIT not in before


def test_a_file_that_becomes_secret_is_not_shown_as_it_was_either() -> None:
    was = one(files=[{"name": "auth", "content": "s3cret"}])
    assert "s3cret" not in "".join(texts(running(was), running(one())))


def test_the_unit_quotes_what_systemd_would_take_apart() -> None:
    unit = one(command=["/bin/sh", "-c", 'echo "$HOME" 100%'], prepare=[["/bin/true", "a b"]]).unit
    assert 'ExecStart=/bin/sh -c "echo \\"$$HOME\\" 100%%"\n' in unit
    assert 'ExecStartPre=/bin/true "a b"\n' in unit


def test_the_unit_lets_the_daemon_see_its_file_elsewhere() -> None:
    unit = one(files=[{"name": "chap", "secret": "x", "seen_at": "/etc/ppp/chap-secrets"}]).unit
    assert "BindReadOnlyPaths=/etc/linkagg/daemons/vpn/chap:/etc/ppp/chap-secrets\n" in unit


def test_a_directory_of_its_own_and_a_program_among_its_files() -> None:
    daemon = one(own_directories=["/run/pptp"], files=[{"name": "up", "content": "#!/bin/sh\n", "executable": True}])
    assert "TemporaryFileSystem=/run/pptp\n" in daemon.unit
    assert daemon.files["/etc/linkagg/daemons/vpn/up"].mode == 0o755


def test_a_program_cannot_be_a_secret() -> None:
    with pytest.raises(EngineError, match="both secret and executable"):
        one(files=[{"name": "up", "secret": "x", "executable": True}])


def of_program(version: str, **options: Any) -> Daemon:
    return parse(items(item(program=True, **options)), version)[0]


def test_one_of_our_own_program_is_restarted_when_that_changes_and_no_other_is() -> None:
    have = running(of_program("v1"))
    assert plan([of_program("v1")], have, purge=True) == []
    assert said(plan([of_program("v2")], have, purge=True)) == [f"write {UNIT}", "restart linkagg-vpn.service"]
    others = [parse(items(item()), version)[0] for version in ("v1", "v2")]
    assert plan([others[1]], running(others[0]), purge=True) == []


@pytest.mark.parametrize("version", ["", "0123456789abcdef"])
@pytest.mark.parametrize("interface", ["tun0", None])
def test_the_unit_ends_with_the_version_and_stays_ours(interface: str | None, version: str) -> None:
    unit = of_program(version, interface=interface).unit
    made = f"Interface={interface}\n" if interface else ""
    assert unit.endswith(f"\n[X-Linkagg]\nDaemon=vpn\n{made}Program={version}\n")
    assert (is_ours(unit, "vpn"), interface_in(unit)) == (True, interface or "")
    assert "Program=" not in one().unit


def test_every_mistake_is_told_at_once() -> None:
    wrong = item("No Name", command=["vpn"], interface="much-too-long-a-name", files=[{"name": "../x", "content": ""}])
    with pytest.raises(EngineError) as caught:
        parse(items(wrong, item("a"), item("a"), item("b", files=[{"name": "none"}])))
    told = caught.value.problems
    for words in ("'No Name' is none", "whole path", "interface:", "'../x' is no name", "twice", "one of content and"):
        assert any(words in problem for problem in told), told


def node(root: Path, *, fail: str = "", says: str = "") -> tuple[Node, list[str]]:
    """A node whose files are real, whose systemctl only takes notes and whose journal has what a daemon ``says``."""
    called: list[str] = []

    def run(command: Any) -> tuple[int, str, str]:
        called.append(" ".join(command))
        if command[0] == "journalctl":
            return 0, says, ""
        if command[1] == "show":
            state = "UnitFileState=enabled\nActiveState=active\nNRestarts=0\n"
            return 0, "\n".join(state for word in command if word.endswith(".service")), ""
        return (1, "", "no") if fail and fail in called[-1] else (0, "", "")

    return Node(run, root, root / "interfaces"), called


def test_files_come_and_go_on_a_node_and_a_secret_is_closed(tmp_path: Path) -> None:
    system, _called = node(tmp_path)
    system.apply(plan([one()], {}, purge=True), {"vpn": one()}, {})
    assert (tmp_path / CONF[1:]).read_text() == "a\n"
    assert (tmp_path / "etc/linkagg/daemons/vpn/auth").stat().st_mode & 0o777 == 0o600
    have = system.read()
    assert plan([one()], have, purge=True) == []
    system.apply(plan([], have, purge=True), {}, have)
    assert system.read() == {}
    assert list((tmp_path / "etc/linkagg/daemons").iterdir()) == []


def test_what_cannot_be_done_is_undone(tmp_path: Path) -> None:
    system, _called = node(tmp_path)
    system.apply(plan([one()], {}, purge=True), {"vpn": one()}, {})
    have = system.read()
    broken, _called = node(tmp_path, fail="enable linkagg-new")
    other = one(name="new")
    changed = one(files=[{"name": "conf", "content": "b\n"}])
    with pytest.raises(EngineError, match="as they were before"):
        broken.apply(plan([changed, other], have, purge=True), {"vpn": changed, "new": other}, have)
    assert system.read() == have


def flags(root: Path, value: int) -> None:
    """The daemon's interface is there, with these flags."""
    directory = root / "interfaces/tun0"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "flags").write_text(f"{value:#x}\n")


def test_an_interface_that_it_brings_up_is_waited_for_until_it_is_up(tmp_path: Path) -> None:
    system, _called = node(tmp_path)
    flags(tmp_path, 0x1090)
    dialling = one(ready_s=1.5, brings_up=True)
    with pytest.raises(EngineError, match=r"\(carrier\): its interface tun0 has not come up within 1\.5 s"):
        system.apply(plan([dialling], {}, purge=True), {"vpn": dialling}, {})
    made = one(ready_s=1.5)
    system.apply(plan([made], {}, purge=True), {"vpn": made}, {})
    flags(tmp_path, 0x10D1)
    system.apply(plan([dialling], {}, purge=True), {"vpn": dialling}, {})


def test_one_that_says_what_is_wrong_is_not_waited_for_and_is_understood(tmp_path: Path) -> None:
    system, _called = node(tmp_path, says="CHAP authentication failed: Access denied\n")
    hint = {"seen": "(PAP|CHAP) authentication failed", "means": "The provider refuses user or password"}
    dialling = one(ready_s=3600, brings_up=True, hints=[hint])
    with pytest.raises(EngineError) as caught:
        system.apply(plan([dialling], {}, purge=True), {"vpn": dialling}, {})
    said = (
        "does not come up. It said: CHAP authentication failed: Access denied. The provider refuses user or password."
    )
    assert f"{said} Its last words:\nCHAP" in caught.value.problems[0]
    assert system.read() == {}


REFUSED = {"seen": "authentication failed", "means": "Refused"}
DEAF = {"seen": "LCP: timeout", "means": "Nobody hears it", "refusal": False}


def late_one(ready_s: float = 1.5, **options: Any) -> Daemon:
    return one(ready_s=ready_s, brings_up=True, may_be_late=True, hints=[REFUSED, DEAF], **options)


def test_one_that_may_be_late_has_failed_only_if_it_is_refused_and_else_is_told(tmp_path: Path) -> None:
    late = late_one()
    patient, _called = node(tmp_path, says="LCP: timeout sending Config-Requests\n")
    (told,) = patient.apply(plan([late], {}, purge=True), {"vpn": late}, {})
    assert told == (
        "linkagg-vpn.service (carrier): its interface tun0 has not come up within 1.5 s. It said: LCP: timeout sending "
        "Config-Requests. Nobody hears it. "
        "Its last words:\nLCP: timeout sending Config-Requests"
    )
    assert "vpn" in patient.read()
    refused, _called = node(tmp_path / "other", says="LCP: timeout\nCHAP authentication failed\n")
    with pytest.raises(EngineError, match="Refused"):
        refused.apply(plan([late], {}, purge=True), {"vpn": late}, {})


def test_what_it_says_last_counts(tmp_path: Path) -> None:
    late = late_one()
    system, _called = node(tmp_path, says="CHAP authentication failed\nLCP: timeout\n")
    (told,) = system.apply(plan([late], {}, purge=True), {"vpn": late}, {})
    assert "Nobody hears it" in told


def test_what_only_explains_does_not_end_the_waiting(tmp_path: Path) -> None:
    system, _called = node(tmp_path, says="LCP: timeout\n")
    waited = one(ready_s=3, brings_up=True, hints=[DEAF])
    with pytest.raises(EngineError, match=r"has not come up within 3 s\. It said: LCP: timeout\. Nobody hears it"):
        system.apply(plan([waited], {}, purge=True), {"vpn": waited}, {})


def test_a_unit_of_the_distribution_is_disabled_but_not_while_somebody_uses_it(tmp_path: Path) -> None:
    instead = one(instead_of=["pptpd.service"])
    states = {"UnitFileState": "enabled", "ActiveState": "inactive"}

    def run(command: Any) -> tuple[int, str, str]:
        name = command[2].removeprefix("--property=")
        return 0, f"{name}={states[name]}\n", ""

    system = Node(run, tmp_path, tmp_path / "interfaces")
    assert system.objections([instead]) == []
    assert said(system.preparations([instead])) == ["disable pptpd.service"]
    states["ActiveState"] = "active"
    assert "systemctl disable --now pptpd.service" in system.objections([instead])[0]


def test_a_unit_of_somebody_else_is_neither_touched_nor_taken(tmp_path: Path) -> None:
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / "linkagg-vpn.service").write_text("[Unit]\n")
    (units / "linkagg.service").write_text("[Unit]\n")
    system, _called = node(tmp_path)
    assert system.read() == {}
    assert "is not ours" in system.objections([one()])[0]
    assert system.objections([one(name="other")]) == []


def test_nothing_of_a_secret_is_in_the_nodes_log() -> None:
    logged: list[str] = []
    module = daemons.Discreet.__new__(daemons.Discreet)
    module.params = {"daemons": items(item(files=[{"name": "login", "secret": 'password "a\nb"'}]))}
    module.log = logged.append
    module._log_invocation()
    assert logged == ["Invoked with daemons vpn"]
