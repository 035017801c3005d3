# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of WireGuard interfaces and peers: read on the node, wrapped so that they cannot be shown."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._engine import normal
from .._engine.errors import EngineError
from .._engine.objects import Obj, Secret
from .._kinds.wireguard import KEY_DIRECTORY

_MAKE_PRIVATE = "linkagg.wan.wireguard_keys makes it"
_MAKE_PRESHARED = "make it with wg genpsk, the same at both ends"
_FOR_OTHERS = 0o077


def with_keys(want: Sequence[Obj], check: bool) -> list[Obj]:
    """WireGuard objects get ``private_key`` from their file, and peers ``preshared_key``. In check mode a file may not
    be there yet. EngineError names every file that cannot be used.
    """
    problems: list[str] = []
    result = [_with_keys(obj, check, problems) if obj.kind == "wireguard" else obj for obj in want]
    if problems:
        raise EngineError(problems)
    return result


def _with_keys(obj: Obj, check: bool, problems: list[str]) -> Obj:
    name = obj.attrs["name"]

    def read(path: Path, what: str, remedy: str) -> bytes | None:
        try:
            return base64.b64decode(path.read_text().strip(), validate=True)
        except FileNotFoundError:
            problems.extend([] if check else [f"{name}: no {what} in {path}; {remedy}"])
        except (OSError, ValueError) as exc:
            problems.append(f"{name}: {path} {exc}")
        return None

    def private() -> dict[str, Any]:
        path = Path(obj.attrs.get("private_key_file") or f"{KEY_DIRECTORY}/{name}.key")
        raw = read(path, "private key", _MAKE_PRIVATE)
        try:
            return {"private_key": Secret(normal.clamped_key(raw))} if raw is not None else {}
        except ValueError as exc:
            problems.append(f"{name}: {path} {exc}")
        return {}

    def with_preshared(peer: Mapping[str, Any]) -> Mapping[str, Any]:
        path = Path(peer.get("preshared_key_file") or "")
        raw = read(path, "preshared key", _MAKE_PRESHARED) if "preshared_key_file" in peer else None
        if raw is None:
            return peer
        if len(raw) != normal.KEY_BYTES or not any(raw):
            problems.append(f"{name}: {path} is no preshared key: 32 bytes in base64, not all 0")
        elif path.stat().st_mode & _FOR_OTHERS:
            problems.append(f"{name}: {path} can be read by others than its owner: chmod 600 {path}")
        return {**peer, "preshared_key": Secret(raw)}

    peers = tuple(with_preshared(peer) for peer in obj.attrs.get("peers", ()))
    return replace(obj, attrs={**obj.attrs, **private(), "peers": peers})
