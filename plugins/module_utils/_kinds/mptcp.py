# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MPTCP endpoints and limits of the in-kernel path manager. Source: linux/mptcp_pm.h, ip-mptcp(8).

An endpoint is known by its address and port, as in the kernel, which tells those of one address apart by port only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._engine import normal
from .._engine.objects import Obj
from .._engine.tables import Attr, Claim, Kind

FLAGS = {"signal": 1, "subflow": 2, "backup": 4, "fullmesh": 8}
IMPLICIT = 16  # made by the kernel itself for the address of a subflow; an explicit one takes its place
LIMITS_WHEN_ABSENT = {"subflows": 2, "add_addr_accepted": 0}  # what a kernel starts with, since 5.17


def check(attrs: Mapping[str, Any]) -> list[str]:
    """What the kernel refuses: mptcp_pm_nl_add_addr_doit()."""
    problems = []
    if attrs["port"] and (not attrs["signal"] or attrs["subflow"]):
        problems.append("port: the kernel takes it only with signal and without subflow")
    if attrs["fullmesh"] and attrs["signal"]:
        problems.append("fullmesh: the kernel does not take it with signal")
    return problems


def resolve(want: Mapping[str, Any], _have: Mapping[str, Any] | None) -> dict[str, Any]:
    """No device given means that it is to have none; no id, that the kernel chooses and its choice stays."""
    return {"device": "", **want}


def claims(attrs: Mapping[str, Any]) -> tuple[Claim, ...]:
    """The number of an endpoint."""
    return ((("id", attrs["id"]),),) if attrs.get("id") else ()


def title(attrs: Mapping[str, Any]) -> str:
    """``10.208.0.65`` or ``10.208.0.65 port 8443``."""
    return f"{attrs['address']} port {attrs['port']}" if attrs.get("port") else str(attrs["address"])


def reserving_ids(want: Sequence[Obj]) -> list[Obj]:
    """Endpoints without an id get to know which ids the others want, or the kernel could choose one of those; also of
    one whose device comes later.
    """
    ids = frozenset(obj.attrs["id"] for obj in want if obj.attrs.get("id"))
    return [obj if obj.attrs.get("id") else replace(obj, context={**obj.context, "reserved": ids}) for obj in want]


def remember_limits(want: Mapping[str, Any], _now: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """A limit that is not given stays in the kernel, so what an earlier run has set stays saved."""
    return {**{name: saved[name] for name in LIMITS_WHEN_ABSENT if name in saved}, **want}


MPTCP_ENDPOINT = Kind(
    name="mptcp_endpoint",
    noun="MPTCP endpoint",
    space="mptcp",
    priority=50,
    key=("address", "port"),
    check=check,
    resolve=resolve,
    claims=claims,
    title=title,
    attrs=(
        Attr("address", required=True, normalise=normal.address),
        Attr("port", "int", low=0, high=65535, default=0),
        Attr("device", normalise=normal.interface_name, create_only=True, devices=True),
        Attr("signal", "bool", default=False, create_only=True),
        Attr("subflow", "bool", default=False, create_only=True),
        Attr("backup", "bool", default=False),
        Attr("fullmesh", "bool", default=False),
        Attr("id", "int", low=1, high=255, create_only=True),
    ),
)

MPTCP_LIMITS = Kind(
    name="mptcp_limits",
    noun="MPTCP limits",
    space="mptcp",
    priority=40,
    key=(),
    creatable=False,
    when_absent=LIMITS_WHEN_ABSENT,
    remember=remember_limits,
    title=lambda _attrs: "of the node",
    attrs=(
        Attr("subflows", "int", low=0, high=255),
        Attr("add_addr_accepted", "int", low=0, high=255),
    ),
)
