# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab's life: up, found again by a later command, down."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from lab import inventory, paths, qemu
from lab.host import GUEST_HOME, Host, LocalHost, QemuHost, ask, missing_for_local, push, push_guest
from lab.image import image
from lab.profile import Profile, load_profile
from lab.ui import LabError, Stages

NODE_LIMIT_S = 120


@dataclass
class Lab:
    """A running lab."""

    host: Host
    profile: Profile
    kernel: str
    distro: str

    def guest(self, *words: str, limit_s: float = 180) -> str:
        """Run the guest program on the lab host (``python3 -m guest ...``) and return its output."""
        which = [] if words[0] == "up" else ["--lab", paths.lab_id()]
        return ask(self.host, ["env", f"PYTHONPATH={GUEST_HOME}", "python3", "-m", "guest", *which, *words], limit_s)

    def playback_began(self) -> float:
        """When the playback of the recorded links began (epoch, lab host's clock).

        LabError if it does not run any more: what links offered since then is not what the recordings say.
        """
        playback = json.loads(self.guest("status", "--json"))["playback"]
        if not playback["running"]:
            raise LabError(
                "the player of the traces has ended (player.log on the lab host says why), so nothing is known of what "
                "links offered; end this lab and measure again"
            )
        return playback["started_at"]


@contextmanager
def exclusive() -> Iterator[None]:
    """Let one command at a time make or remove this checkout's lab."""
    paths.BUILD.mkdir(exist_ok=True)
    with (paths.BUILD / "lab.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError("another command is busy with this checkout's lab; wait for it, or end it") from None
        yield


def _state() -> dict:
    try:
        return json.loads(paths.STATE.read_text())
    except (OSError, ValueError):
        return {}


def _host(state: dict) -> Host:
    if state["host"] == "local":
        return LocalHost()
    return QemuHost(qemu.Machine(state["pid"], state["ssh_port"], state["accelerator"]))


def current() -> Lab:
    """Return the running lab of this checkout; LabError if there is none or it died."""
    state = _state()
    if not state.get("ready"):
        raise LabError("no lab is running in this checkout; start one with: make lab")
    host = _host(state)
    if why := host.trouble():
        raise LabError(f"{why}. The end of its console:\n{qemu.console_tail()}\nRemove it with: make lab-down")
    return Lab(host, load_profile(state["profile"]), state["kernel"], state["distro"])


class CurrentHost:
    """Whatever lab host this checkout has at the moment: for watching commands that start and end labs themselves."""

    def trouble(self) -> str | None:
        """Return why the present lab host can no longer be used; None while it is well, or there is none."""
        state = _state()
        return _host(state).trouble() if state.get("ready") else None


def up(profile_name: str, stages: Stages, *, distro: str | None = None, kind: str | None = None) -> Lab:
    """Start a fresh lab with that profile (a shipped name, or a path); an earlier one of this checkout ends.

    ``distro`` and ``kind`` default to the environment's LAB_DISTRO (bookworm) and LAB_HOST (qemu).
    """
    profile = load_profile(profile_name)
    distro = distro or os.environ.get("LAB_DISTRO") or "bookworm"
    kind = kind or os.environ.get("LAB_HOST") or "qemu"
    if kind not in ("qemu", "local"):
        raise LabError(f"LAB_HOST={kind} is not known; it is one of: qemu, local")
    if kind == "local" and (missing := missing_for_local()):
        raise LabError(
            "LAB_HOST=local: this machine cannot be its own lab host. Missing:\n"
            + "\n".join(f"  - {one}" for one in missing)
        )
    down()
    paths.link_collection()
    paths.LAB.mkdir(parents=True, exist_ok=True)
    try:
        return _up(profile, profile_name, stages, distro, kind)
    except BaseException:
        down()
        raise


def _up(profile: Profile, profile_name: str, stages: Stages, distro: str, kind: str) -> Lab:
    with stages.stage("image", f"root file system and kernel of Debian {distro}"):
        disk = image(distro)
        if kind == "qemu":
            qemu.emulator()
    public_key = _make_key()
    with stages.stage("boot", "lab host" if kind == "qemu" else "lab host: this machine"):
        state = {"host": kind, "distro": distro, "profile": str(profile_name), "lab_id": paths.lab_id()}
        if kind == "qemu":
            machine = qemu.start(disk, public_key)
            state |= {"pid": machine.pid, "ssh_port": machine.ssh_port, "accelerator": machine.accelerator}
            host: Host = QemuHost(machine)
        else:
            host = LocalHost(disk)
            host.mount()
        _save(state)
        inventory.write(profile, state.get("ssh_port"))
        push_guest(host)
        kernel = ask(host, ["uname", "-r"]).strip()
    lab = Lab(host, profile, kernel, distro)
    nodes = inventory.nodes(profile)
    some = ", ".join(node for node in nodes if node != "modems")
    with stages.stage("nodes", f"{some} and {len(profile.links)} modems"):
        _push_config(lab, public_key)
        lab.guest("up", f"{GUEST_HOME}/config.json", limit_s=300)
        _await_nodes(nodes)
    _save(state | {"kernel": kernel, "ready": True})
    return lab


def _save(state: dict) -> None:
    paths.STATE.write_text(json.dumps(state, indent=2) + "\n")


def _make_key() -> str:
    """Make the lab's own ssh key and return its public part (base64, without type and comment)."""
    key = paths.LAB / "id_ed25519"
    key.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(key)], check=True)
    return key.with_suffix(".pub").read_text().split()[1]


