# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys of WireGuard interfaces: read on the node, wrapped so that they cannot be shown."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .._engine import normal
from .._engine.errors import EngineError
from .._engine.objects import Obj, Secret
from .._kinds.wireguard import KEY_DIRECTORY


def with_private_keys(want: Sequence[Obj], check: bool) -> list[Obj]:
    """WireGuard objects get ``private_key`` from their file. In check mode a file may not be there yet."""
    result, problems = [], []
    for obj in want:
        if obj.kind != "wireguard":
            result.append(obj)
            continue
        path = Path(obj.attrs.get("private_key_file") or f"{KEY_DIRECTORY}/{obj.attrs['name']}.key")
        try:
            raw = base64.b64decode(path.read_text().strip(), validate=True)
            result.append(replace(obj, attrs={**obj.attrs, "private_key": Secret(normal.clamped_key(raw))}))
        except FileNotFoundError:
            result.append(obj)
            if not check:
                problems.append(f"{obj.attrs['name']}: no private key in {path}; linkagg.wan.wireguard_keys makes it")
        except (OSError, ValueError) as exc:
            problems.append(f"{obj.attrs['name']}: {path} {exc}")
    if problems:
        raise EngineError(problems)
    return result
