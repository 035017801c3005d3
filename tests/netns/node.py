# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node for tests: the engine on it, and what the kernel says in the words of ``ip``."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.objects import Obj
from ansible_collections.linkagg.wan.plugins.module_utils._engine.reconcile import Outcome, reconcile
from ansible_collections.linkagg.wan.plugins.module_utils._engine.spec import parse_items
from ansible_collections.linkagg.wan.plugins.module_utils._kinds import BONDS, MPTCP, ROUTING, SHAPERS, TUNNELS
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.kernel import NetlinkKernel
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.keys import with_keys

INTERRUPT = Path(__file__).parent / "interrupt"
_NEW_NETWORK = 0x40000000
PROBES = {
    "wireguard": "type wireguard",
    "gretap": "type gretap local 127.0.0.1 remote 127.0.0.2",
    "ip6gretap": "type ip6gretap local fd00::1 remote fd00::2",
    "vxlan": "type vxlan id 1 dstport 4789",
    "bond": "type bond",
    "veth": "type veth peer name probe1",
}


LEGS: dict[str, dict[str, Any]] = {
    "vxlan": {"kind": "vxlan", "vni": 513},
    "gretap": {"kind": "gretap", "key": 513},
}


def leg(kind: str, name: str = "leg0", **options: Any) -> dict[str, Any]:
    """A leg as the tunnels module takes it."""
    return {"name": name, "local": "10.0.0.1", "remote": "10.0.0.2", "mtu": 1398, **LEGS[kind], **options}


def ip(*arguments: str) -> Any:
    """The ``ip`` program in the namespace of the test; parsed if asked for JSON."""
    words = [word for argument in arguments for word in argument.split()]
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return json.loads(done.stdout or "[]") if "-j" in words else done.stdout


def saves(module: str) -> bool:
    """Whether a module saves what it has done: on this machine it must not."""
    found = importlib.import_module(f"ansible_collections.linkagg.wan.plugins.modules.{module}")
    return "state_directory" in getattr(found, "argument_spec", dict)()


def why_no_namespaces() -> str:
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    name = f"probe{os.getpid()}"
    done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"no network namespaces here: {done.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


def enter(path: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(path).open() as handle:
        if libc.setns(handle.fileno(), _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), f"setns {path}")


@dataclass
class Node:
    """A node of its own: the engine on it, and what the kernel says in ``ip``'s words."""

    name: str
    keys: Path
    watcher: int = 0  # process of the agent, while it runs

    @property
    def state(self) -> Path:
        """Where modules save what they have done."""
        return self.keys / "state"

    def tunnels(self, *items: dict[str, Any], check: bool = False, **options: Any) -> Outcome:
        """Reconcile tunnels."""
        want: Sequence[Obj] = parse_items("tunnels", list(TUNNELS.values()), items)
        return self._reconcile(TUNNELS, with_keys(want, check), check=check, **options)

    def bonds(self, *items: dict[str, Any], **options: Any) -> Outcome:
        """Reconcile bonds."""
        return self._reconcile(BONDS, parse_items("bonds", list(BONDS.values()), items), **options)

    def routing(
        self,
        links: Sequence[dict[str, Any]] = (),
        routes: Sequence[dict[str, Any]] = (),
        rules: Sequence[dict[str, Any]] = (),
        **options: Any,
    ) -> Outcome:
        """Reconcile links, routes and rules."""
        want = parse_items("links", [ROUTING["link"]], links)
        want += parse_items("routes", [ROUTING["route"]], routes)
        want += parse_items("rules", [ROUTING["rule"]], rules)
        return self._reconcile(ROUTING, want, **options)

    def mptcp(self, *endpoints: dict[str, Any], limits: dict[str, Any] | None = None, **options: Any) -> Outcome:
        """Reconcile MPTCP endpoints and limits."""
        want = parse_items("endpoints", [MPTCP["mptcp_endpoint"]], endpoints)
        want += parse_items("limits", [MPTCP["mptcp_limits"]], [limits] if limits else [])
        return self._reconcile(MPTCP, want, **options)

    def shapers(self, *items: dict[str, Any], **options: Any) -> Outcome:
        """Reconcile shapers."""
        return self._reconcile(SHAPERS, parse_items("shapers", list(SHAPERS.values()), items), **options)

    def _reconcile(self, kinds: Any, want: Sequence[Obj], **options: Any) -> Outcome:
        with NetlinkKernel() as kernel:
            return reconcile(kernel, kinds, want, **options)

    def module(self, name: str, /, check: bool = False, **arguments: Any) -> dict[str, Any]:
        """Run a module the way Ansible does, as a process of its own; its result.

        What it has done is not saved, or with ``persist=True`` below the test's directory.
        """
        done = self.process(name, check, **arguments)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def process(
        self, name: str, /, check: bool = False, signal: str = "", **arguments: Any
    ) -> subprocess.CompletedProcess[str]:
        """The same, as it ended. ``signal`` is for interrupt/sitecustomize.py: what it gets, and when."""
        if saves(name):
            arguments = {"persist": False, "state_directory": str(self.state), **arguments}
        text = json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}})
        command = [sys.executable, "-m", f"ansible_collections.linkagg.wan.plugins.modules.{name}"]
        path = [*([str(INTERRUPT)] if signal else []), *filter(None, sys.path)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "LINKAGG_TEST_SIGNAL": signal}
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment)

    def link(self, name: str) -> dict[str, Any]:
        """One link with its details."""
        return ip("-j -d link show", name)[0]

    def needs(self, *kinds: str) -> None:
        """Skip the test, loudly, if this kernel cannot make links of these kinds."""
        for kind in kinds:
            done = subprocess.run(
                f"ip link add probe0 {PROBES[kind]} && ip link del probe0",
                shell=True,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"NOT TESTED: this kernel has no {kind} ({done.stderr.strip()}); the lab's has")

    def key(self, name: str) -> tuple[str, str]:
        """A private key file and its public key."""
        private = subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout
        path = self.keys / f"{name}.key"
        path.write_text(private)
        public = subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout
        return str(path), public.strip()


@contextmanager
def own_node(no_namespaces: str, directory: Path) -> Iterator[Node]:
    """A node with nothing but ``lo``, up, for a while; what it saves is in ``directory``. Skips where none can be."""
    if no_namespaces:
        pytest.skip(f"NOT TESTED: {no_namespaces}")
    name = f"linkagg-{secrets.token_hex(4)}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        enter(f"/run/netns/{name}")
        ip("link set lo up")
        yield Node(name, directory)
    finally:
        enter(f"/proc/self/fd/{home}")
        os.close(home)
        subprocess.run(["ip", "netns", "del", name], check=True)