def _push_config(lab: Lab, public_key: str) -> None:
    config = {
        "lab_id": paths.lab_id(),
        "rootfs": lab.host.rootfs(),
        "profile": lab.profile.to_guest(),
        "authorized_key": f"ssh-ed25519 {public_key} lab",
        "mgmt": inventory.MGMT_SUBNET,
    }
    push(lab.host, json.dumps(config).encode(), f"cat > {GUEST_HOME}/config.json")


def restart(node: str) -> dict[str, float]:
    """Restart a node of the running lab as a power cut does; returns seconds: off, plugged (its interfaces), ssh."""
    lab = current()
    # The shared connection would wait for a node that is no more.
    leave = ["ssh", "-F", str(paths.SSH_CONFIG), "-O", "exit", node]
    subprocess.run(leave, capture_output=True, check=False, timeout=20)
    seconds = json.loads(lab.guest("restart", node))
    _await_nodes([node])
    return seconds


def _await_nodes(nodes: Sequence[str]) -> None:
    """Wait until every one of these nodes lets us in by ssh."""

    def try_node(node: str) -> str | None:
        end = time.monotonic() + NODE_LIMIT_S
        error = ""
        while time.monotonic() < end:
            done = subprocess.run(
                ["ssh", "-F", str(paths.SSH_CONFIG), node, "true"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                return None
            error = done.stderr.strip()
            time.sleep(1)
        return f"{node}: {error}"

    with ThreadPoolExecutor(len(nodes)) as pool:
        failed = [error for error in pool.map(try_node, nodes) if error]
    if failed:
        raise LabError(f"nodes that did not answer by ssh within {NODE_LIMIT_S} s:\n" + "\n".join(failed))


def down() -> bool:
    """End this checkout's lab and remove what belongs to it, except reports and logs; returns whether there was one."""
    state = _state()
    if not state:
        return False
    # Whoever watches must not take this for a death.
    _save(state | {"ready": False})
    host = _host(state) if "host" in state else None
    if isinstance(host, LocalHost):
        ask(
            host,
            ["sh", "-c", f"PYTHONPATH={GUEST_HOME} python3 -m guest --lab {paths.lab_id()} down; rm -rf {GUEST_HOME}"],
        )
        host.release()
    elif host is not None:
        _close_connections()
        host.machine.stop()
    shutil.rmtree(paths.socket_dir(), ignore_errors=True)
    shutil.rmtree(paths.INVENTORY, ignore_errors=True)
    shutil.rmtree(paths.LAB / "ansible-tmp", ignore_errors=True)
    for name in ("id_ed25519", "id_ed25519.pub", "known_hosts", "ssh_config", "ansible.cfg", "heartbeat", "state.json"):
        (paths.LAB / name).unlink(missing_ok=True)
    return True


def _close_connections() -> None:
    """End the shared ssh connections of this lab."""
    for socket in paths.socket_dir().glob("*"):
        if socket.is_socket():
            subprocess.run(
                ["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "lab"],
                capture_output=True,
                check=False,
                timeout=10,
            )
