#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agent
short_description: Let a node bring back by itself what was saved
version_added: "0.1.0"
description:
  - Installs the engine on the node as a small program, C(linkagg), and a systemd service that runs it.
    Whenever the node starts, it brings back
    what M(linkagg.wan.tunnels), M(linkagg.wan.bonds), M(linkagg.wan.link_routes) and M(linkagg.wan.nft_table) have
    saved, before what wants the network online, and needs no Ansible.
  - A modem or a DHCP lease that comes late keeps nothing else waiting, and is completed when it comes.
  - The program is a copy of this collection's own code, in C(/usr/local/lib/linkagg); C(linkagg status) on the
    node says what is saved and what of it is missing.
options:
  state:
    description:
      - V(present) installs, enables and starts it, V(absent) stops and removes it. What was saved stays in
        C(/etc/linkagg).
      - V(installed) brings only the program, for daemons that run in it, see
        O(linkagg.wan.daemons#module:daemons[].program). The service and O(rates) are left as they are; V(present)
        restarts a service that runs an older program.
      - Daemons that run in it have to go before V(absent).
    type: str
    choices: [present, installed, absent]
    default: present
  rates:
    description:
      - Links whose rate changes. The service measures what each carries, for what this node sends, and lets its shapers
        and its share of weighted bonds follow, between bounds. While it stops, all is as planned again.
      - It asks the other end of the link's carrier once a second by ping, five times while the link is used. The same
        service there reads in passing what the pings tell, and tells what arrives.
      - This is the whole list; those that are not in it are followed no longer.
    type: list
    elements: dict
    default: []
    suboptions:
      link:
        description: What to call it, as in M(linkagg.wan.weights).
        type: str
        required: true
      of:
        description: Its site, where there are several.
        type: str
        default: ""
      source:
        description: This end's address of the link's carrier.
        type: str
        required: true
      target:
        description: The other end's.
        type: str
        required: true
      nominal_mbit:
        description: What to begin with, and to go back to while the link is idle.
        type: float
        required: true
      least_mbit:
        description: The least that it is thought to carry.
        type: float
        required: true
      most_mbit:
        description: The most that it is thought to carry.
        type: float
        required: true
      counters:
        description: What counts the bytes that it carries.
        type: list
        elements: dict
        required: true
        suboptions:
          interface:
            description: An interface.
            type: str
            required: true
          overhead:
            description: Bytes that the link carries with each packet that is counted.
            type: int
            default: 0
          peer:
            description: Only the peer of this WireGuard interface that is allowed to have this address.
            type: str
            default: ""
      shapers:
        description: What follows, of M(linkagg.wan.shapers).
        type: list
        elements: dict
        default: []
        suboptions:
          interface:
            description: The interface that the shaper is on.
            type: str
            required: true
          share:
            description: What it gets of the rate, in percent.
            type: float
            required: true
          classid:
            description: The class of htb there that is meant; else it is what is at the root.
            type: str
            default: ""
      bonds:
        description: Bonds of M(linkagg.wan.weights) that deal to it by weight.
        type: list
        elements: str
        default: []
extends_documentation_fragment:
  - linkagg.wan.attributes
requirements:
  - systemd
  - pyroute2 >= 0.7.2
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: Bring everything back after a restart
  linkagg.wan.agent:

- name: Follow what a mobile link carries up
  linkagg.wan.agent:
    rates:
      - link: lte1
        source: 10.208.0.65
        target: 10.208.0.1
        nominal_mbit: 10
        least_mbit: 0.5
        most_mbit: 20
        counters: [{interface: wg-lte1, overhead: 60}]
        shapers: [{interface: wwan0, share: 100}, {interface: wg-lte1, share: 97}]
        bonds: [agg0]

- name: Bring only the program, before daemons that run in it
  linkagg.wan.agent:
    state: installed

- name: Let restarts forget everything
  linkagg.wan.agent:
    state: absent
"""

RETURN = r"""
before:
  description: The version of the program and the state of the service, as they were.
  returned: success
  type: dict
after:
  description: The same as it is now; in check mode as it would be.
  returned: success
  type: dict
diff:
  description: What changes, as text.
  returned: success
  type: dict
steps:
  description: What was done, or in check mode would be, one sentence a step.
  returned: success
  type: list
  elements: str
problems:
  description: Everything that stands against the wish, one sentence each.
  returned: failure
  type: list
  elements: str
"""

import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._install import files
from ansible_collections.linkagg.wan.plugins.module_utils._persist import store
from ansible_collections.linkagg.wan.plugins.module_utils._rates import items as rates_items

ROOT = Path("/")
MODULE_UTILS = "ansible_collections.linkagg.wan.plugins.module_utils"
Step = tuple[str, Callable[[], object]]
COUNTER = {
    "interface": {"type": "str", "required": True},
    "overhead": {"type": "int", "default": 0},
    "peer": {"type": "str", "default": ""},
}
SHAPER = {
    "interface": {"type": "str", "required": True},
    "share": {"type": "float", "required": True},
    "classid": {"type": "str", "default": ""},
}
RATE = {
    "link": {"type": "str", "required": True},
    "of": {"type": "str", "default": ""},
    "source": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    **{name: {"type": "float", "required": True} for name in ("nominal_mbit", "least_mbit", "most_mbit")},
    "counters": {"type": "list", "elements": "dict", "required": True, "options": COUNTER},
    "shapers": {"type": "list", "elements": "dict", "default": [], "options": SHAPER},
    "bonds": {"type": "list", "elements": "str", "default": []},
}


def carried() -> Any:
    """Never called: for this import Ansible carries the program's files to the node along with this module."""
    from ansible_collections.linkagg.wan.plugins.module_utils._agent import cli
    from ansible_collections.linkagg.wan.plugins.module_utils._relay import cli as relay

    return cli, relay


def argument_spec() -> dict[str, Any]:
    """The module's arguments."""
    return {
        "state": {"type": "str", "choices": ["present", "installed", "absent"], "default": "present"},
        "rates": {"type": "list", "elements": "dict", "default": [], "options": RATE},
    }


class Service:
    """systemd's view of the agent's unit."""

    def __init__(self, module: AnsibleModule) -> None:
        if not (ROOT / "run/systemd/system").is_dir():
            raise EngineError(["this node does not run systemd, which has to start the agent"])
        self._module = module
        self._program = module.get_bin_path("systemctl", required=True)

    def call(self, *words: str) -> str:
        """systemctl's output. EngineError with its words."""
        code, output, errors = self._module.run_command([self._program, *words])
        if code:
            raise EngineError([f"systemctl {' '.join(words)}: {errors.strip() or output.strip()}. {self.words()}"])
        return output

    def words(self) -> str:
        """What the service said last."""
        command = [self._program, "status", "--no-pager", "--lines=5", files.SERVICE]
        return self._module.run_command(command)[1].strip()

    def state(self) -> dict[str, bool]:
        """Whether it is enabled and active."""
        lines = self.call("show", files.SERVICE, "--property=UnitFileState,ActiveState").splitlines()
        found = dict(line.split("=", 1) for line in lines)
        return {
            "enabled": found.get("UnitFileState") == "enabled",
            "active": found.get("ActiveState") == "active",
        }


def text_of(path: Path) -> str:
    """A file's text; empty if there is none."""
    try:
        return (ROOT / path).read_text()
    except FileNotFoundError:
        return ""


def installing(_service: Service, _now: dict[str, Any]) -> list[Step]:
    """What is to be done for a program that is there."""
    program = files.program(MODULE_UTILS)
    steps: list[Step] = []
    if not files.is_whole(ROOT, program):
        name = f"/{files.HOME}/{files.version(program)}"
        steps.append((f"install the agent in {name}", lambda: files.install(ROOT, program)))
    command = files.command(sys.executable)
    if text_of(files.COMMAND) != command:
        write = partial(store.write_file, ROOT / files.COMMAND, command.encode(), 0o755)
        steps.append((f"write /{files.COMMAND}", write))
    return steps


def coming(service: Service, now: dict[str, Any]) -> list[Step]:
    """What is to be done for an agent that runs. Its program may be there already, and newer than what runs."""
    steps = installing(service, now)
    unit = files.unit(sys.executable, files.version(files.program(MODULE_UTILS)))
    if text_of(files.UNIT) != unit:
        steps.append((f"write /{files.UNIT}", partial(store.write_file, ROOT / files.UNIT, unit.encode(), 0o644)))
        steps.append(("let systemd read the unit", partial(service.call, "daemon-reload")))
    changed = bool(steps)
    if not now["enabled"]:
        steps.append((f"enable {files.SERVICE}", lambda: service.call("enable", files.SERVICE)))
    if changed or not now["active"]:
        verb = "restart" if now["active"] else "start"
        steps.append((f"{verb} {files.SERVICE}", lambda: service.call(verb, files.SERVICE)))
    return steps


def going(service: Service, now: dict[str, Any]) -> list[Step]:
    """What is to be done for no agent."""
    steps: list[Step] = []
    if now["enabled"] or now["active"]:
        steps.append((f"stop and disable {files.SERVICE}", lambda: service.call("disable", "--now", files.SERVICE)))
    there = [path for path in (files.UNIT, files.COMMAND) if (ROOT / path).exists()]
    steps += [(f"remove /{path}", (ROOT / path).unlink) for path in there]
    if files.UNIT in there:
        steps.append(("let systemd forget the unit", lambda: service.call("daemon-reload")))
    if (ROOT / files.HOME).exists():
        steps.append((f"remove /{files.HOME}", lambda: shutil.rmtree(ROOT / files.HOME)))
    return steps


def saving(rates: list[dict[str, Any]]) -> list[Step]:
    """What is to be done for these links to be followed, and no others. EngineError with every mistake."""
    problems = list(rates_items.problems(rates))
    if problems:
        raise EngineError(problems)
    return [(one.step, one.write) for one in rates_items.savings(store.STATE_DIRECTORY, rates)]


def reconcile(module: AnsibleModule) -> dict[str, Any]:
    """Do it, except in check mode; the module's result."""
    service = Service(module)
    state = module.params["state"]
    before = {"version": files.installed(ROOT), **service.state()}
    steps = {"present": coming, "installed": installing, "absent": going}[state](service, before)
    wish: dict[str, Any] = {"version": None if state == "absent" else files.version(files.program(MODULE_UTILS))}
    if state != "installed":
        wish |= {"enabled": state == "present", "active": state == "present"}
        # Before the service starts; one that runs hears of it by itself.
        steps = saving(module.params["rates"] if state == "present" else []) + steps
    after = {**before, **wish}
    if steps and not module.check_mode:
        for _sentence, work in steps:
            work()
        after = {"version": files.installed(ROOT), **service.state()}
        if after != {**after, **wish}:
            raise EngineError([f"read back, the agent is not as wanted: {after}. {service.words()}"])
    sentences = [sentence for sentence, _work in steps]
    return {
        "changed": bool(steps),
        "before": before,
        "after": after,
        "diff": {"before": _text(before, []), "after": _text(after, sentences)},
        "steps": sentences,
    }


def _text(state: dict[str, Any], notes: list[str]) -> str:
    return "".join(f"# {note}\n" for note in notes) + "".join(f"{name}: {value}\n" for name, value in state.items())


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = reconcile(module)
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    except OSError as exc:
        module.fail_json(msg=f"the agent's files: {exc}", problems=[str(exc)])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
