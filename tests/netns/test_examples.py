# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every example of the documentation runs, as it is written, with Ansible on a node.

The node is a network namespace of this machine. What this machine cannot do, and only that, is done on a node of the
lab, by ``python -m lab kernel-tests``, which sets LINKAGG_EXAMPLES=lab.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.linkagg.wan.tests.netns.examples import COLLECTION, COLLECTIONS, VARIABLES, Examples, find
from ansible_collections.linkagg.wan.tests.netns.node import why_no_namespaces

from lab import paths

LAB = os.environ.get("LINKAGG_EXAMPLES") == "lab"
LAB_NODE = "gateway"
LIMIT_S = 400
FOUND = find("modules")
LACKING = {name: found.lacking() for name, found in FOUND.items()}
MODULES = [name for name, why in LACKING.items() if not LAB or why]
FILTERS = {} if LAB else find("filter")
ROLES = [] if LAB else sorted(path.parent.name for path in COLLECTION.glob("roles/*/README.md"))


def as_param(name: str) -> Any:
    """A module to test, or to skip loudly where it cannot be."""
    why = "" if LAB else LACKING[name]
    reason = f"NOT TESTED here but on the lab's kernel: {name}: {why}"
    return pytest.param(name, marks=pytest.mark.skipif(bool(why), reason=reason))


def shell(script: str, *, check: bool = True) -> None:
    """Run it where the node is."""
    command = ["sh", "-c", script]
    if LAB:
        command = ["ssh", "-F", str(paths.SSH_CONFIG), LAB_NODE, script]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert not check or done.returncode == 0, f"{script}: {done.stderr}{done.stdout}"


def playbook(directory: Path, text: str, *options: str) -> str:
    """Run the text of a playbook; what it prints."""
    path, settings = directory / "playbook.yml", directory / "ansible.cfg"
    path.write_text(text, encoding="utf-8")
    settings.touch()
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONFIG": str(paths.ANSIBLE_CFG if LAB else settings),
        "ANSIBLE_HOME": str(directory / "ansible"),
        "ANSIBLE_FORCE_COLOR": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["ansible-playbook", *options, str(path)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert "WARNING" not in printed, printed
    return printed


def run(directory: Path, examples: Examples, host: dict[str, Any], **play: Any) -> None:
    """Run the examples' tasks; each must be done, none skipped."""
    inventory = directory / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"node": host}}}), encoding="utf-8")
    text = yaml.safe_dump(
        [{"hosts": "all", "gather_facts": False, "vars": VARIABLES, "tasks": examples.tasks, **play}], sort_keys=False
    )
    printed = playbook(directory, text, "--inventory", str(inventory))
    done = re.search(r"\bok=(\d+) ", printed)
    assert done and int(done[1]) >= len(examples.tasks) > 0, printed


@pytest.fixture(scope="session")
def etc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of /etc: modules save what they did and make keys there, and this machine's is not theirs."""
    copy = tmp_path_factory.mktemp("node") / "etc"
    if not LAB:
        subprocess.run(["cp", "-a", "/etc", str(copy)], check=True)
        (copy / "linkagg").mkdir(exist_ok=True)
    return copy


@pytest.fixture
def node(tmp_path: Path, etc: Path) -> Iterator[str]:
    """The name of a network namespace for the modules, with a Python beside it that runs in it."""
    if not LAB and (why := why_no_namespaces()):
        pytest.skip(f"NOT TESTED: {why}")
    name = f"linkagg-{secrets.token_hex(4)}"
    python = f"/run/{name}-python" if LAB else str(tmp_path / "python")
    if LAB:
        words = f'exec ip netns exec {name} /usr/bin/python3 "$@"'
    else:
        (tmp_path / "linkagg").mkdir()
        inner = f'mount --bind {etc} /etc && mount --bind {tmp_path}/linkagg /etc/linkagg && exec {sys.executable} "$@"'
        words = f'exec ip netns exec {name} sh -c {shlex.quote(inner)} sh "$@"'
    script = f"#!/bin/sh\n{words}\n"
    shell(f"printf %s {shlex.quote(script)} > {python} && chmod 755 {python}")
    shell(f"ip netns add {name} && ip -n {name} link set lo up")
    try:
        yield name
    finally:
        shell(f"ip netns pids {name} | xargs -r kill; ip netns del {name}; rm -rf {python} /run/{name}-files")


def given(examples: Examples, node: str) -> str:
    """A script that makes what must be there before the examples."""
    lines = ["set -e"]
    for number, interface in enumerate(examples.interfaces()):
        lines.append(f"ip -n {node} link add {interface} type veth peer name far{number}")
        lines += [f"ip -n {node} link set {end} up" for end in (interface, f"far{number}")]
    for interface in examples.learnt():
        lines.append(f"ip -n {node} address add 192.168.8.100/24 dev {interface}")
        lines.append(f"ip -n {node} route add default via 192.168.8.1 dev {interface} proto dhcp")
    for address in sorted({address for address, _port in [*examples.servers(), *examples.mirrors()]}):
        lines.append(f"ip -n {node} address add {address} dev lo")
    if examples.name == "measure":
        for address, port in examples.servers():
            lines.append(f"ip netns exec {node} iperf3 --server --daemon --bind {address} --port {port}")
    if examples.mirrors():
        files = f"/run/{node}-files"
        lines.append(f"mkdir -p {files} && truncate -s 20M {files}/big.iso")
    for address, port in examples.mirrors():
        inside = f"ip netns exec {node} python3"
        serve = f"-m http.server {port} --bind {address} --directory {files}"
        reach = f"import socket; socket.create_connection(({address!r}, {port}))"
        lines.append(f"{inside} {serve} > /dev/null 2>&1 < /dev/null &")
        lines.append(f'for _ in $(seq 100); do {inside} -c "{reach}" 2> /dev/null && break; sleep 0.1; done')
    return "\n".join(lines)


@pytest.mark.parametrize("name", list(map(as_param, MODULES)))
def test_the_examples_of_a_module_run(name: str, node: str, tmp_path: Path) -> None:
    examples = FOUND[name]
    shell(given(examples, node))
    host = {
        "ansible_python_interpreter": f"/run/{node}-python" if LAB else str(tmp_path / "python"),
        "ansible_remote_tmp": f"/tmp/{node}",
    }
    if LAB:
        host |= {"ansible_host": LAB_NODE, "ansible_ssh_args": f"-F {paths.SSH_CONFIG}"}
    else:
        host |= {"ansible_connection": "local"}
    run(tmp_path, examples, host)


@pytest.mark.parametrize("name", FILTERS)
def test_the_examples_of_a_filter_run(name: str, tmp_path: Path) -> None:
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    run(tmp_path, FILTERS[name], host, gather_facts="ansible_facts" in str(FILTERS[name].tasks))


@pytest.mark.parametrize("name", ROLES)
def test_the_example_of_a_role_is_a_playbook(name: str, tmp_path: Path) -> None:
    # What roles do, Molecule shows in the lab.
    inventory = tmp_path / "inventory.json"
    for text in re.findall(r"```yaml\n(.*?)```", (COLLECTION / "roles" / name / "README.md").read_text(), re.DOTALL):
        (play,) = yaml.safe_load(text)
        inventory.write_text(json.dumps({play["hosts"]: {"hosts": {"node": {}}}}), encoding="utf-8")
        playbook(tmp_path, f"---\n{text}", "--syntax-check", "--inventory", str(inventory))
