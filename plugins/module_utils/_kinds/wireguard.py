# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WireGuard interfaces. Peers are known by their allowed_ips; keys never show. Source: linux/wireguard.h."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import normal
from .._engine.tables import Attr, Claim, Kind
from .link import ADDRESSES, ALIAS, MTU, NAME, UP

KEY_DIRECTORY = "/etc/linkagg/keys"

Peers = tuple[Mapping[str, Any], ...]


def _peer(item: Mapping[str, Any]) -> dict[str, Any]:
    """A peer in canonical form: None for "whatever is there", and a file of a preshared key only if there is one."""
    key, endpoint, secret = item.get("public_key"), item.get("endpoint"), item.get("preshared_key_file")
    if secret and not key:
        raise ValueError("preshared_key_file: needs the public_key, as a peer without one is left as it is")
    return {
        "allowed_ips": normal.networks(item["allowed_ips"]),
        "public_key": normal.key32(key) if key else None,
        "endpoint": normal.endpoint(endpoint) if endpoint else None,
        "persistent_keepalive_s": item.get("persistent_keepalive_s") or 0,
        **({"preshared_key_file": secret} if secret else {}),
    }


def peers(items: list[Mapping[str, Any]]) -> Peers:
    """Peers in canonical form, ordered by their allowed_ips. ValueError names every bad one."""
    found, problems = [], []
    for number, item in enumerate(items):
        try:
            found.append(_peer(item))
        except ValueError as exc:
            problems.append(f"[{number}]: {exc}")
    for name in ("public_key", "allowed_ips"):
        values = [peer[name] for peer in found if peer[name]]
        problems += [f"two peers have the {name} {_text(value)}" for value in sorted(_twice(values))]
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(sorted(found, key=lambda peer: (peer["allowed_ips"], peer["public_key"] or "")))


def resolve(want: Mapping[str, Any], have: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fill in what only the node knows: keys not said, endpoints learnt, a port the kernel chose."""
    result = {**want, "private_key_file": None}
    if not want.get("listen_port"):
        result["listen_port"] = None
    there: Peers = (have or {}).get("peers", ())
    by_ips = {peer["allowed_ips"]: peer for peer in there}
    by_key = {peer["public_key"]: peer for peer in there}
    resolved = []
    for peer in want.get("peers", ()):
        if peer["public_key"] is None:
            found = by_ips.get(peer["allowed_ips"])
            resolved += [found] if found else []
            continue
        found = by_key.get(peer["public_key"], {})
        unread = "preshared_key_file" in peer and "preshared_key" not in peer  # in check mode, it is still to come
        full = {**(_only(found, "preshared_key") if unread else {}), **peer}
        full["endpoint"] = peer["endpoint"] or found.get("endpoint")
        full.pop("preshared_key_file", None)
        resolved.append(full)
    result["peers"] = tuple(sorted(resolved, key=lambda peer: (peer["allowed_ips"], peer["public_key"])))
    return result


def remember(want: Mapping[str, Any], now: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """Save a peer that is left as it is (no key said) with the key that it has, or the next boot would lose it.

    An endpoint that the kernel learnt is not saved: it is the peer's to tell again.
    """
    there, known = ({tuple(peer["allowed_ips"]): peer for peer in attrs.get("peers", ())} for attrs in (now, saved))
    said = {peer["public_key"] for peer in want.get("peers", ())}

    def kept(peer: Mapping[str, Any]) -> Mapping[str, Any]:
        old = known.get(peer["allowed_ips"], {})
        found = there.get(peer["allowed_ips"], old)
        if peer["public_key"] or found.get("public_key") in (*said, None):
            return peer
        return {
            **peer,
            "public_key": found["public_key"],
            "endpoint": peer["endpoint"] or old.get("endpoint"),
            "persistent_keepalive_s": found["persistent_keepalive_s"],
            **_only(old, "preshared_key_file"),
        }

    return {**want, "peers": tuple(kept(peer) for peer in want.get("peers", ()))}


def _only(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {name: values[name]} if values.get(name) else {}


def _twice(values: list[Any]) -> set[Any]:
    return {value for value in values if values.count(value) > 1} if len(set(values)) < len(values) else set()


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


_PEER = (
    Attr("public_key"),
    Attr("endpoint"),
    Attr("allowed_ips", "list", elements="str", required=True),
    Attr("persistent_keepalive_s", "int", low=0, high=65535),
    Attr("preshared_key_file", "path"),
)


def _claims(attrs: Mapping[str, Any]) -> tuple[Claim, ...]:
    port = attrs.get("listen_port")
    return ((("listen_port", port),),) if port else ()


WIREGUARD = Kind(
    name="wireguard",
    noun="wireguard",
    space="link",
    priority=10,
    key=("name",),
    resolve=resolve,
    remember=remember,
    claims=_claims,
    attrs=(
        NAME,
        Attr("private_key_file", "path"),
        Attr("private_key", internal=True),
        Attr("listen_port", "int", low=0, high=65535, default=0),
        Attr("fwmark", "int", low=0, high=0xFFFFFFFF, default=0),
        Attr("peers", "list", elements="dict", options=_PEER, normalise=peers, default=()),
        ADDRESSES,
        MTU,
        UP,
        ALIAS,
    ),
)
