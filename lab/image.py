# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's disk image and its emulator, both made of Debian packages by mmdebstrap.

One image serves as the root of the lab host and, read-only with an overlay each, as the root of every
node in it. It carries a stock Debian kernel with its stock initramfs. Images are kept in the user's
cache under the hash of their recipe, so a changed recipe makes a new one and two checkouts share.

The emulator comes from Debian 13 and is unpacked beside the images, not installed: the QEMU of Debian
12 (7.2) translates guest code without locking the page, which makes self-patching kernels oops with
``int3`` now and then when they have more than one core (mended upstream in QEMU 8.1).
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from lab import paths
from lab.ui import LabError, say

GUEST_INIT = Path(__file__).parent / "image.d" / "lab-init"
IMAGE_MIB = 1536

KERNELS = {"bookworm": "linux-image-6.12-amd64", "trixie": "linux-image-amd64"}

# What the lab host needs itself, and what a freshly installed server would have.
BASE_PACKAGES = (
    "busybox ca-certificates catatonit conmon crun dnsmasq-base ethtool initramfs-tools iperf3 iproute2 iptables "
    "iputils-ping kmod less nftables openssh-server podman pppoe procps python3 python3-apt systemd systemd-sysv "
    "tcpdump zstd"
).split()
# What the roles install on a node: the lab has no way out, so it is there beforehand.
NODE_PACKAGES = "haproxy mptcpize openssl openvpn ppp pptp-linux pptpd python3-pyroute2 wireguard-tools".split()

# Parts of the kernel package that no lab needs; they are three quarters of its size.
LEFT_OUT = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    *(
        f"{root}/lib/modules/*/kernel/{part}/*"
        for root in ("", "/usr")
        for part in ("drivers/gpu", "drivers/media", "drivers/net/ethernet", "drivers/net/wireless", "sound")
    ),
]
INITRAMFS_MODULES = ["virtio_pci", "virtio_blk", "ext4", "overlay", "virtio_net"]


@dataclass(frozen=True)
class Image:
    """Files of one image: the ext4 root, and the kernel and initramfs taken out of it."""

    root: Path
    kernel: Path
    initrd: Path


def _as_root(command: list[str]) -> list[str]:
    return command if os.geteuid() == 0 else ["sudo", *command]


def _run(command: list[str], log: Path) -> None:
    log.parent.mkdir(exist_ok=True)
    with log.open("ab") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise LabError(
            f"{shlex.join(command[:3])} ... failed (exit status {done.returncode}):\n{tail}\nFull log: {log}"
        )


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Let one process at a time build in the cache; the others wait and then find the result."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _recipe(distro: str) -> dict[str, object]:
    if distro not in KERNELS:
        raise LabError(f"LAB_DISTRO={distro} is not known; it is one of: {', '.join(KERNELS)}")
    return {
        "distro": distro,
        "packages": sorted([KERNELS[distro], *BASE_PACKAGES, *NODE_PACKAGES]),
        "left_out": LEFT_OUT,
        "modules": INITRAMFS_MODULES,
        "mib": IMAGE_MIB,
        "init": GUEST_INIT.read_text(),
    }


def _key(recipe: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:12]


def image(distro: str) -> Image:
    """Return the image of that distribution, made now (about two minutes) if the cache has none."""
    recipe = _recipe(distro)
    home = paths.cache() / f"image-{distro}-{_key(recipe)}"
    if home.exists():  # a rename put it there whole: no need to wait for somebody who makes another one
        home.touch()
        return Image(home / "root.img", home / "vmlinuz", home / "initrd.img")
    with _locked(paths.cache()):
        if not home.exists():
            say(f"    making the {distro} image in {home} (Debian packages, about two minutes, once)")
            _build(recipe, home)
        home.touch()
        _forget_old_images(keep=home)
    return Image(home / "root.img", home / "vmlinuz", home / "initrd.img")


