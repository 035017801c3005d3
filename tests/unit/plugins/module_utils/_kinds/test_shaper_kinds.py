# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapers: arguments that need each other, structures byte for byte, and what the kernel rounds."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine import units
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.planner import plan_steps
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import SHAPERS, htb, netem, tbf
from ansible_collections.linkagg.wan.plugins.module_utils._kinds.qdisc import attribute, attributes

TBF: dict[str, Any] = {"kind": "tbf", "rate": "5mbit", "burst": "10kb", "latency": "50ms"}


def shaper(**options: Any) -> Obj:
    return parse_items("shapers", list(SHAPERS.values()), [{"interface": "wan1", **options}])[0]


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ({**TBF, "latency": None}, "latency or limit is missing: a tbf needs one of them"),
        ({**TBF, "limit": "20kb"}, "latency and limit are two ways to say the same: give one of them"),
        ({**TBF, "latency": "50"}, "latency: '50' is not a time"),
        ({**TBF, "peakrate": "6mbit"}, "peakrate and mtu go together"),
        ({**TBF, "peakrate": "5mbit", "mtu": 1600}, "peakrate: 5mbit is not above the rate, 5mbit"),
        ({**TBF, "rtt": "50ms"}, "rtt: a tbf has no such option"),
        ({"kind": "cake", "rate": "5mb"}, "rate: '5mb' is not a rate"),
        ({"kind": "cake", "overhead": 257}, "overhead: 257 is not within -64 to 256"),
        ({"kind": "cake", "diffserv": "diffserv5"}, "diffserv: 'diffserv5' is none of diffserv3, diffserv4"),
        ({"kind": "netem", "jitter": "1ms"}, "jitter: means nothing without delay"),
        ({"kind": "netem", "reorder": 5}, "reorder: means nothing without delay"),
        ({"kind": "netem", "loss_correlation": 5}, "loss_correlation: means nothing without loss"),
        ({"kind": "netem", "ecn": True}, "ecn: means nothing without loss"),
        ({"kind": "netem", "loss": 101}, "loss: 101 is not within 0 to 100 (percent)"),
        ({"kind": "fq_codel", "quantum": 100}, "quantum: 100 is not within 256 to 1048576"),
        ({"kind": "cake", "parent": "1:41"}, "parent: '1:41' is no class of ours: 7600:1 to 7600:fffe"),
        ({"kind": "htb", "parent": "7600:41"}, "parent: '7600:41' is none of root"),
        ({"kind": "htb", "rate": "1mbit"}, "rate: a htb has no such option"),
        ({"kind": "htb_class", "rate": "1mbit"}, "classid is missing: a htb_class needs it"),
        ({"kind": "htb_class", "classid": "7600:41"}, "rate is missing: a htb_class needs it"),
        ({"kind": "htb_class", "classid": "7600:0", "rate": "1mbit"}, "classid: '7600:0' is no class of ours"),
        ({"kind": "htb_class", "classid": "7600:7600", "rate": "1mbit"}, "classid: '7600:7600' is no class of ours"),
        ({"kind": "htb_class", "classid": "7600:ffff", "rate": "1mbit"}, "classid: '7600:ffff' is no class of ours"),
    ],
)
def test_what_makes_no_sense_is_refused(item: dict[str, Any], problem: str) -> None:
    with pytest.raises(EngineError) as caught:
        shaper(**item)
    assert [text.partition(": ")[2].startswith(problem) for text in caught.value.problems] == [True]


