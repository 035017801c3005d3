# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces brought to a plan: what tests of whole plans have in common."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.tests.netns.node import enter, ip


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Within another namespace."""
    with Path("/proc/thread-self/ns/net").open() as home:
        enter(f"/run/netns/{name}")
        try:
            yield
        finally:
            enter(f"/proc/self/fd/{home.fileno()}")


def program(name: str) -> str:
    """Skip the test, loudly, without that program."""
    path = shutil.which(name)
    if not path:
        pytest.skip(f"NOT TESTED: the program {name} is not installed")
    return path


def apply_texts(desired: dict[str, Any], directory: Path) -> None:
    """Kernel parameters and nftables, as role node does."""
    path = directory / "90-linkagg.conf"
    path.write_text(desired["sysctl"])
    subprocess.run([program("sysctl"), "-p", str(path)], check=True, capture_output=True)
    anew = "table inet linkagg {\n}\ndelete table inet linkagg\n" + desired["nft"]
    subprocess.run([program("nft"), "-f", "-"], input=anew, text=True, check=True)


def bring_up(device: str, *addresses: str, mtu: int = 1500) -> None:
    ip(f"link set {device} mtu {mtu} up")
    for address in addresses:
        ip(f"addr add {address} dev {device}{' nodad' if ':' in address else ''}")
