# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab host as a small QEMU machine: started, watched, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab import paths
from lab.image import Image, emulator
from lab.ui import LabError, say

CORES = 2
MEMORY_MIB = 3072
BOOT_LIMIT_S = {"kvm": 40, "tcg": 150}
SILENCE_LIMIT_S = 45  # the guest gives a sign of life every 4 s
# Emulated AVX crypto is slow: without it one WireGuard tunnel carries 83 Mbit/s instead of 30.
# pclmulqdq belongs to aes: aesni_intel's GCM uses it without asking.
TCG_CPU = "qemu64,+aes,+ssse3,+sse4.1,+sse4.2,+pclmulqdq"
# The TSC of an emulated processor is the host's: without that word the kernel asks the HPET, an exit from the emulation
# of 1.3 us for each packet's time stamps.
KERNEL_COMMAND_LINE = (
    "root=/dev/vda ro rootfstype=ext4 init=/usr/local/sbin/lab-init console=ttyS0 panic=-1 quiet "
    "tsc=reliable mitigations=off kfence.sample_interval=0 nokaslr nowatchdog cgroup_disable=memory"
)
READY = "lab-init: ready"
DEATH_CRIES = (
    "Kernel panic",
    "Oops:",
    "BUG: unable",
    "kernel BUG at",
    "KVM internal error",
    "general protection fault",
)


class BootError(LabError):
    """The machine did not come up."""


@dataclass
class Machine:
    """One running (or dead) QEMU process; ``ssh_port`` is forwarded on 127.0.0.1."""

    pid: int
    ssh_port: int
    accelerator: str

    def running(self) -> bool:
        """Whether the process exists and is still the one we started (a zombie has no command line)."""
        try:
            return str(paths.CONSOLE).encode() in Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except OSError:
            return False

    def trouble(self) -> str | None:
        """Return why the machine can no longer be used, or None while it is well."""
        if not self.running():
            return "the lab host's QEMU process has ended"
        if cry := _death_cry():
            return f"the lab host's kernel is dead ({cry})"
        try:
            heartbeat = paths.HEARTBEAT.stat()
        except OSError:
            return None
        silent_s = time.time() - heartbeat.st_mtime
        if heartbeat.st_size and silent_s > SILENCE_LIMIT_S:
            return f"the lab host has given no sign of life for {silent_s:.0f} s"
        return None

    def stop(self) -> None:
        """End the process (it holds nothing worth saving) and wait until it is gone."""
        for sent in (signal.SIGTERM, signal.SIGKILL):
            if not self.running():
                return
            os.kill(self.pid, sent)
            _wait_until(lambda: not self.running(), 5)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _death_cry() -> str | None:
    console = _text(paths.CONSOLE)
    return next((cry.strip(": ") for cry in DEATH_CRIES if cry in console), None)


def console_tail(lines: int = 30) -> str:
    """Return the end of the console log, for an error message."""
    text = [line.rstrip() for line in _text(paths.CONSOLE).replace("\x1bc", "").splitlines() if line.strip()]
    return "\n".join(f"    | {line}" for line in text[-lines:]) or "    | (the console is empty)"


def _wait_until(done, limit_s: float, step_s: float = 0.1) -> bool:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(step_s)
    return done()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _command(image: Image, accelerator: str, port: int, public_key: str) -> list[str]:
    cpu = {"kvm": ["-accel", "kvm", "-cpu", "host"], "tcg": ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", TCG_CPU]}
    return [
        *emulator(),
        *cpu[accelerator],
        *("-smp", str(CORES), "-m", str(MEMORY_MIB)),
        *("-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none"),
        *("-serial", f"file:{paths.CONSOLE}", "-serial", f"file:{paths.HEARTBEAT}"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        *("-drive", f"file={image.root},format=raw,if=none,id=root,readonly=on,file.locking=off"),
        *("-device", "virtio-blk-pci,drive=root"),
        *("-netdev", f"user,id=ssh,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-device", "virtio-net-pci,netdev=ssh,romfile="),
        *("-append", f"{KERNEL_COMMAND_LINE} lab.key={public_key}"),
    ]


def _kvm_verdict() -> Path:
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return paths.cache() / f"no-kvm-{boot_id}"


def _accelerators() -> list[str]:
    """Return what to try, best first; that KVM failed is remembered until this machine restarts."""
    wanted = os.environ.get("LAB_ACCEL")
    if wanted:
        if wanted not in BOOT_LIMIT_S:
            raise LabError(f"LAB_ACCEL={wanted} is not known; it is one of: {', '.join(BOOT_LIMIT_S)}")
        return [wanted]
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        say("    no usable /dev/kvm here: software emulation (slower, works everywhere)")
        return ["tcg"]
    if _kvm_verdict().exists():
        say("    KVM did not boot our kernel here earlier: software emulation (slower, works everywhere)")
        return ["tcg"]
    return ["kvm", "tcg"]


def _boot(image: Image, accelerator: str, public_key: str) -> Machine:
    for leftover in (paths.CONSOLE, paths.HEARTBEAT):
        leftover.unlink(missing_ok=True)
    port = _free_port()
    log = paths.LAB / "qemu.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            _command(image, accelerator, port, public_key),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    machine = Machine(process.pid, port, accelerator)
    try:
        limit_s = BOOT_LIMIT_S[accelerator]
        # Not machine.trouble(): a process that is being started has no command line yet.
        _wait_until(lambda: process.poll() is not None or READY in _text(paths.CONSOLE) or _death_cry(), limit_s)
        if READY in _text(paths.CONSOLE):
            return machine
        why = machine.trouble() or f"it was not ready after {limit_s} s"
        raise BootError(f"{why}\n{_text(log).strip()[-500:]}\n{console_tail()}")
    except BaseException:
        machine.stop()
        raise


def start(image: Image, public_key: str) -> Machine:
    """Boot the lab host and return it once its sshd listens.

    KVM is tried where it may work; a machine whose kernel dies while it starts is started once more.

    Raises BootError with the console's tail.
    """
    paths.LAB.mkdir(parents=True, exist_ok=True)
    for accelerator in _accelerators():
        for attempt in ("first", "second"):
            try:
                machine = _boot(image, accelerator, public_key)
            except BootError as error:
                if accelerator == "kvm":
                    _kvm_verdict().touch()
                    lines = str(error).splitlines()
                    reason = next((line for line in lines[1:] if "error" in line.lower()), lines[0])
                    say(f"    KVM does not boot our kernel here ({reason.strip()})")
                    say("    software emulation instead: slower, works everywhere")
                    break
                if attempt == "second":
                    raise BootError(f"The lab host did not start, twice: {error}") from None
                say(f"    the lab host died while it started ({str(error).splitlines()[0]}); starting it once more")
            else:
                say(f"    lab host is up ({accelerator}, ssh on 127.0.0.1:{machine.ssh_port})")
                return machine
    raise BootError("The lab host did not start.")
