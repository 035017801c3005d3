# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of every kind table is set, read back and changed on a real kernel. That none is forgotten is checked
on any kernel: tests/unit/test_samples.py.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.reconcile import Outcome
from ansible_collections.linkagg.wan.plugins.module_utils._engine.tables import Attr
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BOND, MPTCP, ROUTING, SHAPERS, TUNNELS
from ansible_collections.linkagg.wan.tests.netns import (
    samples_bond,
    samples_mptcp,
    samples_routing,
    samples_shapers,
    samples_tunnels,
)
from ansible_collections.linkagg.wan.tests.netns.node import Node, ip, leg
from ansible_collections.linkagg.wan.tests.netns.samples import Sample
from ansible_collections.linkagg.wan.tests.netns.test_engine_mptcp import wan
from ansible_collections.linkagg.wan.tests.netns.test_engine_shapers import modems, needs, ours, where_it_is

__all__ = ["modems", "wan"]  # fixtures
Item = dict[str, Any]
CALLED = {"latency": "limit"}  # rows that steps show as another, beside those of files


def each(samples: Mapping[str, Mapping[str, Sample]]) -> pytest.MarkDecorator:
    """A test for each row of each of these kinds."""
    return pytest.mark.parametrize(("kind", "row"), [(kind, row) for kind, rows in samples.items() for row in rows])


def go_through(
    row: Attr,
    sample: Sample,
    items: Sequence[Item],
    reconcile: Callable[[Item], Outcome],
    shown: Callable[[Item], str],
    identity: Collection[str] = ("name",),
) -> None:
    """Make each item true after the one before: the step says what changes and how, the kernel's tools show it, and a
    second run does nothing. With another value of a row that is its identity it is another object.
    """
    before: Any = None
    for number, item in enumerate(items):
        steps = reconcile(item).steps
        now = row.normalise(item[row.name])
        if number and row.name not in identity:
            verb = "re-create" if row.remade(before, now) else "change"
            assert steps[0].startswith(f"{verb} "), steps
            assert CALLED.get(row.name, row.name.removesuffix("_file")) in steps[0]
        if sample.words:
            text, expected = shown(item), sample.words[number]
            assert expected in text
            assert [other for other in sample.words if other not in expected and other in text] == []
        assert reconcile(item).steps == []
        before = now


def link_text(name: str) -> str:
    """What ``ip`` prints about a link and its ports, with a space for a line's end."""
    commands = (f"-d link show {name}", f"address show {name}", f"-d link show master {name}")
    return "".join(ip(command) for command in commands).replace("\n", " ")


def wireguard_text(name: str) -> str:
    """What ``wg`` prints, keys included."""
    done = subprocess.run(["wg", "show", name, "dump"], capture_output=True, text=True, check=True)
    return done.stdout.replace("\n", " ")


@pytest.mark.parametrize("row", samples_bond.SAMPLES)
def test_a_row_of_the_bond(node: Node, row: str) -> None:
    node.needs("bond", "vxlan")
    node.tunnels(leg("vxlan", "leg0", vni=1), leg("vxlan", "leg1", vni=2))
    sample = samples_bond.SAMPLES[row]
    items = [{**samples_bond.BASE, **sample.given, row: value} for value in sample.values]

    def shown(item: Item) -> str:
        command = ["tc", "filter", "show", "dev", item["name"], "egress"]
        filters = subprocess.run(command, capture_output=True, text=True, check=True)
        return link_text(item["name"]) + filters.stdout

    go_through(BOND.attr(row), sample, items, lambda item: node.bonds(item, purge=True), shown)


def keys_in_files(node: Node) -> dict[str, str]:
    """Keys in files, by the names that samples have for them; the text of the preshared ones."""
    for name in samples_tunnels.KEYS:
        node.key(name)
    texts = {}
    for number, name in enumerate(samples_tunnels.PRESHARED_KEYS, 1):
        texts[name] = base64.b64encode(bytes([number]) * 32).decode()
        path = node.keys / f"{name}.key"
        path.touch(mode=0o600)
        path.write_text(texts[name])
    return texts


