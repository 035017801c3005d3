# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the guest: see ``python3 -m guest --help``."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from . import config, lab
from .config import GuestError, Lab

USAGE = """\
python3 -m guest up CONFIG.json         bring the lab of that configuration up
python3 -m guest [--lab ID] down        remove it
python3 -m guest [--lab ID] status [--json]
python3 -m guest [--lab ID] faults      the faults in force
python3 -m guest [--lab ID] fault LINK FAULT
                                        LINK: number or name; FAULT: {faults}
python3 -m guest [--lab ID] restart NODE
                                        cut the power of a node: {restartable}
python3 -m guest [--lab ID] exec NODE [--] COMMAND...
                                        NODE: {nodes}, or a modem's namespace (modem1 ...)
--lab may be left out while there is only one lab on this host."""


def main(words: list[str]) -> int:
    """Run one command and return the exit status."""
    # Let what is half done be undone, as on Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        return _command(words)
    except GuestError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _command(words: list[str]) -> int:
    lab_id = None
    if words[:1] == ["--lab"] and len(words) > 1:
        lab_id, words = words[1], words[2:]
    match words:
        case ["up", path]:
            wanted = config.load(path)
            times = lab.up(wanted, json.loads(Path(path).read_text()))
            print(json.dumps({"lab_id": wanted.lab_id, "seconds": times}))
        case ["down"]:
            for known in [lab_id] if lab_id else _known():
                lab.down(known)
        case ["status"] | ["status", "--json"]:
            _status(lab.status(_running(lab_id)), "--json" in words)
        case ["faults"]:
            print(json.dumps({entry["name"]: entry["faults"] for entry in lab.status(_running(lab_id))["links"]}))
        case ["fault", link, what]:
            print(json.dumps({"link": link, "faults": lab.fault(_running(lab_id), link, what)}))
        case ["restart", node]:
            print(json.dumps(lab.restart(_running(lab_id), node)))
        case ["exec", node, "--", *command] | ["exec", node, *command] if command:
            _exec(_running(lab_id), node, command)
        case ["play", path, pid]:
            from .player import play

            play(config.load(path), int(pid))
        case ["-h" | "--help" | "help"]:
            print(_usage())
        case _:
            print(_usage(), file=sys.stderr)
            return 2
    return 0


def _usage() -> str:
    return USAGE.format(
        faults=lab.shape.FAULT_FORMS, nodes=", ".join(config.NODES), restartable=", ".join(config.SYSTEMD_NODES)
    )


def _known() -> list[str]:
    return sorted(
        path.name.removeprefix("linkagg-lab-") for path in Path("/run").glob("linkagg-lab-*") if path.is_dir()
    )


def _running(lab_id: str | None) -> Lab:
    known = _known()
    if lab_id is None and len(known) == 1:
        lab_id = known[0]
    if lab_id not in known:
        raise GuestError(f"which lab? --lab is one of: {', '.join(known)}" if known else "there is no lab on this host")
    return config.load(config.state_dir(lab_id) / "config.json")


def _status(found: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    print(f"lab {found['lab_id']}, profile {found['profile']}: {'up' if found['up'] else 'not up'}")
    for name, node in found["nodes"].items():
        print(f"  {name:13} {node['address']:15} {'running' if node['running'] else 'not running'}")
    for link in found["links"]:
        down, up = link["rate_mbit"] or ("?", "?")
        print(
            f"  link {link['index']} {link['name']:10} {down}/{up} Mbit/s  {', '.join(link['faults']) or 'no faults'}"
        )
    if found["playback"]:
        print(f"  playback at {found['playback']['playback_s']:.1f} s")


def _exec(wanted: Lab, node: str, command: list[str]) -> None:
    pids = lab.running(wanted)
    modem = next((link.namespace for link in wanted.links if link.namespace == node), None)
    if node not in pids and not modem:
        raise GuestError(f"there is no node {node!r}; nodes: {', '.join(pids)}, modem1 to modem{len(wanted.links)}")
    net = f"--net=/proc/{pids['modems']}/root/run/netns/{modem}" if modem else "--net"
    target = str(pids["modems" if modem else node])
    os.environ.update(HOME="/root", PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    join = ["nsenter", "--target", target, "--mount", "--uts", "--ipc", "--pid", net, "--wd=/", "--"]
    os.execvp(join[0], [*join, *command])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
