# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Up, down, status and faults of a lab."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from . import effects, nodes, pppoe, shape, topology
from .config import NODES, SYSTEMD_NODES, GuestError, Lab, Link, state_dir
from .shape import Faults
from .state import alive, locked, namespace_paths, note, read_faults, read_json, start_time, write_faults, write_json

MODULES_NEEDED = "veth bridge sch_netem sch_tbf sch_plug nf_tables nft_chain_nat nft_masq nft_ct nf_nat_pptp".split()
MODULES_OF_PPPOE = ["pppoe"]
# What the roles will want; the kernel loads most of it by itself, but slowly and in the middle of a task.
MODULES_LATER = (
    "bonding wireguard ip_gre ip6_gre vxlan nft_hash nft_numgen nft_tproxy nft_socket sch_ingress sch_cake"
    " sch_fq sch_fq_codel sch_htb cls_fw act_skbedit tcp_bbr ifb tun ppp_async"
).split()


def up(lab: Lab, raw: dict) -> dict[str, float]:
    """Bring a lab up, after taking down what was left of it; return how long each part took in seconds."""
    times: dict[str, float] = {}
    last = time.monotonic()

    def done(part: str) -> None:
        nonlocal last
        now = time.monotonic()
        times[part], last = round(now - last, 1), now

    with locked(lab.lab_id):
        _check(lab)
        _down(lab.lab_id)
        done("clean")
        try:
            _prepare(lab, raw)
            pids = _start_nodes(lab)
            done("nodes")
            namespaces = _connect(lab, pids)
            done("network")
            player = _start_programs(lab, pids, namespaces)
            write_json(
                lab.state / "state.json",
                {"nodes": {node: note(pid) for node, pid in pids.items()}, "player": player, "up_at": time.time()},
            )
            _wait_ssh(lab, lab.nodes)
            done("ssh")
        except BaseException as error:
            if isinstance(error, GuestError):
                _show_logs(lab)
            _down(lab.lab_id)
            raise
    return times


def _check(lab: Lab) -> None:
    missing = [name for name in ("podman", "ip", "tc", "nft", "nsenter") if not shutil.which(name)]
    if missing:
        raise GuestError(f"not installed on the lab host: {', '.join(missing)}")
    if not Path(lab.rootfs, "usr/sbin/sshd").exists():
        raise GuestError(f"{lab.rootfs} is no root file system for nodes: it has no /usr/sbin/sshd")


def _prepare(lab: Lab, raw: dict) -> None:
    inside = lab.state / "inside"
    (inside / "units").mkdir(parents=True)
    for name, text in nodes.files(lab).items():
        (inside / name).write_text(text)
    for unit in nodes.MASKED:
        (inside / "units" / unit).symlink_to("/dev/null")
    write_json(lab.state / "config.json", raw)
    dialled = any(link.pppoe for link in lab.links)
    try:
        effects.run(["modprobe", "-a", *MODULES_NEEDED, *(MODULES_OF_PPPOE if dialled else [])])
    except GuestError as error:
        raise GuestError(f"the kernel of the lab host lacks parts of a lab: {error}") from error


def _start_nodes(lab: Lab) -> dict[str, int]:
    """Start all nodes at once and return the process id of each one's first process."""
    later = subprocess.Popen(["modprobe", "-a", "-q", *MODULES_LATER], stderr=subprocess.DEVNULL)
    effects.together(effects.run, [nodes.run_command(lab, node) for node in lab.nodes], len(lab.nodes))
    pids = {node: int(nodes.pidfile(lab, node).read_text()) for node in lab.nodes}
    last = lab.links[-1].namespace
    path = Path(namespace_paths(lab, pids)[last])
    effects.wait_for("the modems' namespaces", lambda: path.is_file() or start_time(pids["modems"]) is None)
    later.wait()
    if dead := [node for node, pid in pids.items() if start_time(pid) is None]:
        raise GuestError(f"ended right after the start: {', '.join(dead)}")
    return pids


def _connect(lab: Lab, pids: dict[str, int]) -> dict[str, str]:
    namespaces = namespace_paths(lab, pids)
    effects.batch("ip", topology.mgmt_lines(lab, namespaces))
    with effects.inside(namespaces["modems"]):
        effects.batch("ip", topology.pair_lines(lab, namespaces))
    effects.together(lambda setup: effects.apply(setup, namespaces[setup.where]), topology.setups(lab), 3)
    return namespaces


