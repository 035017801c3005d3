# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel made of dictionaries: it keeps state, refuses what a real one refuses, and can be told to misbehave."""

from __future__ import annotations

import errno
import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._engine import normal
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import KernelError
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Key, Obj, Step
from ansible_collections.linkagg.wan.plugins.module_utils._engine.order import Kinds, claims_of
from ansible_collections.linkagg.wan.plugins.module_utils._engine.tables import Attr, Kind

GONE = (errno.ENODEV, errno.ENOENT, errno.ESRCH)


class FakeKernel:
    """Implements the engine's Kernel. ``log`` has every step that was applied, those of undoing too.

    ``fail_on``: numbers of steps that are refused, and why. In ``half_done_on`` they are half done by then.
    ``deaf_to``: attributes that it drops without a word, but not while undoing. ``devices``: interfaces besides, that
    are somebody else's.
    """

    def __init__(self, objects: Iterable[Obj] = (), devices: Iterable[str] = ()) -> None:
        self.objects: dict[Key, Obj] = {obj.key: obj for obj in objects}
        self.others = set(devices)
        self.log: list[Step] = []
        self.fail_on: dict[int, str] = {}
        self.half_done_on: set[int] = set()
        self.deaf_to: set[str] = set()
        self.protests: list[str] = []
        self._hears = True
        self._lost_routes: dict[str, list[Obj]] = {}
        self._primaries: dict[str, str] = {}  # a bond knows its primary by name, in or not

    def clone(self) -> FakeKernel:
        """Another one in the same state."""
        other = FakeKernel(self.objects.values(), self.others)
        other._primaries = dict(self._primaries)
        return other

    def read(self, kinds: Kinds, want: Sequence[Obj], *, purge: bool) -> Mapping[Key, Obj]:
        """Wanted objects whoever owns them, and all of ours of these kinds."""
        wanted = {obj.key for obj in want}
        return {
            key: obj
            for key, obj in self.objects.items()
            if key in wanted or (obj.kind in kinds and (obj.owned or (purge and not kinds[obj.kind].creatable)))
        }

    def devices(self) -> Collection[str]:
        """All links and whatever the test says is there besides."""
        return self.others | {key[1] for key in self.objects if key[0] in ("link", "uplink")}

    def objections(self, want: Sequence[Obj]) -> list[str]:
        """What the test says."""
        return self.protests

    def apply(self, step: Step, kinds: Kinds, *, undo: bool = False) -> None:
        """Change the state as a kernel would, or fail as told: before, or half way through the step."""
        self._hears = not undo
        number = len(self.log)
        self.log.append(step)
        why = self.fail_on.get(number)
        if why and number not in self.half_done_on:
            raise KernelError(errno.EINVAL, why)
        try:
            self._do(step, kinds, half=bool(why), undo=undo)
        except KernelError as exc:
            if exc.errno not in GONE or not (undo or step.op == "delete"):
                raise
        if why:
            raise KernelError(errno.EINVAL, why)

    def _do(self, step: Step, kinds: Kinds, half: bool, undo: bool) -> None:
        if step.op == "create" and step.after:
            self._create(step.after, kinds, half)
        elif step.op == "delete" and step.before:
            if not undo or self._at(step.key).owned:
                self._delete(step.before)
        elif step.op == "recreate" and step.before and step.after:
            if step.key in self.objects and (not undo or self.objects[step.key].owned):
                self._delete(step.before)
            if not half:
                self._create(step.after, kinds, False)
        elif step.before and step.after:
            self._change(step, kinds, half)

    def _create(self, obj: Obj, kinds: Kinds, half: bool) -> None:
        kind = kinds[obj.kind]
        if obj.key in self.objects:
            raise KernelError(errno.EEXIST, "File exists")
        attrs = {**defaults(kind, obj.attrs), **obj.attrs}
        if half:  # the link itself and its mark come first
            attrs |= {attr.name: _nothing(attr) for attr in kind.attrs if attr.layer == "own" and attr.name in attrs}
            attrs |= {name: obj.attrs[name] for name in kind.key}
        obj = self._heard(replace(obj, attrs=attrs), None)
        self._refuse(obj, kind, kinds)
        self.objects[obj.key] = obj
        self._take_ports(obj)
        if obj.context.get("master"):
            self._enslave(obj.key[1], obj.context["master"])
        if obj.key[0] == "link":
            self._put_routes_back(obj.key[1])

    def _delete(self, obj: Obj) -> None:
        self._at(obj.key)
        del self.objects[obj.key]
        if obj.key[0] != "link":
            return
        name = obj.key[1]
        over = [route for route in self._routes() if route.attrs.get("device") == name]
        self._lost_routes.setdefault(name, over)  # what is made again in this run gets them back
        for route in over:
            del self.objects[route.key]
        self._forget_sources(obj.attrs.get("addresses", ()), ())
        self._release(name)
        for key, port in list(self.objects.items()):
            if port.context.get("master") == name:
                self.objects[key] = replace(port, context={})

    def _change(self, step: Step, kinds: Kinds, half: bool) -> None:
        now = self._at(step.key)
        kind = kinds[step.obj.kind]
        after = step.after or now
        bad = [
            name
            for name in step.changed
            if name in kind.key or kind.attr(name).remade(now.attrs.get(name), after.attrs.get(name))
        ]
        if bad:
            raise KernelError(errno.EOPNOTSUPP, f"{bad} cannot be changed")
        attrs = dict(now.attrs)
        for name in step.changed[: len(step.changed) // 2] if half else step.changed:
            attrs.pop(name, None)
            attrs |= {name: after.attrs[name]} if name in after.attrs else {}
        needs = {need for name in step.changed for need in kind.attr(name).needs}
        if half and "no_ports" in needs:  # released, and not taken back yet
            attrs = {**now.attrs, "ports": ()}
            attrs |= {"primary": ""} if attrs.get("primary") else {}
        new = self._heard(replace(now, attrs=kind.applicable(attrs), owned=now.owned if half else after.owned), now)
        self._refuse(new, kind, kinds)
        self.objects[step.key] = new
        self._take_ports(new)
        self._forget_sources(now.attrs.get("addresses", ()), new.attrs.get("addresses", ()))

    def _refuse(self, obj: Obj, kind: Kind, kinds: Kinds) -> None:
        """What a kernel has against it."""
        for other in self.objects.values():
            for _kind, claim in claims_of(other, kinds) & claims_of(obj, kinds) if other.key != obj.key else ():
                raise KernelError(errno.EEXIST, "File exists", [name for name, _value in claim])
        for attr in kind.attrs:
            value = obj.attrs.get(attr.name)
            if value is None:
                continue
            if value and attr.lacks(obj.attrs):
                raise KernelError(errno.EINVAL, f"{attr.name} does not go without {attr.lacks(obj.attrs)}")
            names = (value,) if isinstance(value, str) else value
            if attr.devices and not set(filter(None, names)) <= set(self.devices()) | set(obj.key[1:2]):
                raise KernelError(errno.EINVAL, f"No such device {names}")
        if obj.attrs.get("primary") and obj.attrs["primary"] not in obj.attrs["ports"]:
            raise KernelError(errno.EINVAL, "primary is no port")
        if obj.key[0] == "route":
            self._refuse_route(obj)

    def _refuse_route(self, obj: Obj) -> None:
        source, via = obj.attrs.get("source"), obj.attrs.get("via")
        lists = ("addresses", "others_addresses")
        here = [value for one in self.objects.values() for name in lists for value in one.attrs.get(name, ())]
        if source and source not in {value.partition("/")[0] for value in here}:
            raise KernelError(errno.EINVAL, "Invalid prefsrc address")
        if via:
            near = [ipaddress.ip_interface(value).network for value in here]
            near += [ipaddress.ip_network(route.attrs["destination"]) for route in self._routes() if _on_link(route)]
            if not any(ipaddress.ip_address(via) in network for network in near):
                raise KernelError(errno.ENETUNREACH, "Nexthop has invalid gateway")

    def _heard(self, obj: Obj, now: Obj | None) -> Obj:
        deaf_to = self.deaf_to if self._hears else set()
        kept = {name: now.attrs[name] for name in deaf_to & now.attrs.keys()} if now else {}
        heard = {name: value for name, value in obj.attrs.items() if name not in deaf_to}
        return replace(obj, attrs={**heard, **kept})

    def _take_ports(self, bond: Obj) -> None:
        if "ports" in bond.attrs:
            self._primaries[bond.key[1]] = bond.attrs.get("primary", "")
        for name in bond.attrs.get("ports", ()):
            self._release(name, but=bond.key)
        for key, obj in list(self.objects.items()):
            if key[0] == "link" and obj.context.get("master") == bond.key[1] != key[1]:
                self.objects[key] = replace(obj, context={})
        for name in bond.attrs.get("ports", ()):
            port = self.objects.get(("link", name))
            if port:
                self.objects[port.key] = replace(port, context={"master": bond.key[1]})

    def _enslave(self, name: str, master: str) -> None:
        bond = self.objects.get(("link", master))
        if bond and "ports" in bond.attrs:
            ports = tuple(sorted({*bond.attrs["ports"], name}))
            primary = {"primary": name} if self._primaries.get(master) == name else {}
            self.objects[bond.key] = replace(bond, attrs={**bond.attrs, "ports": ports, **primary})

    def _release(self, name: str, but: Key | None = None) -> None:
        """The port leaves whatever bond it is in; a primary that is gone is none."""
        for key, obj in list(self.objects.items()):
            if key != but and name in obj.attrs.get("ports", ()):
                attrs = {**obj.attrs, "ports": tuple(port for port in obj.attrs["ports"] if port != name)}
                if attrs.get("primary") == name:
                    attrs["primary"] = ""
                self.objects[key] = replace(obj, attrs=attrs)

    def _forget_sources(self, old: Iterable[str], new: Iterable[str]) -> None:
        """Routes from an address go with it."""
        gone = {value.partition("/")[0] for value in set(old) - set(new)}
        for route in self._routes():
            if route.attrs.get("source") in gone:
                del self.objects[route.key]

    def _put_routes_back(self, name: str) -> None:
        for route in self._lost_routes.pop(name, ()):
            self.objects.setdefault(route.key, route)

    def _routes(self) -> list[Obj]:
        return [obj for key, obj in self.objects.items() if key[0] == "route"]

    def _at(self, key: Key) -> Obj:
        if key not in self.objects:
            raise KernelError(errno.ESRCH if key[0] in ("route", "rule") else errno.ENODEV, "No such thing")
        return self.objects[key]


def _on_link(route: Obj) -> bool:
    plain = route.attrs.get("type") == "unicast" and not route.attrs.get("via")
    return plain and route.attrs["destination"] != "default"


def _nothing(attr: Attr) -> Any:
    return {"list": (), "bool": False}.get(attr.type)


def defaults(kind: Kind, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """What a kernel has where nothing is said: the first choice, the lowest number, nothing."""
    values: dict[str, Any] = {}
    for attr in kind.attrs:
        if attr.layer == "own" or attr.name in kind.key or attr.default is not None:
            continue
        if attr.choices is not None:
            values[attr.name] = next(iter(attr.choices))
        elif attr.type == "int" and attr.low is not None and attr.name != "key":
            values[attr.name] = attr.low
        elif attr.devices and attr.normalise is normal.interface_name_or_none:
            values[attr.name] = ""
        elif attr.type == "bool":
            values[attr.name] = False
    return kind.applicable({**values, **attrs}) if kind.space == "link" else {}
