# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WireGuard devices over generic netlink: read with all peers, write peers in pieces that fit a message."""

from __future__ import annotations

import base64
import ipaddress
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._engine import normal
from .._engine.objects import Secret
from .generic import Family
from .messages import attributes, wgmsg

_GET_DEVICE, _SET_DEVICE = 0, 1
_REMOVE_PEER, _REPLACE_ALLOWED_IPS = 1, 2
_MESSAGE_BYTES = 24_000  # an attribute cannot exceed 65,535; well below, for pyroute2 and the socket's buffer
_PEER_BYTES, _ALLOWED_IP_BYTES = 160, 44
_NEW_PEER = {"endpoint": None, "persistent_keepalive_s": 0}
_NO_KEY = bytes(32)


class WireGuard(Family):
    """The conversation with the kernel's WireGuard."""

    def __init__(self) -> None:
        super().__init__("wireguard", wgmsg)

    def read(self, name: str) -> dict[str, Any]:
        """Attributes as in the kind table, private_key as a Secret."""
        parts = self.dump(_GET_DEVICE, {"WGDEVICE_A_IFNAME": name})
        result: dict[str, Any] = {"listen_port": 0, "fwmark": 0}
        peers: dict[str, dict[str, Any]] = {}
        for message in parts:
            nlas = attributes(message)
            if any(nlas.get("WGDEVICE_A_PRIVATE_KEY", b"")):
                result["private_key"] = Secret(bytes(nlas["WGDEVICE_A_PRIVATE_KEY"]))
            result["listen_port"] = nlas.get("WGDEVICE_A_LISTEN_PORT", result["listen_port"])
            result["fwmark"] = nlas.get("WGDEVICE_A_FWMARK", result["fwmark"])
            for item in nlas.get("WGDEVICE_A_PEERS", ()):
                _merge(peers, attributes(item))
        result["peers"] = tuple(
            sorted(
                ({**peer, "allowed_ips": tuple(sorted(peer["allowed_ips"]))} for peer in peers.values()),
                key=lambda peer: (peer["allowed_ips"], peer["public_key"]),
            )
        )
        return result

    def counts(self, name: str) -> dict[str, tuple[int, int]]:
        """Bytes received and sent by each peer, by each single address that it is allowed to have."""
        found: dict[str, tuple[int, int]] = {}
        peers: dict[bytes, tuple[int, int]] = {}
        for message in self.dump(_GET_DEVICE, {"WGDEVICE_A_IFNAME": name}):
            for item in attributes(message).get("WGDEVICE_A_PEERS", ()):
                nlas = attributes(item)
                key = bytes(nlas["WGPEER_A_PUBLIC_KEY"])
                if "WGPEER_A_RX_BYTES" in nlas:  # not where a peer with very many addresses is continued
                    peers[key] = (nlas["WGPEER_A_RX_BYTES"], nlas["WGPEER_A_TX_BYTES"])
                for network in nlas.get("WGPEER_A_ALLOWEDIPS", ()):
                    raw = bytes(attributes(network)["WGALLOWEDIP_A_IPADDR"])
                    if attributes(network)["WGALLOWEDIP_A_CIDR_MASK"] == len(raw) * 8 and key in peers:
                        found[str(ipaddress.ip_address(raw))] = peers[key]
        return found

    def write(self, attrs: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Set what differs from ``before``: the device, then peers that go, then peers that come or change."""
        device: dict[str, Any] = {}
        key = attrs.get("private_key")
        if key is not None and key != before.get("private_key"):
            device["WGDEVICE_A_PRIVATE_KEY"] = key.reveal
        for name in ("listen_port", "fwmark"):
            if attrs.get(name) is not None and attrs[name] != before.get(name):
                device[f"WGDEVICE_A_{name.upper()}"] = attrs[name]
        if device:
            self._set(attrs["name"], device)
        for chunk in chunks(peer_updates(attrs.get("peers", ()), before.get("peers", ()))):
            self._set(attrs["name"], {"WGDEVICE_A_PEERS": chunk})

    def _set(self, name: str, values: Mapping[str, Any]) -> None:
        self.send([(_SET_DEVICE, {"WGDEVICE_A_IFNAME": name, **values})])


def peer_updates(want: Sequence[Mapping[str, Any]], have: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Netlink peers to send: removals first, so that their networks are free."""
    old = {peer["public_key"]: peer for peer in have}
    new = {peer["public_key"]: peer for peer in want}
    updates = [
        {"WGPEER_A_PUBLIC_KEY": base64.b64decode(key), "WGPEER_A_FLAGS": _REMOVE_PEER} for key in old if key not in new
    ]
    for key, peer in new.items():
        if peer != old.get(key):
            updates.append(_peer(peer))
    return updates


def chunks(peers: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Pieces that fit one message; a peer with very many networks is continued in the next one."""
    piece: list[dict[str, Any]] = []
    size = 0
    for peer in peers:
        networks = peer.get("WGPEER_A_ALLOWEDIPS", [])
        most = (_MESSAGE_BYTES - _PEER_BYTES) // _ALLOWED_IP_BYTES
        for start in range(0, max(len(networks), 1), most):
            part = dict(peer) if start == 0 else {"WGPEER_A_PUBLIC_KEY": peer["WGPEER_A_PUBLIC_KEY"]}
            if networks:
                part["WGPEER_A_ALLOWEDIPS"] = networks[start : start + most]
            cost = _PEER_BYTES + _ALLOWED_IP_BYTES * len(part.get("WGPEER_A_ALLOWEDIPS", []))
            if piece and size + cost > _MESSAGE_BYTES:
                yield piece
                piece, size = [], 0
            piece.append(part)
            size += cost
    if piece:
        yield piece


def _merge(peers: dict[str, dict[str, Any]], nlas: Mapping[str, Any]) -> None:
    key = base64.b64encode(nlas["WGPEER_A_PUBLIC_KEY"]).decode()
    peer = peers.setdefault(key, {"allowed_ips": [], "public_key": key, **_NEW_PEER})
    if any(nlas.get("WGPEER_A_PRESHARED_KEY", b"")):
        peer["preshared_key"] = Secret(bytes(nlas["WGPEER_A_PRESHARED_KEY"]))
    if "WGPEER_A_ENDPOINT" in nlas:
        peer["endpoint"] = unpack_endpoint(bytes(nlas["WGPEER_A_ENDPOINT"]))
    peer["persistent_keepalive_s"] = nlas.get("WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL", peer["persistent_keepalive_s"])
    for item in nlas.get("WGPEER_A_ALLOWEDIPS", ()):
        parts = attributes(item)
        address = ipaddress.ip_address(bytes(parts["WGALLOWEDIP_A_IPADDR"]))
        peer["allowed_ips"].append(f"{address}/{parts['WGALLOWEDIP_A_CIDR_MASK']}")


def _peer(peer: Mapping[str, Any]) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "WGPEER_A_PUBLIC_KEY": base64.b64decode(peer["public_key"]),
        "WGPEER_A_FLAGS": _REPLACE_ALLOWED_IPS,
        "WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL": peer["persistent_keepalive_s"],
    }
    secret = peer.get("preshared_key")
    parts["WGPEER_A_PRESHARED_KEY"] = secret.reveal if secret else _NO_KEY
    if peer["endpoint"]:
        parts["WGPEER_A_ENDPOINT"] = pack_endpoint(peer["endpoint"])
    parts["WGPEER_A_ALLOWEDIPS"] = [_network(value) for value in peer["allowed_ips"]]
    return parts


def _network(value: str) -> dict[str, Any]:
    net = ipaddress.ip_network(value)
    return {
        "WGALLOWEDIP_A_FAMILY": socket.AF_INET6 if net.version == 6 else socket.AF_INET,
        "WGALLOWEDIP_A_IPADDR": net.network_address.packed,
        "WGALLOWEDIP_A_CIDR_MASK": net.prefixlen,
    }


def pack_endpoint(value: str) -> bytes:
    """``address:port`` as struct sockaddr_in or sockaddr_in6."""
    host, _colon, port = normal.endpoint(value).rpartition(":")
    address = ipaddress.ip_address(host.strip("[]"))
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    start = struct.pack("=H", family) + struct.pack(">H", int(port))
    return start + (bytes(4) + address.packed + bytes(4) if address.version == 6 else address.packed + bytes(8))


def unpack_endpoint(raw: bytes) -> str:
    """The inverse of ``pack_endpoint``."""
    six = struct.unpack_from("=H", raw)[0] == socket.AF_INET6
    port = struct.unpack_from(">H", raw, 2)[0]
    address = ipaddress.ip_address(raw[8:24] if six else raw[4:8])
    return f"[{address}]:{port}" if six else f"{address}:{port}"
