# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapers on the real kernel, compared with what ``tc`` says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.reconcile import reconcile
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import SHAPERS
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip
from ansible_collections.linkagg.wan.tests.netns.samples_shapers import BASE, SAMPLES, SHOWN_AS

TBF: dict[str, Any] = {"kind": "tbf", "interface": "wan1", "rate": "5mbit", "burst": "10kb", "latency": "50ms"}
KINDS = list(SAMPLES)
ROWS = [(kind, row) for kind, rows in SAMPLES.items() for row in rows]
_PROBES = {"tbf": "rate 1mbit burst 10kb latency 1s"}


def tc(words: str) -> str:
    """The ``tc`` program in the namespace of the test."""
    done = subprocess.run(["tc", *words.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"tc {words}: {done.stderr}"
    return done.stdout


def shown(interface: str = "wan1") -> str:
    """The root discipline of an interface, in ``tc``'s words."""
    lines = tc(f"qdisc show dev {interface}").splitlines()
    line = " ".join(next(line for line in lines if " root " in line).split())
    return re.sub(r" refcnt \d+", "", line)  # one more for each queue of the interface


def needs(kind: str) -> None:
    """Skip the test, loudly, if this kernel has no such discipline."""
    words = f"tc qdisc add dev lo root handle 1: {kind} {_PROBES.get(kind, '')}"
    done = subprocess.run(words.split(), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT TESTED: this kernel has no sch_{kind} ({done.stderr.strip()}); the lab's has")
    tc("qdisc del dev lo root")


@pytest.fixture
def wan(node: Node) -> Iterator[Node]:
    """A node with two modems."""
    node.needs("veth")
    for number in (1, 2):
        ip(f"link add wan{number} type veth peer name modem{number}")
        ip(f"link set wan{number} up")
        ip(f"link set modem{number} up")
    yield node


def test_every_row_of_every_kind_has_a_sample() -> None:
    for kind in SHAPERS.values():
        rows = {attr.name for attr in kind.attrs if not attr.internal}
        assert rows == set(SAMPLES.get(kind.name, ())), f"tests/netns/samples_shapers.py, {kind.name}"


@pytest.mark.parametrize(("kind", "row"), ROWS)
def test_a_row_is_set_read_back_and_changed_in_place(wan: Node, kind: str, row: str) -> None:
    needs(kind)
    sample = SAMPLES[kind][row]
    name, values = SHOWN_AS.get((kind, row), (row, sample.values))
    for number, value in enumerate(sample.values):
        item = {"kind": kind, "interface": "wan1", **BASE[kind], **sample.given, row: value}
        outcome = wan.shapers(item, purge=True)
        if not number or row in SHAPERS[kind].key:
            assert f"create {kind} on {item['interface']}" in outcome.steps
        else:
            verb = "re-create" if SHAPERS[kind].attr(row).create_only else "change"
            assert outcome.steps[0].startswith(f"{verb} {kind} on wan1: ")
            old, new = (word(kind, name, values[at]) for at in (number - 1, number))
            assert f"{name} {old} -> {new}" in outcome.steps[0]
        assert sample.words[number] in " ".join(tc("qdisc show").split())
        assert not wan.shapers(item, purge=True).changed
        assert not wan.shapers(*outcome.after[-1:], purge=True).changed


def word(kind: str, row: str, value: Any) -> str:
    """A value as it stands in a step."""
    value = SHAPERS[kind].attr(row).normalise(value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_given_is_as_tc_has_it(wan: Node, kind: str) -> None:
    """Except for handle and numbers of users, tc makes the same of no options, or of the few that a kind needs."""
    needs(kind)
    words = " ".join(f"{name} {value}" for name, value in BASE[kind].items())
    tc(f"qdisc add dev wan1 root handle 7600: {kind} {words}")
    theirs = shown()
    tc("qdisc del dev wan1 root")
    wan.shapers({"kind": kind, "interface": "wan1", **BASE[kind]})
    assert shown() == theirs


@pytest.mark.parametrize("kind", KINDS)
def test_removed_options_go_back_to_their_defaults(wan: Node, kind: str) -> None:
    needs(kind)
    plain = {"kind": kind, "interface": "wan1", **BASE[kind]}
    wan.shapers(plain)
    before = shown()
    for row, sample in SAMPLES[kind].items():
        if SHAPERS[kind].attr(row).default is None and row in ("interface", "quantum", "latency"):
            continue  # where it is; one that stays as it is without a value; one that is always there
        wan.shapers({**plain, **sample.given, row: sample.values[0]})
        wan.shapers(plain)
        assert shown() == before, row


def test_check_mode_says_what_the_run_does_and_does_nothing(wan: Node) -> None:
    before = shown()
    checked = wan.shapers(TBF, check=True)
    assert shown() == before
    done = wan.shapers(TBF)
    assert (done.steps, done.diff) == (checked.steps, checked.diff)
    assert done.after == [
        {"kind": "tbf", "interface": "wan1", "rate": "5mbit", "burst": 10240, "limit": 41490},
    ]
    assert shown() == "qdisc tbf 7600: root rate 5Mbit burst 10Kb lat 50ms"


def test_what_the_kernel_had_put_there_comes_back(wan: Node) -> None:
    before = shown()
    wan.shapers(TBF)
    assert wan.shapers(TBF, state="absent").steps == ["remove tbf on wan1"]
    assert shown() == before
    assert not wan.shapers(TBF, state="absent").changed


def test_purge_removes_ours_and_leaves_those_of_others(wan: Node) -> None:
    tc("qdisc add dev modem1 root handle 1: tbf rate 1mbit burst 10kb latency 1s")
    others = shown("modem1")
    wan.shapers(TBF)
    assert wan.shapers(purge=True).steps == ["remove tbf on wan1"]
    assert shown("modem1") == others
    assert not wan.shapers(purge=True).changed


def test_somebody_elses_is_an_error_and_stays(wan: Node) -> None:
    tc("qdisc add dev wan1 root handle 1: tbf rate 1mbit burst 10kb latency 1s")
    before = shown()
    for state in ("present", "absent"):
        with pytest.raises(EngineError, match=r"tbf on wan1: .*not ours"):
            wan.shapers(TBF, state=state)
    assert shown() == before


def test_one_kind_takes_the_place_of_another(wan: Node) -> None:
    needs("cake")
    wan.shapers(TBF)
    cake = {"kind": "cake", "interface": "wan1", "rate": "5mbit"}
    (step,) = wan.shapers(cake).steps
    assert step.startswith("re-create cake on wan1: kind tbf -> cake (it is a tbf now; traffic over it stops")
    assert shown().startswith("qdisc cake 7600: root bandwidth 5Mbit")
    assert not wan.shapers(cake).changed


def test_when_a_step_fails_what_was_done_is_undone(wan: Node) -> None:
    wan.shapers(TBF)
    before = shown(), shown("modem1"), shown("wan2")
    none = replace(SHAPERS["tbf"], name="linkagg_none")  # no kernel has it
    kinds = {**SHAPERS, none.name: none}
    items = [{**TBF, "rate": "3mbit"}, {**TBF, "interface": "modem1"}]
    want = [*parse_items("shapers", list(SHAPERS.values()), items)]
    want += parse_items("shapers", [none], [{**TBF, "interface": "wan2"}])
    with pytest.raises(EngineError) as caught, NetlinkKernel() as kernel:
        reconcile(kernel, kinds, want)
    assert "step 3 of 3, create tbf on wan2" in str(caught.value)
    assert "this node's kernel has no sch_linkagg_none. What this run had done is undone" in str(caught.value)
    assert (shown(), shown("modem1"), shown("wan2")) == before


def test_a_bucket_too_small_for_a_packet_is_refused(wan: Node) -> None:
    with pytest.raises(EngineError, match="burst 1000 is less than a full packet, 1514 bytes"):
        wan.shapers({**TBF, "burst": 1000})


def test_an_interface_that_went_took_its_shaper_along(wan: Node) -> None:
    wan.shapers(TBF)
    ip("link del wan1")
    assert not wan.shapers(TBF, state="absent", purge=True).changed
    with pytest.raises(EngineError, match="interface wan1 does not exist on this node; needed by tbf on wan1"):
        wan.shapers(TBF)
