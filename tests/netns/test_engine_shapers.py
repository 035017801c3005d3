# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapers on the real kernel, compared with what ``tc`` says."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Step
from ansible_collections.linkagg.wan.plugins.module_utils._engine.reconcile import reconcile
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import SHAPERS, TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.shaped import with_rate
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg
from ansible_collections.linkagg.wan.tests.netns.samples_shapers import BASE, SAMPLES

TBF: dict[str, Any] = {"kind": "tbf", "interface": "wan1", "rate": "5mbit", "burst": "10kb", "latency": "50ms"}
KINDS = [name for name, kind in SHAPERS.items() if kind.space == "qdisc"]
HTB: dict[str, Any] = {"kind": "htb", "interface": "wan1"}
_PROBES = {"tbf": "rate 1mbit burst 10kb latency 1s"}


def tc(words: str) -> str:
    """The ``tc`` program in the namespace of the test."""
    done = subprocess.run(["tc", *words.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"tc {words}: {done.stderr}"
    return done.stdout


def uncounted(line: str) -> str:
    """What ``tc`` shows without what the kernel counts: a reference for each queue of the interface, and packets that
    no class of an htb took, which it sends by itself when the interface comes up."""
    return re.sub(r" (refcnt|direct_packets_stat) \d+", "", line)


def shown(interface: str = "wan1") -> str:
    """The root discipline of an interface, in ``tc``'s words, without what is counted."""
    lines = tc(f"qdisc show dev {interface}").splitlines()
    return uncounted(" ".join(next(line for line in lines if " root " in line).split()))


def ours(*interfaces: str) -> str:
    """The disciplines of ours on all interfaces, and classes on some, in ``tc``'s words, without what is counted."""
    lines = [" ".join(line.split()) for line in tc("qdisc show").splitlines() if " 7600:" in line]
    there = {name for _index, name in socket.if_nameindex()}
    for name in sorted(there & set(interfaces or ("wan1", "wan2"))):
        lines += [f"dev {name} {line}" for line in tc(f"-d class show dev {name}").splitlines() if " htb " in line]
    return "; ".join(sorted(map(uncounted, lines)))


def where_it_is(item: dict[str, Any]) -> list[dict[str, Any]]:
    """What has to be there for a shaper: an htb for a class, and for what is in a class that, too."""
    htb = {"kind": "htb", "interface": item["interface"]}
    if item.get("parent", "root") != "root":
        return [htb, {**htb, "kind": "htb_class", "classid": item["parent"], "rate": "5mbit"}]
    return [htb] if item["kind"] == "htb_class" else []


def needs(kind: str) -> None:
    """Skip the test, loudly, if this kernel has no such discipline."""
    kind = kind.removesuffix("_class")
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
        if row in ("interface", "parent", "latency") or (kind, row) == ("fq_codel", "quantum"):
            continue  # where it is; one that is always there; one that stays as it is without a value
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
        {"kind": "tbf", "interface": "wan1", "parent": "root", "rate": "5mbit", "burst": 10240, "limit": 41490},
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


def link_class(number: int, rate: str, **options: Any) -> list[dict[str, Any]]:
    """A class and what is in it."""
    where = {"interface": "wan1", "kind": "htb_class", "classid": f"7600:{number:x}", "rate": rate, **options}
    return [where, {**TBF, "parent": where["classid"], "rate": "1gbit", "burst": "20kb"}]


def classes() -> list[str]:
    """Classes of wan1, in ``tc``'s words."""
    return sorted(line for line in tc("class show dev wan1").splitlines() if " htb " in line)


def test_a_change_of_one_class_leaves_the_others_alone(modems: Node) -> None:
    needs("htb")
    modems.shapers(HTB, *link_class(0x41, "5mbit"), *link_class(0x42, "2mbit"))
    before = ours().split("; ")
    done = modems.shapers(HTB, *link_class(0x41, "6mbit"), *link_class(0x42, "2mbit"), purge=True)
    assert done.steps == ["change htb class 7600:41 on wan1: rate 5mbit -> 6mbit, burst 6250 -> 7500"]
    after = ours().split("; ")
    (changed,) = set(after) - set(before)
    assert "class htb 7600:41" in changed
    assert "rate 6Mbit" in changed
    assert len(set(before) - set(after)) == 1


def test_a_class_comes_and_goes_with_what_is_in_it(modems: Node) -> None:
    needs("htb")
    both = [HTB, *link_class(0x41, "5mbit"), *link_class(0x7641, "2mbit")]
    modems.shapers(*both)
    alone = [HTB, *link_class(0x41, "5mbit")]
    assert modems.shapers(*alone, purge=True).steps == [
        "remove tbf on wan1 in class 7600:7641",
        "remove htb class 7600:7641 on wan1",
    ]
    assert [line.split()[2] for line in classes()] == ["7600:41"]
    assert modems.shapers(*both, purge=True).steps == [
        "create htb class 7600:7641 on wan1",
        "create tbf on wan1 in class 7600:7641",
    ]
    assert not modems.shapers(*both, purge=True).changed
    assert [step.partition(" on ")[0] for step in modems.shapers(purge=True).steps] == [
        *["remove tbf"] * 2,
        "remove htb class 7600:7641",
        "remove htb class 7600:41",
        "remove htb",
    ]
    assert classes() == []


def test_what_a_failed_run_did_to_classes_is_undone(modems: Node) -> None:
    needs("htb")
    modems.shapers(HTB, *link_class(0x41, "5mbit"))
    before = ours()
    none = replace(SHAPERS["tbf"], name="linkagg_none")  # no kernel has it
    want = parse_items("shapers", list(SHAPERS.values()), [HTB, *link_class(0x41, "1mbit"), *link_class(2, "9mbit")])
    want += parse_items("shapers", [none], [{**TBF, "interface": "wan2"}])
    with pytest.raises(EngineError, match="What this run had done is undone"), NetlinkKernel() as kernel:
        reconcile(kernel, {**SHAPERS, none.name: none}, want)
    assert ours() == before
    with pytest.raises(EngineError, match="What this run had done is undone"), NetlinkKernel() as kernel:
        reconcile(kernel, {**SHAPERS, none.name: none}, want[-1:], purge=True)
    assert ours() == before


def test_what_is_in_no_class_is_refused_with_the_reason(modems: Node) -> None:
    needs("htb")
    where, inside = link_class(0x41, "5mbit")
    with pytest.raises(EngineError, match="there is no htb of ours at the root of wan1"):
        modems.shapers(where)
    with pytest.raises(EngineError, match="there is no htb class 7600:41 on wan1, or"):
        modems.shapers(HTB, inside)
    assert ours() == ""


def test_a_packet_is_of_the_class_that_its_priority_names(modems: Node) -> None:
    """As the plan has it at a concentrator: nft gives packets the number of the link's class by their destination."""
    needs("htb")
    ip("addr add 10.208.0.1/24 dev wan1")
    for last in (65, 66, 67):
        ip(f"neigh add 10.208.0.{last} lladdr 02:00:00:00:00:01 dev wan1")
    modems.shapers(HTB, *link_class(0x41, "5mbit"), *link_class(0x7642, "5mbit"))
    table = """table inet linkagg {
        map link_classes { type ipv4_addr : classid; elements = { 10.208.0.65 : 7600:41, 10.208.0.66 : 7600:7642 } }
        chain leaving { type filter hook postrouting priority mangle; policy accept;
            oifname "wan1" meta priority set ip daddr map @link_classes
        }
    }"""
    subprocess.run(["nft", "-f", "-"], input=table, text=True, check=True)
    for last, count in ((65, 3), (66, 2), (67, 4)):
        words = ["ping", "-n", "-q", "-c", str(count), "-i", "0.01", "-W", "0.01", f"10.208.0.{last}"]
        subprocess.run(words, capture_output=True, check=False)
    sent = dict(re.findall(r"class htb (\S+) .*\n Sent \d+ bytes (\d+) pkt", tc("-s class show dev wan1")))
    assert sent == {"7600:41": "3", "7600:7642": "2"}
    direct = re.search(r"direct_packets_stat (\d+)", tc("-s qdisc show dev wan1"))
    assert direct is not None
    assert int(direct[1]) >= 4  # and what the kernel says to its neighbours


def test_a_link_that_is_made_again_has_its_shapers_as_before(node: Node) -> None:
    needs("htb")
    node.needs("vxlan")
    shapers = [{**HTB, "interface": "leg0"}, *({**item, "interface": "leg0"} for item in link_class(0x41, "5mbit"))]
    node.tunnels(leg("vxlan", "leg0", vni=1), leg("vxlan", "leg1", vni=3))
    node.shapers(*shapers, {**TBF, "interface": "leg1"})
    before = ours("leg0")
    kinds = {**TUNNELS, **SHAPERS}
    want = parse_items("tunnels", list(TUNNELS.values()), [leg("vxlan", "leg0", vni=2), leg("vxlan", "leg1", vni=4)])
    want += parse_items("shapers", list(SHAPERS.values()), [*shapers, {**TBF, "interface": "leg1"}])
    with NetlinkKernel() as kernel:
        steps = reconcile(kernel, kinds, want, purge=True).steps
    assert [step.partition(":")[0] for step in steps] == ["re-create vxlan leg0", "re-create vxlan leg1"]
    assert ours("leg0") == before
    assert not node.shapers(*shapers, {**TBF, "interface": "leg1"}, purge=True).changed


@pytest.mark.parametrize("kind", ["htb_class", "cake", "cake in a class"])
def test_a_shaper_follows_a_changing_rate(modems: Node, kind: str) -> None:
    """With one message, which changes nothing else, and which the engine takes for what it would have done itself."""
    kind, _in, inside = kind.partition(" in ")
    needs("htb")
    needs(kind)
    options = {"classid": "7600:41"} if kind == "htb_class" else {"parent": "7600:41"} if inside else {}
    item = {"kind": kind, "interface": "wan1", "rate": "5mbit", "overhead": 60, **options}
    around = where_it_is(item)
    around += [{**item, "classid": "7600:42"}] if kind == "htb_class" else []
    modems.shapers(*around, item)
    before = ours()
    (obj,) = parse_items("shapers", list(SHAPERS.values()), [item])
    with NetlinkKernel() as kernel:
        kernel.apply(Step("change", obj.key, obj, with_rate(obj, "800kbit"), ("rate",)), SHAPERS)
        assert ours() != before
        assert reconcile(kernel, SHAPERS, [with_rate(obj, "800kbit")]).steps == []
    assert modems.shapers(*around, item).changed
    assert ours() == before