@each(samples_tunnels.SAMPLES)
def test_a_row_of_a_tunnel(node: Node, kind: str, row: str) -> None:
    node.needs(kind)
    secrets = keys_in_files(node) if kind == "wireguard" else {}
    for name in samples_tunnels.DEVICES:
        ip(f"link add {name} up type veth peer name {name}p")
    sample = samples_tunnels.SAMPLES[kind][row]
    bare = {**samples_tunnels.BASE[kind], **sample.given}
    items = [_filled({**bare, row: value}, {"keys": str(node.keys)}) for value in sample.values]
    said = Sample(sample.values, tuple(_filled(words, secrets) for words in sample.words))

    def shown(item: Item) -> str:
        return link_text(item["name"]) + (wireguard_text(item["name"]) if kind == "wireguard" else "")

    go_through(TUNNELS[kind].attr(row), said, items, lambda item: node.tunnels(item, purge=True), shown)


def routing_text() -> str:
    """Our routes and rules, in the words of ``ip``."""
    text = ""
    for family in ("-4", "-6"):
        text += ip(f"{family} route show table all proto 76")
        rules = [line for line in ip(f"{family} rule").splitlines() if "proto 76" in line]
        text += "\n".join(f"IPv{family[1:]} {line} " for line in rules)
    return " ".join(text.replace("\t", " ").split()) + " "


@pytest.mark.parametrize(
    ("kind", "row", "sample"),
    [
        *((kind, row, sample) for kind, rows in samples_routing.SAMPLES.items() for row, sample in rows.items()),
        *(("route", row, sample) for row, sample in samples_routing.SAMPLES_IPV6.items()),
    ],
)
def test_a_row_of_a_link_a_route_or_a_rule(node: Node, kind: str, row: str, sample: Sample) -> None:
    for number in range(1, 5):
        ip(f"link add wan{number} type veth peer name wan{number}p")
        ip(f"link set wan{number}p up")
    for name, addresses in samples_routing.DEVICES.items():
        ip(f"link set {name} up")
        for address in addresses:
            ip(f"address add {address} dev {name} {'nodad' if ':' in address else ''}")
    bare = {**samples_routing.BASE[kind], **sample.given}
    items = [{**bare, row: value} for value in sample.values]

    def reconcile(item: Item) -> Outcome:
        return node.routing(**{f"{kind}s": [item]}, purge=True)

    def shown(item: Item) -> str:
        return link_text(item["interface"]) if kind == "link" else routing_text()

    go_through(ROUTING[kind].attr(row), sample, items, reconcile, shown, ROUTING[kind].key)


@each(samples_mptcp.SAMPLES)
def test_a_row_of_mptcp(wan: Node, kind: str, row: str) -> None:
    sample = samples_mptcp.SAMPLES[kind][row]
    items = [{**samples_mptcp.BASE[kind], **sample.given, row: value} for value in sample.values]

    def reconcile(item: Item) -> Outcome:
        if kind == "mptcp_limits":
            return wan.mptcp(limits=item)
        return wan.mptcp(item, purge=True)

    def shown(_item: Item) -> str:
        return f" {ip('mptcp endpoint')} {ip('mptcp limits')} ".replace("\n", " ")

    go_through(MPTCP[kind].attr(row), sample, items, reconcile, shown, MPTCP[kind].key)


@each(samples_shapers.SAMPLES)
def test_a_row_of_a_shaper(modems: Node, kind: str, row: str) -> None:
    needs(kind)
    sample = samples_shapers.SAMPLES[kind][row]
    bare = {"kind": kind, "interface": "wan1", **samples_shapers.BASE[kind], **sample.given}
    items = [{**bare, row: value} for value in sample.values]

    def reconcile(item: Item) -> Outcome:
        return modems.shapers(*where_it_is(item), item, purge=True)

    go_through(SHAPERS[kind].attr(row), sample, items, reconcile, lambda _item: ours(), SHAPERS[kind].key)


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    """The value with texts in it for ``{names}`` in braces."""
    if isinstance(value, dict):
        return {key: _filled(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    return value.format(**names) if isinstance(value, str) else value
