# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory data -> model, by the tables of keys. Every mistake becomes a problem; reading goes on after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .bonding import BOND, DEFAULT_MODE, OPTIONS, WATCHED
from .kinds import Refused
from .model import (
    NO_CONCENTRATOR,
    Bond,
    Check,
    Concentrator,
    Forward,
    Inventory,
    Lan,
    Link,
    Policy,
    PolicyMatch,
    Proxy,
    Qos,
    Service,
    Site,
)
from .numbers import private_pool
from .pppoe import Pppoe
from .problems import Problem, nearest, show
from .schedule import BY_MODE
from .tables import CONCENTRATOR, CONCENTRATOR_OPTIONS, LINK_OPTIONS, SITE, Key, Table

MISSING = object()


class Reader:
    """Reads mappings by their tables and keeps the problems met on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def mapping(self, table: Table, data: Any, where: str) -> dict[str, Any]:
        """Values by key, defaults filled in, None for what is not there or unreadable; ``where``, ``unread``."""
        values: dict[str, Any] = {**dict.fromkeys(table.names), "where": where}
        if not isinstance(data, Mapping):
            self._no_mapping(table, data, where)
            return {**values, "unread": frozenset(table.names)}
        self._unknown_keys(table, data, where)
        unread = set()
        for key in table.keys:
            before = len(self.problems)
            values[key.name] = self._key(key, data.get(key.name, MISSING), where)
            if len(self.problems) > before:
                unread.add(key.name)
        return {**values, "unread": frozenset(unread)}

    def _no_mapping(self, table: Table, data: Any, where: str) -> None:
        key = f"variable {table.variable}" if table.variable else ""
        found = "missing" if data is None else _shown(data, table.secret)
        allowed = f"a mapping with {', '.join(table.names)}"
        remedy = "give the host this variable" if key and data is None else "write it as one"
        self.problems.append(Problem(where, key, found, allowed, remedy))

    def _unknown_keys(self, table: Table, data: Mapping[Any, Any], where: str) -> None:
        for name, value in data.items():
            if name in table.refused:
                remedy = f"remove it: {table.refused[name]}"
                self.problems.append(Problem(where, f"key {name}", show(value), "", remedy))
            elif name not in table.names:
                called = {word: key.name for key in table.keys for word in key.also_called}
                meant = called.get(name) or nearest(name, table.names)
                remedy = f"did you mean {meant}?" if meant else "remove it"
                self.problems.append(Problem(where, f"key {name}", "unknown key", ", ".join(table.names), remedy))

    def _key(self, key: Key, value: Any, where: str) -> Any:
        if value is MISSING or value is None:
            if key.required:
                self._refuse(key, "missing", where)
            return self._scalar(key, key.default, where) if key.default is not None else None
        if key.many:
            return self._list(key, value, where)
        if isinstance(value, str) and key.words:
            if value not in key.words:
                self._refuse(key, show(value), where, allowed=f"{', '.join(key.words)}, or a mapping")
                return None
            value = key.words[value]
        if key.table is not None:
            return self.mapping(key.table, value, f"{where}, {key.name}")
        return self._scalar(key, value, where)

    def _list(self, key: Key, value: Any, where: str) -> tuple[Any, ...] | None:
        if not isinstance(value, (list, tuple)):
            self._refuse(key, _shown(value, key.secret), where, allowed="a list")
            return None
        if key.required and not value:
            self._refuse(key, "found an empty list", where, allowed="a list with one element at least")
        if key.table is None:
            read = (self._scalar(key, element, where) for element in value)
            return tuple(element for element in read if element is not None)
        return tuple(
            self.mapping(key.table, element, f"{where}, {label(key.table, element, number)}")
            for number, element in enumerate(value, start=1)
        )

    def _scalar(self, key: Key, value: Any, where: str) -> Any:
        try:
            return key.kind.parse(value)
        except Refused as refused:
            self._refuse(key, _shown(value, key.secret), where, hint=str(refused))
            return None

    def _refuse(self, key: Key, found: str, where: str, allowed: str = "", hint: str = "") -> None:
        allowed = allowed or (key.kind.allowed if key.kind else "")
        remedy = f"{hint}: {key.remedy}" if hint else key.remedy
        self.problems.append(Problem(where, f"key {key.name}", found, allowed, remedy))


def _shown(value: Any, secret: bool) -> str:
    return "found something else, not shown here" if secret else show(value)


def label(table: Table, element: Any, number: int) -> str:
    """What people call an element of a list: by its name where it has a usable one, else by its place."""
    name = element.get(table.named_by) if isinstance(element, Mapping) else None
    if isinstance(name, (str, int)) and not isinstance(name, bool) and str(name).strip():
        return f"{table.noun} {name}"
    return f"{table.noun} number {number} of the list"


def read_inventory(data: Any) -> tuple[Inventory, list[Problem]]:
    """Read ``{'concentrators': {host: linkagg_concentrator}, 'sites': {host: linkagg_site}}``."""
    reader = Reader()
    concentrators = {
        host: _concentrator(host, reader.mapping(CONCENTRATOR, value, f"concentrator {host}"))
        for host, value in _hosts(reader, data, "concentrators")
    }
    sites, problems = read_sites(data)
    return Inventory(concentrators=concentrators, sites=sites), [*reader.problems, *problems]


def read_sites(data: Any) -> tuple[dict[str, Site], list[Problem]]:
    """Read ``{'sites': {host: linkagg_site}}`` and nothing else of it."""
    reader = Reader()
    sites = {
        host: _site(host, reader.mapping(SITE, value, f"site {host}")) for host, value in _hosts(reader, data, "sites")
    }
    return sites, reader.problems


def read_site(data: Any) -> tuple[dict[str, Site], list[Problem]]:
    """Read one ``linkagg_site``, whose host is not known."""
    reader = Reader()
    return {"": _site("", reader.mapping(SITE, data, "site"))}, reader.problems


def _hosts(reader: Reader, data: Any, part: str) -> list[tuple[str, Any]]:
    hosts = data.get(part) if isinstance(data, Mapping) else None
    if not isinstance(hosts, Mapping):
        allowed = "a mapping from names of hosts to their variables"
        reader.problems.append(Problem("inventory", f"key {part}", show(hosts), allowed, "write it as one"))
        return []
    return [(str(host), value) for host, value in hosts.items()]


def _concentrator(host: str, values: dict[str, Any]) -> Concentrator:
    if values["bond_pool_ipv6"] is None and "bond_pool_ipv6" not in values["unread"] and values["address"]:
        values["bond_pool_ipv6"] = private_pool(values["address"])
    if values["forward_addresses"] is None and "forward_addresses" not in values["unread"]:
        address = values["address"]
        values["forward_addresses"] = (address,) if address is not None and address.version == 4 else ()
    options = _carrier_options(values, CONCENTRATOR_OPTIONS)
    values["forward_addresses"] = values["forward_addresses"] or ()
    values["services"] = tuple(Service(**service) for service in values["services"] or ())
    values["addresses"] = values["addresses"] or ()
    return Concentrator(host=host, carrier_options={**defaults(CONCENTRATOR_OPTIONS), **options}, **values)


def _site(host: str, values: dict[str, Any]) -> Site:
    options = {**defaults(LINK_OPTIONS), **_carrier_options(values, LINK_OPTIONS)}
    links = tuple(_link(link, values["carrier"], options) for link in values.pop("links") or ())
    bonds = values.pop("bonds")
    if bonds is None:
        none = "bonds" in values["unread"] or values["concentrator"] == NO_CONCENTRATOR
        bonds = () if none else (Reader().mapping(BOND, {}, ""),)
    lan = values.pop("lan")
    qos = values.pop("qos")
    policies = tuple(_policy(policy) for policy in values.pop("policies") or ())
    forwards = tuple(_forward(forward) for forward in values.pop("forwards") or ())
    lists = {name: values.pop(name) or () for name in ("public_subnets", "reaches")}
    proxy = values.pop("proxy")
    return Site(
        host=host,
        links=links,
        bonds=tuple(_bond(bond) for bond in bonds),
        lan=_lan(lan) if lan else Lan(),
        policies=policies,
        qos=Qos(**qos) if qos else None,
        forwards=forwards,
        **lists,
        proxy=_proxy(proxy) if proxy else None,
        **values,
    )


def _link(values: dict[str, Any], carrier: str | None, options: Mapping[str, Any]) -> Link:
    """Its own carrier, else that of the site; with the options of the link, else those of the site."""
    given = _carrier_options(values, LINK_OPTIONS)
    if values["carrier"] is None and "carrier" not in values["unread"]:
        values["carrier"] = carrier
    chosen = {**options, **given}.get(values["carrier"], {})
    values["check"] = Check(**values["check"]) if values["check"] else None
    pppoe = values.pop("pppoe")
    dialled = Pppoe(**pppoe) if pppoe is not None else None
    return Link(carrier_options=chosen, options_given=tuple(given), pppoe=dialled, **values)


def _carrier_options(values: dict[str, Any], tables: Mapping[str, Table]) -> dict[str, dict[str, Any]]:
    """What was given of them, taken out of the values."""
    found = {name: values.pop(name) for name in tables}
    return {name: options for name, options in found.items() if options is not None}


def defaults(tables: Mapping[str, Table]) -> dict[str, dict[str, Any]]:
    """The options of each carrier for whom says nothing of them."""
    return {name: Reader().mapping(table, {}, "") for name, table in tables.items()}


def _bond(values: dict[str, Any]) -> Bond:
    """The kernel's options that were given or have a default go together, in the order of their table."""
    values["left"] = _is_left(values)
    for key, default in (("mode", DEFAULT_MODE), ("schedule", BY_MODE)):
        if values[key] is None and key not in values["unread"]:
            values[key] = default
    options = {}
    for option in OPTIONS:
        value = values.pop(option.name)
        if value is None and option.name not in values["unread"]:
            value = option.defaults.get(values["mode"])
        if value is not None:
            options[option.name] = value
    if values["name"] is None and values["bond_id"] is not None and "name" not in values["unread"]:
        values["name"] = f"agg{values['bond_id']}"
    return Bond(**values, options=options)


def _is_left(values: Mapping[str, Any]) -> bool:
    """Whether nothing was said of how a bond's legs are used: options that every mode has say nothing of that."""
    of_modes = (option.name for option in OPTIONS if option.modes != WATCHED)
    said = ("mode", "schedule", "weights", "prefer", *of_modes)
    return not any(values[key] is not None or key in values["unread"] for key in said)


def _policy(values: dict[str, Any]) -> Policy:
    match = values["match"]
    return Policy(**{**values, "match": PolicyMatch(**match) if match else PolicyMatch()})


def _forward(values: dict[str, Any]) -> Forward:
    return Forward(sources=values.pop("from") or (), **values)


def _proxy(values: dict[str, Any]) -> Proxy:
    bypass = values.pop("bypass") or {}
    lists = {name: bypass.get(name) or () for name in ("destinations", "ports")}
    return Proxy(**values, **lists)


def _lan(lan: dict[str, Any]) -> Lan:
    return Lan(**{**lan, "subnets": lan["subnets"] or ()})
