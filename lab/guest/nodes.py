# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes as podman containers: pure functions that render command lines and files."""

from __future__ import annotations

from pathlib import Path

from . import pppoe, topology
from .config import INSIDE, NODES, SYSTEMD_NODES, Lab, state_dir

LABEL = "linkagg.lab"

SSHD = """\
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
MaxStartups 100
X11Forwarding no
"""

# Nothing of these does anything in a node, and each costs time at boot: devices, terminals, timers, sessions.
MASKED = """
apt-daily-upgrade.timer apt-daily.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
podman-auto-update.timer systemd-tmpfiles-clean.timer
podman-auto-update.service podman-restart.service podman.service podman.socket dnsmasq.service e2scrub_reap.service
haproxy.service
netavark-dhcp-proxy.service netavark-dhcp-proxy.socket netavark-firewalld-reload.service
ldconfig.service systemd-journal-catalog-update.service systemd-update-done.service
systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket
systemd-hwdb-update.service systemd-modules-load.service systemd-firstboot.service systemd-machine-id-commit.service
systemd-repart.service systemd-pstore.service systemd-random-seed.service systemd-pcrphase.service
systemd-pcrphase-sysinit.service systemd-update-utmp.service systemd-update-utmp-runlevel.service
systemd-binfmt.service kmod-static-nodes.service systemd-journal-flush.service systemd-journald-audit.socket
systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup-dev-early.service systemd-sysusers.service
systemd-ask-password-console.path systemd-ask-password-wall.path systemd-logind.service systemd-user-sessions.service
systemd-initctl.socket systemd-networkd-wait-online.service
dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount
sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount
getty.target console-getty.service getty-static.service remote-fs.target
""".split()

# First process of a node. A systemd node gets /sys read-only: then systemd-networkd takes interfaces as
# they are, without udev. And /proc/sys but for the network read-only: it is the lab host's own.
ENTRY = """\
set -e
cd {inside}
mkdir -p /root/.ssh /run/sshd
cp authorized_keys /root/.ssh/
chmod 700 /root /root/.ssh
cp sshd.conf /etc/ssh/sshd_config.d/00-linkagg-lab.conf
[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
echo "$LAB_MACHINE_ID" > /etc/machine-id
unset LAB_MACHINE_ID
mkdir -p /dev/net
[ -e /dev/net/tun ] || mknod -m 666 /dev/net/tun c 10 200
[ -e /dev/ppp ] || mknod -m 600 /dev/ppp c 108 0
cd /
"""
ENTRY_SYSTEMD = """\
cp -a {inside}/units/. /etc/systemd/system/
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -sf /lib/systemd/system/ssh.service /etc/systemd/system/multi-user.target.wants/ssh.service
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,ro,bind /proc/sys
mount -o remount,ro,bind /sys
exec /sbin/init
"""
ENTRY_PLAIN = """\
{netns}exec /usr/sbin/sshd -D -e
"""


def podman(lab_id: str) -> list[str]:
    """Return how podman is called: with a storage of the lab's own, in memory, beside any other podman's."""
    home = state_dir(lab_id) / "podman"
    return [
        *("podman", "--cgroup-manager=cgroupfs", "--events-backend=none", "--storage-driver=vfs"),
        *("--root", str(home / "root"), "--runroot", str(home / "run"), "--tmpdir", str(home / "tmp")),
    ]


def files(lab: Lab) -> dict[str, str]:
    """Return the files that nodes find in INSIDE: name -> text."""
    head = ENTRY.format(inside=INSIDE)
    dialled = any(link.pppoe for link in lab.links)
    add = "".join(f"netns add {link.namespace}\n" for link in lab.links)
    return {
        "authorized_keys": lab.authorized_key + "\n",
        "sshd.conf": SSHD,
        "entry-systemd": head + ENTRY_SYSTEMD.format(inside=INSIDE),
        "entry-plain": head + ENTRY_PLAIN.format(netns=""),
        "entry-modems": head
        + ENTRY_PLAIN.format(netns=f"ip -batch {INSIDE}/namespaces\n{pppoe.ENTRY if dialled else ''}"),
        **(pppoe.files() if dialled else {}),
        "namespaces": add,
        topology.WHO_FILE: topology.WHO,
    }


def run_command(lab: Lab, node: str) -> list[str]:
    """Return the command that starts a node."""
    systemd = node in SYSTEMD_NODES
    entry = "entry-systemd" if systemd else "entry-modems" if node == "modems" else "entry-plain"
    return [
        *podman(lab.lab_id),
        *("run", "--detach", "--name", lab.container(node), "--hostname", node),
        *("--label", f"{LABEL}={lab.lab_id}", "--pidfile", str(pidfile(lab, node))),
        *("--privileged", "--network", "none", "--pids-limit", "0"),
        *("--log-driver", "k8s-file", "--log-opt", f"path={lab.state / node}.log"),
        *("--ulimit", "nofile=1048576:1048576"),
        *("--volume", f"{lab.state / 'inside'}:{INSIDE}:ro"),
        *("--env", f"LAB_MACHINE_ID={machine_id(lab, node)}"),
        "--systemd=always" if systemd else "--init",
        *("--rootfs", f"{lab.rootfs}:O", "/bin/sh", f"{INSIDE}/{entry}"),
    ]


def restart_commands(lab: Lab, node: str) -> tuple[list[str], list[str]]:
    """Return the commands that cut a node's power and give it back: what it had in memory is gone, its files are not.

    podman keeps the upper layer of ``--rootfs DIR:O`` until the container is removed.
    """
    name = lab.container(node)
    return [*podman(lab.lab_id), "stop", "--time", "0", name], [*podman(lab.lab_id), "start", name]


def remove_command(lab_id: str) -> list[str]:
    """Return the command that removes every node of a lab, there or not."""
    return [*podman(lab_id), "rm", "--force", "--ignore", "--time", "0", *(f"{lab_id}-{node}" for node in NODES)]


def machine_id(lab: Lab, node: str) -> str:
    """Return what /etc/machine-id holds: different on each node, the same after each start."""
    return lab.container(node).encode().hex().ljust(32, "0")[-32:]


def pidfile(lab: Lab, node: str) -> Path:
    """Return the file with the process id of a node's first process, as the lab host sees it."""
    return lab.state / f"{node}.pid"
