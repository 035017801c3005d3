# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab touches the machine: programs and network namespaces."""

from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .config import GuestError
from .topology import Setup

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


def run(command: list[str], text: str | None = None) -> str:
    """Run a program, with ``text`` on its input, and return its output; GuestError if it fails."""
    try:
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise GuestError(f"{command[0]} is not installed on the lab host") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise GuestError(f"{' '.join(command)} failed ({done.returncode}): {said}{_culprit(said, text)}")
    return done.stdout


def _culprit(said: str, text: str | None) -> str:
    """Return the line of a batch that ip and tc complain about (``Command failed -:12``)."""
    number = said.rpartition("-:")[2].split()
    lines = (text or "").splitlines()
    if "Command failed" in said and number and number[0].isdigit() and 0 < int(number[0]) <= len(lines):
        return f"\nin: {lines[int(number[0]) - 1]}"
    return ""


def _enter(handle: int) -> None:
    if _LIBC.setns(handle, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise GuestError(f"cannot enter a network namespace: {os.strerror(number)}")


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Let this thread, and the programs that it starts, be in a network namespace given by its path."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        target = os.open(namespace, os.O_RDONLY)
        try:
            _enter(target)
            yield
        finally:
            _enter(home)
            os.close(target)
    finally:
        os.close(home)


def _sysfs() -> int:
    """Return a handle on the /sys of this thread's namespace, mounted nowhere (fsopen(2), fsmount(2))."""
    context = _LIBC.syscall(430, b"sysfs", 0)
    try:
        _LIBC.syscall(431, context, 6, None, None, 0)
        handle = _LIBC.syscall(432, context, 0, 0)
    finally:
        os.close(context)
    if handle < 0:
        raise GuestError(f"cannot read /sys of a network namespace: {os.strerror(ctypes.get_errno())}")
    return handle


def pin(devices: Mapping[str, int]) -> None:
    """Let the packets that devices of this thread's namespace receive be taken by one processor each.

    A veth hands a packet to the queue of the processor that it was sent on. A shaper sends on whichever
    has its timer, so without this a link would change the order of its packets now and then.
    """
    if not devices:
        return
    sysfs = _sysfs()
    try:
        for device, processor in devices.items():
            mask = 1 << processor % (os.cpu_count() or 1)
            words = [
                f"{mask >> shift & 0xFFFFFFFF:08x}" for shift in range((mask.bit_length() - 1) // 32 * 32, -1, -32)
            ]
            handle = os.open(f"class/net/{device}/queues/rx-0/rps_cpus", os.O_WRONLY, dir_fd=sysfs)
            try:
                os.write(handle, ",".join(words).encode())
            finally:
                os.close(handle)
    finally:
        os.close(sysfs)


def batch(program: str, lines: list[str]) -> None:
    """Give lines to ``ip -batch`` or ``tc -batch``, in the namespace of this thread."""
    if lines:
        run([program, "-batch", "-"], "\n".join(lines) + "\n")


def unplug(namespace: str, device: str) -> None:
    """Remove one end of a pair from a namespace, and so the other. One that is going already may go by itself."""

    def gone() -> bool:
        return subprocess.run(["ip", "link", "delete", device], capture_output=True, check=False).returncode != 0

    with inside(namespace):
        wait_for(f"{device} to go", gone, 20)


def apply(setup: Setup, namespace: str) -> None:
    """Do everything that a set-up wants in its namespace."""
    with inside(namespace):
        for key, value in setup.sysctl.items():
            path = Path("/proc/sys") / key
            if path.exists():
                path.write_text(value)
        pin(setup.pinned)
        batch("ip", setup.ip)
        batch("tc", setup.tc)
        if setup.nft:
            run(["nft", "-f", "-"], setup.nft + "\n")


def together(work: Callable[[Any], object], items: Iterable[Any], at_once: int) -> None:
    """Do the same work on several items at once; the first mistake is raised when all have ended."""
    # Only ``up`` needs it, and its import takes a fifth of the start of every other command.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(work, items))


def wait_for(what: str, ready: Callable[[], object], limit_s: float = 90) -> None:
    """Return once ``ready`` does not return false; GuestError after ``limit_s``."""
    end = time.monotonic() + limit_s
    while not ready():
        if time.monotonic() > end:
            raise GuestError(f"waited {limit_s:.0f} s in vain for {what}")
        time.sleep(0.1)
