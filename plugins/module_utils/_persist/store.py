# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved state: what a run has applied and verified, one file a part, whole or not there at all.

A file is JSON, an item a line. Its last member is the SHA-256 of every byte before it, so a file that was cut
off, damaged or edited is never taken for what was saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._engine.errors import EngineError

STATE_DIRECTORY = "/etc/linkagg/state"
FORMAT = 1
_TRAILER = re.compile(rb'"sha256": "([0-9a-f]{64})"}\n')
_TRAILER_BYTES = len('"sha256": ""}\n') + 64

Items = list[dict[str, Any]]


@dataclass(frozen=True)
class Stored:
    """What a part's file holds. ``damage`` says why it is not to be used; then there are no items."""

    data: bytes = b""
    items: Items = field(default_factory=list)
    damage: str = ""


def path_of(directory: str | Path, part: str) -> Path:
    """The file of a part."""
    return Path(directory) / f"{part}.json"


def render(part: str, items: Sequence[Mapping[str, Any]]) -> bytes:
    """A part's file; the same for the same items in the same order."""
    lines = ",\n".join(json.dumps(item, sort_keys=True) for item in items)
    body = f'{{"format": {FORMAT}, "part": {json.dumps(part)}, "items": [\n{lines}\n],\n'.encode()
    return body + f'"sha256": "{hashlib.sha256(body).hexdigest()}"}}\n'.encode()


def parse(part: str, data: bytes) -> Items:
    """The items of a part's file. ValueError if it is not, to the last byte, what ``render`` made."""
    trailer = _TRAILER.fullmatch(data[-_TRAILER_BYTES:])
    if not trailer:
        raise ValueError("it is cut off")
    if hashlib.sha256(data[:-_TRAILER_BYTES]).hexdigest().encode() != trailer[1]:
        raise ValueError("its content does not match its checksum: damaged, or changed by hand")
    content = json.loads(data)
    if content["format"] != FORMAT:
        raise ValueError(f"it has format {content['format']}, but this version of linkagg.wan knows format {FORMAT}")
    if content["part"] != part:
        raise ValueError(f"it was saved as {content['part']!r}")
    return content["items"]


def read(directory: str | Path, part: str) -> Stored:
    """A part's file; empty if there is none."""
    path = path_of(directory, part)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Stored()
    except PermissionError:
        raise
    except OSError as exc:
        return Stored(damage=f"{path} cannot be read: {exc.strerror}")
    try:
        return Stored(data, parse(part, data))
    except ValueError as exc:
        return Stored(data, damage=f"{path} is not used, {exc}")


def write(directory: str | Path, part: str, data: bytes) -> None:
    """Make a part's file hold that, or remove it if that is nothing. EngineError if the disk does not take it."""
    path = path_of(directory, part)
    try:
        if data:
            write_file(path, data)
        else:
            path.unlink(missing_ok=True)
            _sync_directory(path.parent)
    except OSError as exc:
        raise EngineError([f"{path} could not be written: {exc.strerror or exc}"]) from exc


def write_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write a file so that it has the old or the new content whenever the power goes. OSError says what failed.

    A directory that is made for it is closed to others. The temporary name is always the same: one
    writer at a time (see lock.py), and what a killed one left behind is used again.
    """
    _make_directory(path.parent)
    temporary = path.with_name(f".{path.name}.new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _make_directory(directory: Path) -> None:
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True)
        _sync_directory(directory.parent)


def _sync_directory(directory: Path) -> None:
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
