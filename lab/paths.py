# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps its things: per checkout below ``build/``, machine-wide in the user's cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LAB = BUILD / "lab"
COLLECTIONS = BUILD / "collections"

STATE = LAB / "state.json"
CONSOLE = LAB / "console.log"
HEARTBEAT = LAB / "heartbeat"
SSH_CONFIG = LAB / "ssh_config"
INVENTORY = LAB / "inventory"
ANSIBLE_CFG = LAB / "ansible.cfg"


def cache() -> Path:
    """The machine-wide cache of images and of the emulator: ``$XDG_CACHE_HOME/linkagg-lab``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "linkagg-lab"


def lab_id() -> str:
    """Seven characters, the first a letter, that tell this checkout's lab from any other on the machine."""
    return "l" + hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]


def socket_dir() -> Path:
    """A short directory for control sockets, whose paths may have 107 bytes at most (unix(7))."""
    return Path(tempfile.gettempdir()) / f"linkagg-lab-{os.getuid()}-{lab_id()}"


def link_collection() -> Path:
    """Make this checkout reachable as ``.../ansible_collections/linkagg/wan``; returns the collections path."""
    target = COLLECTIONS / "ansible_collections" / "linkagg" / "wan"
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() and target.resolve() == ROOT:
        return COLLECTIONS
    if target.is_symlink():
        target.unlink()
    target.symlink_to(ROOT)
    return COLLECTIONS
