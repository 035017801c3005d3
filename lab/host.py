# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab host as the rest sees it: run a command there, push files, ask whether it lives.

Two kinds: ``QemuHost``, a machine of our own reached by ssh, and ``LocalHost``, this very machine where
its kernel has all that is needed (``LAB_HOST=local``).
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Protocol

from lab import paths
from lab.image import Image
from lab.qemu import Machine, console_tail
from lab.ui import LabError

GUEST = Path(__file__).parent / "guest"
GUEST_HOME = f"/run/linkagg-guest-{paths.lab_id()}"

# Kernel parts that LAB_HOST=local needs: name -> module.
KERNEL_PARTS = {
    "bonding": "bonding",
    "GRE (gretap)": "ip_gre",
    "WireGuard": "wireguard",
    "vxlan": "vxlan",
    "veth": "veth",
    "bridge": "bridge",
    "netem": "sch_netem",
    "tbf": "sch_tbf",
    "plug": "sch_plug",
    "nftables": "nf_tables",
    "nftables NAT": "nft_nat",
    "overlayfs": "overlay",
}
PROGRAMS = ("podman", "ip", "tc", "nft", "dnsmasq", "ethtool")


class Watchable(Protocol):
    """Something that can be asked whether it is still well."""

    def trouble(self) -> str | None:
        """Return why the lab host can no longer be used, or None."""


class Host(Watchable, Protocol):
    """What every lab host can do."""

    accelerator: str

    def command(self, remote: list[str], tty: bool = False) -> list[str]:
        """Return the local command line that runs ``remote`` on the lab host as root."""

    def rootfs(self) -> str:
        """Return the directory on the lab host that nodes take as their read-only root."""


class QemuHost:
    """A QEMU machine, reached by ssh on loopback."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.accelerator = machine.accelerator

    def command(self, remote: list[str], tty: bool = False) -> list[str]:
        return ["ssh", "-F", str(paths.SSH_CONFIG), *(["-t"] if tty else []), "labhost", shlex.join(remote)]

    def trouble(self) -> str | None:
        return self.machine.trouble()

    def rootfs(self) -> str:
        return "/ro"


class LocalHost:
    """This machine itself."""

    accelerator = "local"

    def __init__(self, image: Image | None = None) -> None:
        self.image = image

    def command(self, remote: list[str], tty: bool = False) -> list[str]:
        return remote if os.geteuid() == 0 else ["sudo", *remote]

    def trouble(self) -> str | None:
        return None

    def rootfs(self) -> str:
        return str(paths.LAB / "root")

    def mount(self) -> None:
        """Mount the image that the nodes share."""
        root = Path(self.rootfs())
        root.mkdir(parents=True, exist_ok=True)
        if self.image and not root.is_mount():
            subprocess.run(self.command(["mount", "-o", "loop,ro", str(self.image.root), str(root)]), check=True)

    def release(self) -> None:
        """Undo ``mount``."""
        if Path(self.rootfs()).is_mount():
            subprocess.run(self.command(["umount", self.rootfs()]), check=True)


def push(host: Host, pack: bytes, unpack: str) -> None:
    """Send bytes to a shell command on the lab host; LabError if it fails."""
    done = subprocess.run(host.command(["sh", "-c", unpack]), input=pack, capture_output=True, check=False)
    if done.returncode:
        raise LabError(f"could not send files to the lab host: {done.stderr.decode().strip()}")


def push_guest(host: Host) -> None:
    """Bring the guest programs to ``GUEST_HOME`` on the lab host."""
    pack = subprocess.run(
        ["tar", "-C", str(GUEST.parent), "--exclude=__pycache__", "-cf", "-", "guest"], capture_output=True, check=True
    )
    push(host, pack.stdout, f"mkdir -p {GUEST_HOME} && tar -C {GUEST_HOME} -xf -")


def missing_for_local() -> list[str]:
    """Return what this machine lacks to be its own lab host, one sentence fragment each."""

    def has(module: str) -> bool:
        if Path(f"/sys/module/{module}").exists():
            return True
        try:
            probe = subprocess.run(["modprobe", "-n", "-q", module], check=False)
        except FileNotFoundError:
            return False
        return probe.returncode == 0

    builtin = Path(f"/lib/modules/{os.uname().release}/modules.builtin")
    known = builtin.read_text() if builtin.exists() else ""
    missing = [
        f"kernel: {name} (module {module})"
        for name, module in KERNEL_PARTS.items()
        if not (has(module) or f"/{module}.ko" in known)
    ]
    return missing + [f"program: {program}" for program in PROGRAMS if not shutil.which(program)]


def end_group(process: subprocess.Popen) -> None:
    """End a child and everything that it started."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
        except ProcessLookupError:
            break
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            continue
        break


def _attend(host: Watchable, process: subprocess.Popen, limit_s: float, too_late: str) -> tuple[str, str]:
    """Wait for a child and return its (output, errors), empty where they are not piped; it is gone afterwards.

    LabError, with the console's tail, when the lab host dies or falls silent meanwhile, or with ``too_late``.
    """
    end = time.monotonic() + limit_s
    try:
        while True:
            try:
                return process.communicate(timeout=1)
            except subprocess.TimeoutExpired:
                pass
            _still_well(host, end, too_late)
    finally:
        end_group(process)


def _still_well(host: Watchable, end: float, too_late: str) -> None:
    if why := host.trouble():
        raise LabError(f"{why}. The end of its console:\n{console_tail()}")
    if time.monotonic() > end:
        raise LabError(too_late)


def watched(host: Watchable, command: list[str], *, env: Mapping[str, str] | None = None, limit_s: float = 1800) -> int:
    """Run a command with its output on our terminal, bounded and watched, and return its exit status."""
    sys.stdout.flush()
    process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, start_new_session=True)
    _attend(host, process, limit_s, f"{shlex.join(command[:2])} ... did not end within {limit_s:.0f} s")
    return process.returncode


def watched_at_once(host: Watchable, commands: Sequence[list[str]], *, limit_s: float = 1800) -> list[int]:
    """Run commands side by side, bounded and watched, and return their exit statuses.

    The output of the first is on our terminal; that of the others follows when all have ended, or were ended.
    """
    sys.stdout.flush()
    end = time.monotonic() + limit_s
    with ExitStack() as ending:
        running = []
        for number, command in enumerate(commands):
            output = ending.enter_context(tempfile.TemporaryFile()) if number else None
            if output:
                ending.callback(_show, output)
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
            ending.callback(end_group, process)
            running.append(process)
        for process in running:
            while process.poll() is None:
                _still_well(host, end, f"{shlex.join(process.args[:2])} ... did not end within {limit_s:.0f} s")
                time.sleep(0.2)
        return [process.returncode for process in running]


def _show(output: IO[bytes]) -> None:
    output.seek(0)
    sys.stdout.write(output.read().decode(errors="replace"))
    sys.stdout.flush()


def ask(host: Host, remote: list[str], limit_s: float = 180) -> str:
    """Run a command on the lab host, bounded and watched, and return its output; LabError if it fails."""
    process = subprocess.Popen(
        host.command(remote),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    too_late = f"the lab host did not answer within {limit_s:.0f} s: {shlex.join(remote)[:200]}"
    out, err = _attend(host, process, limit_s, too_late)
    if process.returncode:
        raise LabError((err or out).strip() or f"{shlex.join(remote)[:200]} failed on the lab host")
    return out
