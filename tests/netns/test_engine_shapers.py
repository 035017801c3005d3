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
from ansible_collections.linkagg.wan.tests.netns.samples_shapers import BASE, SAMPLES

TBF: dict[str, Any] = {"kind": "tbf", "interface": "wan1", "rate": "5mbit", "burst": "10kb", "latency": "50ms"}
KINDS = list(SAMPLES)
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


def ours() -> str:
    """The disciplines of ours on all interfaces, in ``tc``'s words, without how many queues use them."""
    lines = [" ".join(line.split()) for line in tc("qdisc show").splitlines() if " 7600: " in line]
    return "; ".join(sorted(re.sub(r" refcnt \d+", "", line) for line in lines))


def needs(kind: str) -> None:
    """Skip the test, loudly, if this kernel has no such discipline."""
    words = f"tc qdisc add dev lo root handle 1: {kind} {_PROBES.get(kind, '')}"
    done = subprocess.run(words.split(), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT TESTED: this kernel has no sch_{kind} ({done.stderr.strip()}); the lab's has")
    tc("qdisc del dev lo root")


@pytest.fixture
def modems(node: Node) -> Iterator[Node]:
    """A node with two modems."""
    node.needs("veth")
    for number in (1, 2):
        ip(f"link add wan{number} type veth peer name modem{number}")
        ip(f"link set wan{number} up")
        ip(f"link set modem{number} up")
    yield node


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_given_is_as_tc_has_it(modems: Node, kind: str) -> None:
    """Except for handle and numbers of users, tc makes the same of no options, or of the few that a kind needs."""
    needs(kind)
    words = " ".join(f"{name} {value}" for name, value in BASE[kind].items())
    tc(f"qdisc add dev wan1 root handle 7600: {kind} {words}")
    theirs = shown()
    tc("qdisc del dev wan1 root")
    modems.shapers({"kind": kind, "interface": "wan1", **BASE[kind]})
    assert shown() == theirs


@pytest.mark.parametrize("kind", KINDS)
def test_removed_options_go_back_to_their_defaults(modems: Node, kind: str) -> None:
    needs(kind)
    plain = {"kind": kind, "interface": "wan1", **BASE[kind]}
    modems.shapers(plain)
    before = shown()
    for row, sample in SAMPLES[kind].items():
        if SHAPERS[kind].attr(row).default is None and row in ("interface", "quantum", "latency"):
            continue  # where it is; one that stays as it is without a value; one that is always there
        modems.shapers({**plain, **sample.given, row: sample.values[0]})
        modems.shapers(plain)
        assert shown() == before, row


def test_check_mode_says_what_the_run_does_and_does_nothing(modems: Node) -> None:
    before = shown()
    checked = modems.shapers(TBF, check=True)
    assert shown() == before
    done = modems.shapers(TBF)
    assert (done.steps, done.diff) == (checked.steps, checked.diff)
    assert done.after == [
        {"kind": "tbf", "interface": "wan1", "rate": "5mbit", "burst": 10240, "limit": 41490},
    ]
    assert shown() == "qdisc tbf 7600: root rate 5Mbit burst 10Kb lat 50ms"


def test_what_the_kernel_had_put_there_comes_back(modems: Node) -> None:
    before = shown()
    modems.shapers(TBF)
    assert modems.shapers(TBF, state="absent").steps == ["remove tbf on wan1"]
    assert shown() == before
    assert not modems.shapers(TBF, state="absent").changed


def test_purge_removes_ours_and_leaves_those_of_others(modems: Node) -> None:
    tc("qdisc add dev modem1 root handle 1: tbf rate 1mbit burst 10kb latency 1s")
    others = shown("modem1")
    modems.shapers(TBF)
    assert modems.shapers(purge=True).steps == ["remove tbf on wan1"]
    assert shown("modem1") == others
    assert not modems.shapers(purge=True).changed


def test_somebody_elses_is_an_error_and_stays(modems: Node) -> None:
    tc("qdisc add dev wan1 root handle 1: tbf rate 1mbit burst 10kb latency 1s")
    before = shown()
    for state in ("present", "absent"):
        with pytest.raises(EngineError, match=r"tbf on wan1: .*not ours"):
            modems.shapers(TBF, state=state)
    assert shown() == before


def test_somebody_elses_is_adopted_if_that_is_asked_for_and_comes_back_if_a_step_fails(modems: Node) -> None:
    tc("qdisc add dev wan1 root handle 1: tbf rate 1mbit burst 10kb latency 1s")
    before = shown()
    none = replace(SHAPERS["tbf"], name="linkagg_none")  # no kernel has it
    want = parse_items("shapers", list(SHAPERS.values()), [TBF])
    want += parse_items("shapers", [none], [{**TBF, "interface": "wan2"}])
    with pytest.raises(EngineError, match="What this run had done is undone"), NetlinkKernel() as kernel:
        reconcile(kernel, {**SHAPERS, none.name: none}, want, adopt=True)
    assert shown() == before
    (step,) = modems.shapers(TBF, adopt=True).steps
    assert step.startswith("adopt tbf on wan1: ")
    assert ours() == "qdisc tbf 7600: dev wan1 root rate 5Mbit burst 10Kb lat 50ms"
    assert not modems.shapers(TBF).changed


def test_one_kind_takes_the_place_of_another(modems: Node) -> None:
    needs("cake")
    modems.shapers(TBF)
    cake = {"kind": "cake", "interface": "wan1", "rate": "5mbit"}
    (step,) = modems.shapers(cake).steps
    assert step.startswith("re-create cake on wan1: kind tbf -> cake (it is a tbf now; traffic over it stops")
    assert shown().startswith("qdisc cake 7600: root bandwidth 5Mbit")
    assert not modems.shapers(cake).changed


def test_when_a_step_fails_what_was_done_is_undone(modems: Node) -> None:
    modems.shapers(TBF)
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


def test_a_bucket_too_small_for_a_packet_is_refused(modems: Node) -> None:
    with pytest.raises(EngineError, match="burst 1000 is less than a full packet, 1514 bytes"):
        modems.shapers({**TBF, "burst": 1000})


def test_an_interface_that_went_took_its_shaper_along(modems: Node) -> None:
    modems.shapers(TBF)
    ip("link del wan1")
    assert not modems.shapers(TBF, state="absent", purge=True).changed
    with pytest.raises(EngineError, match="interface wan1 does not exist on this node; needed by tbf on wan1"):
        modems.shapers(TBF)