def test_a_latency_becomes_the_limit_that_tc_makes_of_it() -> None:
    assert shaper(**TBF).attrs["limit"] == 625000 // 20 + 10240
    peak = shaper(**TBF, peakrate="6mbit", mtu=1600)
    assert peak.attrs["limit"] == min(625000 // 20 + 10240, 750000 // 20 + 1600)


def test_a_tbf_as_bytes() -> None:
    parts = dict(attributes(tbf.pack(shaper(**TBF).attrs)))
    assert parts[6] == struct.pack("=I", 10240)
    spec = struct.pack("=BBHhHI", 0, 1, 0, 0, 0, 625000)
    none = struct.pack("=BBHhHI", 0, 1, 0, 0, 0, 0)
    assert parts[1] == spec + none + struct.pack("=III", 41490, 0, 0)
    assert 4 not in parts and 7 not in parts
    fast = dict(attributes(tbf.pack(shaper(**{**TBF, "rate": "40gbit"}).attrs)))
    assert fast[4] == struct.pack("=Q", 5 * 10**9)
    assert fast[1][8:12] == b"\xff" * 4


@pytest.mark.parametrize("rate", ["64kbit", "5mbit", "4500kbit", "999999bit", "1gbit", "40gbit"])
@pytest.mark.parametrize("burst", [1600, 10240, 65000, 1 << 20])
def test_a_burst_that_the_kernel_has_rounded_is_no_change(rate: str, burst: int) -> None:
    want = shaper(**{**TBF, "rate": rate, "burst": burst})
    byte_rate = int(tbf.units.byte_rate(want.attrs["rate"]))
    ticks = burst * 10**9 // byte_rate // 64
    shown = round(ticks * 64 * byte_rate / 10**9)
    there = Obj("tbf", want.key, {**want.attrs, "burst": shown, "peakrate": "", "mtu": ""})
    assert plan_steps([want], {there.key: there}, SHAPERS) == []
    other = shaper(**{**TBF, "rate": rate, "burst": burst + 1000})
    assert rate.endswith("gbit") or plan_steps([other], {there.key: there}, SHAPERS) != []


CLASS: dict[str, Any] = {"kind": "htb_class", "classid": "7600:41", "rate": "5mbit"}


def test_an_htb_class_as_bytes() -> None:
    parts = dict(attributes(htb.pack(shaper(**CLASS, overhead=60).attrs)))
    spec = struct.pack("=BBHhHI", 0, 1, 60, 0, 0, 625000)
    ticks = 6250 * 10**9 // 625000 // 64  # what the rate carries in 10 ms
    assert parts == {1: spec + spec + struct.pack("=IIIII", ticks, ticks, 1514, 0, 0)}
    fast = dict(attributes(htb.pack(shaper(**{**CLASS, "rate": "40gbit"}).attrs)))
    assert fast[6] == fast[7] == struct.pack("=Q", 5 * 10**9)
    assert htb.unpack(htb.pack(shaper(**CLASS, burst=3000).attrs))["rate"] == "5mbit"


def test_a_class_lets_at_least_a_packet_go_at_once() -> None:
    assert shaper(**{**CLASS, "rate": "64kbit"}).attrs["burst"] == 1600
    assert shaper(**CLASS, burst=3000).attrs["burst"] == 3000


@pytest.mark.parametrize("rate", ["64kbit", "4500kbit", "999999bit", "40gbit"])
@pytest.mark.parametrize("burst", [None, 1600, 10240])
def test_a_class_is_read_back_as_it_was_wanted(rate: str, burst: int | None) -> None:
    want = shaper(**{**CLASS, "rate": rate, "burst": burst})
    there = Obj("htb_class", want.key, {**want.attrs, **htb.unpack(htb.pack(want.attrs))})
    assert plan_steps([want], {there.key: there}, SHAPERS) == []
    slower = shaper(**{**CLASS, "rate": "63kbit", "burst": burst})
    (step,) = plan_steps([slower], {there.key: there}, SHAPERS)
    assert (step.op, step.changed[0]) == ("change", "rate")


def test_a_class_that_somebody_lets_borrow_is_put_right() -> None:
    want = shaper(**CLASS)
    data = htb.pack(want.attrs)
    ceil = data.replace(struct.pack("=I", 625000), struct.pack("=I", 1250000)).replace(
        struct.pack("=I", 1250000), struct.pack("=I", 625000), 1
    )
    there = Obj("htb_class", want.key, {**want.attrs, **htb.unpack(ceil)})
    assert there.attrs["rate"] == "5mbit to 10mbit"
    (step,) = plan_steps([want], {there.key: there}, SHAPERS)
    assert step.changed == ("rate",)


def test_what_is_in_a_class_comes_after_it_and_goes_before_it() -> None:
    kinds = list(SHAPERS.values())
    items = [{"kind": "cake", "parent": "7600:41"}, CLASS, {"kind": "htb"}]
    want = parse_items("shapers", kinds, [{"interface": "wan1", **item} for item in items])
    assert [step.obj.kind for step in plan_steps(want, {}, SHAPERS)] == ["htb", "htb_class", "cake"]
    there = {obj.key: obj for obj in want}
    gone = plan_steps([], there, SHAPERS, purge=True)
    assert [step.obj.kind for step in gone] == ["cake", "htb_class", "htb"]


def test_a_netem_survives_the_way_to_bytes_and_back() -> None:
    item = {"kind": "netem", "delay": "80ms", "jitter": "20ms", "delay_correlation": 25, "loss": 0.3, "ecn": True}
    more = {"reorder": 5, "gap": 3, "duplicate": 1, "corrupt": 0.1, "rate": "40gbit", "limit": "2000"}
    attrs = shaper(**item, **more).attrs
    assert netem.unpack(netem.pack(attrs)) == {
        name: value for name, value in attrs.items() if name not in ("interface", "parent")
    }


def test_reorder_and_gap_bring_each_other_as_with_tc() -> None:
    late = {"kind": "netem", "delay": "10ms"}
    assert shaper(**late, reorder=25).attrs["gap"] == 1
    assert shaper(**late, gap=5).attrs["reorder"] == 100.0


def test_cake_without_overhead_counts_packets_as_they_are() -> None:
    row = SHAPERS["cake"].attr("overhead")
    assert row.to_netlink("") == {"TCA_CAKE_OVERHEAD": 0, "TCA_CAKE_RAW": 0}
    assert row.to_netlink(-4) == {"TCA_CAKE_OVERHEAD": -4}
    assert row.from_netlink({"TCA_CAKE_RAW": 0, "TCA_CAKE_OVERHEAD": 0}) == ""
    assert row.from_netlink({"TCA_CAKE_OVERHEAD": 38}) == 38
    assert row.from_netlink({"TCA_CAKE_RAW": 0, "TCA_CAKE_OVERHEAD": 38}) == "raw 38"
    there = Obj("cake", ("qdisc", "wan1", "root"), {**shaper(kind="cake").attrs, "overhead": 38})
    (step,) = plan_steps([shaper(kind="cake")], {there.key: there}, SHAPERS)
    assert (step.op, step.changed) == ("change", ("overhead",))


def test_the_target_of_cake_is_a_twentieth_of_its_rtt() -> None:
    assert SHAPERS["cake"].attr("rtt").to_netlink("50ms") == {"TCA_CAKE_RTT": 50000, "TCA_CAKE_TARGET": 2500}


def test_a_rate_that_cake_guesses_itself_is_not_compared() -> None:
    want = shaper(kind="cake", rate="5mbit", autorate_ingress=True)
    there = Obj("cake", want.key, {**want.attrs, "overhead": "", "rate": "3217kbit"})
    assert plan_steps([want], {there.key: there}, SHAPERS) == []


def test_a_time_that_fq_codel_has_rounded_is_no_change() -> None:
    want = shaper(kind="fq_codel", target="5ms")
    there = Obj("fq_codel", want.key, {**want.attrs, "target": "4999us", "interval": "99999us", "quantum": 1514})
    assert plan_steps([want], {there.key: there}, SHAPERS) == []
    (step,) = plan_steps([shaper(kind="fq_codel", target="6ms")], {there.key: there}, SHAPERS)
    assert step.changed == ("target",)


@pytest.mark.parametrize("byte_rate", [8_000, 625_000, 999_999, 125_000_000, 5_000_000_000])
@pytest.mark.parametrize("burst", [1600, 10240, 65000])
def test_a_burst_that_is_written_as_it_was_read_is_read_the_same(byte_rate: int, burst: int) -> None:
    def shown(size: int) -> int:
        zeros = (0, 1, 0, 0, 0, 0)
        ticks = size * 10**9 // byte_rate // 64
        spec = struct.pack("=BBHhHIBBHhHIIII", 0, 1, 0, 0, 0, min(byte_rate, 2**32 - 1), *zeros, 1, ticks, 0)
        data = attribute(1, spec) + (attribute(4, struct.pack("=Q", byte_rate)) if byte_rate >= 2**32 else b"")
        return tbf.unpack(data)["burst"]

    assert shown(shown(burst)) == shown(burst)


@pytest.mark.parametrize("said_us", [1, 2, 1000, 4999, 5000, 100000, 127999, 128000, 128001])
def test_a_time_of_fq_codel_that_is_written_as_it_was_read_is_read_the_same(said_us: int) -> None:
    def shown(value_us: int) -> str:
        return (
            SHAPERS["fq_codel"]
            .attr("target")
            .from_netlink({"TCA_FQ_CODEL_TARGET": (value_us * 1000 >> 10 << 10) // 1000})
        )

    assert shown(units.microseconds(shown(said_us))) == shown(said_us)


def test_attributes_are_padded_to_four_bytes() -> None:
    data = attribute(3, b"abcde") + attribute(4, b"x")
    assert len(data) == 12 + 8
    assert list(attributes(data)) == [(3, b"abcde"), (4, b"x")]