def _start_programs(lab: Lab, pids: dict[str, int], namespaces: dict[str, str]) -> dict | None:
    """Start web, DHCP and PPPoE servers and the player; return the player's process, None without traces."""
    internet = ["nsenter", "--target", str(pids["internet"]), "--mount", "--net", "--uts", "--pid", "--wd=/"]
    effects.run([*internet, "--", *topology.web_servers()])
    join = ["nsenter", "--target", str(pids["modems"]), "--pid"]
    for link in lab.links:
        if link.dhcp:
            effects.run([*join, "--mount", f"--net={namespaces[link.namespace]}", "--", *topology.dnsmasq(link)])
        if link.pppoe:
            effects.run([*join, "--mount", f"--net={namespaces[link.namespace]}", "--", *pppoe.server(link)])
    if not any(link.trace for link in lab.links):
        return None
    with (lab.state / "player.log").open("w") as log:
        # In the container's process namespace it ends with the container, whatever happens.
        player = subprocess.Popen(
            [*join, "--", sys.executable, "-m", "guest", "play", str(lab.state / "config.json"), str(pids["modems"])],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    started = lab.state / "playback.json"
    effects.wait_for("the player of the traces", lambda: started.exists() or player.poll() is not None)
    if player.poll() is not None:
        raise GuestError(f"the player of the traces ended: {(lab.state / 'player.log').read_text().strip()}")
    return note(player.pid)


def _wait_ssh(lab: Lab, some: Iterable[str]) -> None:
    for node in some:
        effects.wait_for(f"sshd on {node}", lambda node=node: _ssh_answers(lab.address(node)))


def _ssh_answers(address: str) -> bool:
    import socket  # slow to import, and only ``up`` needs it

    try:
        with socket.create_connection((address, 22), timeout=5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _show_logs(lab: Lab) -> None:
    """Show the end of each node's output before it goes."""
    for log in sorted(lab.state.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-10:]
        print(f"--- {log.name}", *lines, sep="\n", file=sys.stderr)


def down(lab_id: str) -> None:
    """Remove everything of a lab; nothing there is no mistake."""
    with locked(lab_id):
        _down(lab_id)
    Path(f"/run/linkagg-lab-{lab_id}.lock").unlink(missing_ok=True)


def _down(lab_id: str) -> None:
    state = state_dir(lab_id)
    if state.exists():
        effects.run(nodes.remove_command(lab_id))
    bridge = Path("/sys/class/net") / f"{lab_id}-mgmt"
    ports = [f"{lab_id}-m{number}" for number in NODES.values()]
    left = [name for name in (*ports, bridge.name) if (bridge.parent / name).exists()]
    for name in left:
        # A port goes with its node's namespace, perhaps in this very moment.
        subprocess.run(["ip", "link", "delete", name], capture_output=True, check=False)
    effects.wait_for("interfaces to go", lambda: not any((bridge.parent / name).exists() for name in left), 20)
    shutil.rmtree(state, ignore_errors=True)


def running(lab: Lab) -> dict[str, int]:
    """Return the process ids of the nodes; GuestError if any does not run."""
    noted = read_json(lab.state / "state.json").get("nodes", {})
    dead = [node for node in lab.nodes if not alive(noted.get(node))]
    if dead:
        raise GuestError(f"lab {lab.lab_id} is not up: not running: {', '.join(dead)}")
    return {node: entry["pid"] for node, entry in noted.items()}


def status(lab: Lab) -> dict:
    """Return what runs, the faults in force, and where the playback is (seconds, lab host's clock)."""
    state = read_json(lab.state / "state.json")
    noted = state.get("nodes", {})
    faults = read_faults(lab)
    now = time.time()
    playback = read_json(lab.state / "playback.json")
    if playback:
        playback["playback_s"] = round(now - playback["started_at"], 3)
        playback["running"] = alive(state.get("player"))
    links = []
    for link in lab.links:
        current = (
            lab.traces[link.trace].at(playback["playback_s"] + link.offset_s)
            if link.trace and playback
            else link.rate_mbit
        )
        links.append(
            {
                "index": link.index,
                "name": link.name,
                "interface": link.interface,
                "faults": faults.get(link.index, Faults()).words(),
                "rate_mbit": current,
            }
        )
    return {
        "lab_id": lab.lab_id,
        "profile": lab.profile,
        "up": bool(noted) and all(alive(entry) for entry in noted.values()) and playback.get("running", True),
        "now": now,
        "nodes": {
            node: {
                "running": alive(noted.get(node)),
                "address": lab.address(node),
                "pid": noted.get(node, {}).get("pid"),
            }
            for node in lab.nodes
        },
        "links": links,
        "playback": playback or None,
    }


def fault(lab: Lab, wanted: str, what: str) -> list[str]:
    """Put a fault on a link, or clear it, and return the faults then in force on it."""
    link = lab.link(wanted)
    Faults().after(what)
    with locked(lab.lab_id):
        namespaces = namespace_paths(lab, running(lab))
        faults = read_faults(lab)
        before = faults.get(link.index, Faults())
        after = before.after(what)
        _change(link, before, after, namespaces)
        write_faults(lab, {**faults, link.index: after})
    return after.words()


def restart(lab: Lab, node: str) -> dict[str, float]:
    """Cut a node's power, give it back and plug its interfaces in again; return the seconds of the parts."""
    can = [known for known in lab.nodes if known in SYSTEMD_NODES]
    if node not in can:
        raise GuestError(f"{node!r} cannot be restarted; these can: {', '.join(can)}")
    times = {"cut": time.monotonic()}
    with locked(lab.lab_id):
        pids = running(lab)
        stop, start = nodes.restart_commands(lab, node)
        effects.run(stop)
        faults = read_faults(lab)
        _unplug(lab, node, faults, namespace_paths(lab, pids))
        times["off"] = time.monotonic()
        effects.run(start)
        pids[node] = int(nodes.pidfile(lab, node).read_text())
        _replug(lab, node, faults, namespace_paths(lab, pids))
        times["plugged"] = time.monotonic()
        state = read_json(lab.state / "state.json")
        state["nodes"][node] = note(pids[node])
        write_json(lab.state / "state.json", state)
        _wait_ssh(lab, [node])
    times["ssh"] = time.monotonic()
    return {part: round(at - times["cut"], 1) for part, at in times.items() if part != "cut"}


def _unplug(lab: Lab, node: str, faults: dict[int, Faults], namespaces: dict[str, str]) -> None:
    """Wait for the other ends of a node that is off to be gone: they go with its namespace, but in their own time."""
    effects.unplug("/proc/thread-self/ns/net", topology.mgmt_port(lab, node))
    for where, device in topology.far_ends(lab, node, faults):
        effects.unplug(namespaces[where], device)


def _replug(lab: Lab, node: str, faults: dict[int, Faults], namespaces: dict[str, str]) -> None:
    effects.batch("ip", [topology.mgmt_port_line(lab, node, namespaces)])
    with effects.inside(namespaces["modems"]):
        effects.batch("ip", topology.replug_lines(lab, node, faults, namespaces))
    for setup in topology.replug_setups(lab, node, faults):
        effects.apply(setup, namespaces[setup.where])


def _change(link: Link, before: Faults, after: Faults, namespaces: dict[str, str]) -> None:
    if after.unplug and not before.unplug:
        with effects.inside(namespaces[link.gateway]):
            effects.batch("ip", [f"link delete {link.interface}"])
    if before.unplug and not after.unplug:
        with effects.inside(namespaces["modems"]):
            effects.batch("ip", [topology.lan_pair_line(link, namespaces)])
    with effects.inside(namespaces[link.namespace]):
        if before.unplug and not after.unplug:
            effects.pin(topology.lan_pinned(link))
            effects.batch("ip", topology.lan_lines(link))
        if after.down != before.down and not after.unplug:
            effects.batch("ip", [f"link set lan {'down' if after.down else 'up'}"])
    old, new = shape.change_lines(link, before), shape.change_lines(link, after)
    for where, was, lines in zip(("modems", link.namespace), old, new, strict=True):
        if was != lines:
            with effects.inside(namespaces[where]):
                effects.batch("tc", lines)