def _forget_old_images(keep: Path) -> None:
    """Remove images that nobody has used for a month."""
    for old in paths.cache().glob("image-*"):
        if old != keep and time.time() - old.stat().st_mtime > 30 * 86400:
            shutil.rmtree(old, ignore_errors=True)


def _build(recipe: dict[str, object], home: Path) -> None:
    log = paths.cache() / "logs" / f"{home.name}.log"
    log.unlink(missing_ok=True)
    work = Path(tempfile.mkdtemp(prefix="build-", dir=paths.cache()))
    try:
        root = work / "root"
        _run(_as_root(_mmdebstrap(recipe, root)), log)
        out = work / "out"
        out.mkdir()
        for name in ("vmlinuz", "initrd.img"):
            source = sorted((root / "boot").glob(f"{name}-*"))[-1]
            _run(_as_root(["install", "-m", "0644", "-o", str(os.getuid()), str(source), str(out / name)]), log)
        target = out / "root.img"
        _run(
            _as_root(
                ["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(root), str(target), f"{IMAGE_MIB}M"]
            ),
            log,
        )
        _run(_as_root(["chown", str(os.getuid()), str(target)]), log)
        out.rename(home)
    finally:
        _run(_as_root(["rm", "-rf", "--one-file-system", str(work)]), log)


def _mmdebstrap(recipe: dict[str, object], root: Path) -> list[str]:
    modules = "\\n".join(INITRAMFS_MODULES)
    hooks = [
        # A list of modules instead of everything: the initramfs is unpacked under emulation at each boot.
        'sed -i "s/^MODULES=.*/MODULES=list/" "$1/etc/initramfs-tools/initramfs.conf"',
        f'printf "{modules}\\n" >> "$1/etc/initramfs-tools/modules"',
        'chroot "$1" update-initramfs -u -k all',
        f'install -m 0755 {shlex.quote(str(GUEST_INIT))} "$1/usr/local/sbin/lab-init"',
        # Programs are there; what runs is for the roles to say.
        'rm -f "$1/etc/systemd/system/multi-user.target.wants/pptpd.service"',
        'rm -f "$1/etc/resolv.conf" "$1"/etc/ssh/ssh_host_*; mkdir -p "$1/ro"',
    ]
    return [
        "mmdebstrap",
        "--variant=minbase",
        "--format=directory",
        '--aptopt=Apt::Install-Recommends "false"',
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in recipe["left_out"]),
        f"--include={','.join(recipe['packages'])}",
        *(f"--customize-hook={hook}" for hook in hooks),
        str(recipe["distro"]),
        str(root),
    ]


def emulator() -> list[str]:
    """Return the command that starts our QEMU, unpacked now (some seconds) if the cache has none."""
    home = paths.cache() / "qemu-trixie"
    with nullcontext() if home.exists() else _locked(paths.cache()):
        if not home.exists():
            say(f"    unpacking QEMU of Debian 13 into {home} (nothing is installed on this machine)")
            log = paths.cache() / "logs" / "qemu.log"
            work = Path(tempfile.mkdtemp(prefix="build-", dir=paths.cache()))
            try:
                _run(_as_root(_mmdebstrap_qemu(work / "root")), log)
                _run(_as_root(["chown", "-R", str(os.getuid()), str(work / "root")]), log)
                (work / "root").rename(home)
            finally:
                shutil.rmtree(work, ignore_errors=True)
    lib = home / "usr/lib/x86_64-linux-gnu"
    return [
        str(lib / "ld-linux-x86-64.so.2"),
        "--library-path",
        str(lib),
        str(home / "usr/bin/qemu-system-x86_64"),
        *("-L", str(home / "usr/share/qemu"), "-L", str(home / "usr/share/seabios")),
    ]


def _mmdebstrap_qemu(root: Path) -> list[str]:
    return [
        "mmdebstrap",
        "--variant=extract",
        '--aptopt=Apt::Install-Recommends "false"',
        "--include=qemu-system-x86",
        "trixie",
        str(root),
    ]
