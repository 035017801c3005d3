# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The items of the modules' lists, each key always present: one place that knows what an item looks like."""

from __future__ import annotations

from typing import Any

from .deps import IPAddress

TTL = 64


def wireguard_item(
    name: str,
    *,
    mtu: int,
    addresses: list[str],
    listen_port: int,
    fwmark: int,
    private_key_file: str,
    peers: list[dict[str, Any]],
    alias: str,
) -> dict[str, Any]:
    """A wireguard element of ``linkagg.wan.tunnels``."""
    return {
        "kind": "wireguard",
        "name": name,
        "mtu": mtu,
        "addresses": addresses,
        "listen_port": listen_port,
        "fwmark": fwmark,
        "private_key_file": private_key_file,
        "peers": peers,
        "alias": alias,
    }


def leg_item(
    name: str,
    *,
    kind: str,
    tunnel_id: int,
    vxlan_port: int,
    local: IPAddress,
    remote: IPAddress,
    mtu: int,
    fragment: bool,
    alias: str,
) -> dict[str, Any]:
    """A gretap (over IPv6: ip6gretap) or vxlan element of ``linkagg.wan.tunnels``.

    ``fragment``: its own packets may be split on their way; those of ip6gretap never are.
    """
    number = {"vni": tunnel_id, "port": vxlan_port} if kind == "vxlan" else {"key": tunnel_id}
    if kind == "gretap" and local.version == 6:
        kind = "ip6gretap"
    split = {
        "vxlan": {"df": "unset" if fragment else "set"},
        "gretap": {"pmtudisc": not fragment, "ignore_df": fragment},  # which else takes over what the packet wants
    }
    return {
        "kind": kind,
        "name": name,
        "local": str(local),
        "remote": str(remote),
        **number,
        **split.get(kind, {}),
        "mtu": mtu,
        "ttl": TTL,
        "alias": alias,
    }


def bond_item(
    name: str,
    *,
    mode: str,
    options: dict[str, Any],
    mac_address: str | None,
    mtu: int,
    addresses: list[str],
    ports: list[str],
    alias: str,
) -> dict[str, Any]:
    """An element of ``linkagg.wan.bonds``; of the kernel's options those that there are, by its names for them."""
    return {
        "name": name,
        "mode": mode,
        **options,
        "mac_address": mac_address,
        "mtu": mtu,
        "addresses": addresses,
        "ports": ports,
        "alias": alias,
    }


def check_item(*, ping: str, interval_s: float, lost: int, back: int, fwmark: int) -> dict[str, Any]:
    """``check`` of an element of ``links`` of ``linkagg.wan.link_routes``."""
    return {"ping": ping, "interval_s": interval_s, "lost": lost, "back": back, "fwmark": fwmark}


def route_item(
    destination: str,
    *,
    table: int,
    via: str | None = None,
    device: str | None = None,
    metric: int = 0,
    kind: str = "unicast",
) -> dict[str, Any]:
    """An element of ``routes`` of ``linkagg.wan.link_routes``."""
    return {
        "destination": destination,
        "via": via,
        "device": device,
        "table": table,
        "metric": metric,
        "source": None,
        "type": kind,
    }


def rule_item(
    priority: int,
    table: int,
    *,
    source: str | None = None,
    fwmark: int | None = None,
    suppress_prefixlength: int | None = None,
    family: str = "ipv4",
) -> dict[str, Any]:
    """An element of ``rules`` of ``linkagg.wan.link_routes``."""
    return {
        "priority": priority,
        "from": source,
        "fwmark": fwmark,
        "iif": None,
        "table": table,
        "suppress_prefixlength": suppress_prefixlength,
        "family": family,
    }


def daemon_item(
    name: str,
    *,
    description: str,
    command: list[str],
    files: list[dict[str, Any]],
    interface: str | None,
    prepare: list[list[str]] | None = None,
    type: str = "exec",
    capabilities: tuple[str, ...] = ("CAP_NET_ADMIN",),
    ready_s: float = 0,
    keep: bool = False,
    **others: Any,
) -> dict[str, Any]:
    """An element of ``linkagg.wan.daemons``; elements of ``files`` from ``file_item``. ``others``: what few need."""
    return {
        "name": name,
        "description": description,
        "command": command,
        "prepare": prepare or [],
        "type": type,
        "capabilities": list(capabilities),
        "files": files,
        "interface": interface,
        "ready_s": ready_s,
        "keep": keep,
        **others,
    }


def file_item(
    name: str, content: str, *, secret: bool = False, executable: bool = False, seen_at: str | None = None
) -> dict[str, Any]:
    """A file of a daemon; a secret one only root may read."""
    item: dict[str, Any] = {"name": name, "secret" if secret else "content": content}
    return item | ({"executable": True} if executable else {}) | ({"seen_at": seen_at} if seen_at else {})
