#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: daemons
short_description: Run programs of the distribution for us, each with a unit and files of its own
version_added: "0.2.0"
description:
  - Brings the configuration files and systemd units of daemons to what is wanted. What is new is started, what has
    changed is restarted, and all of it starts when the node does, before C(linkagg.service), which puts addresses,
    routes and bonds on the interfaces that it makes.
  - Units are called C(linkagg-NAME.service), files are in C(/etc/linkagg/daemons/NAME), and nothing else is touched.
  - When a daemon does not come up, files and units are put back as they were, and the error has its last words.
options:
  daemons:
    description:
      - The daemons.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What it is called, 1 to 64 of a-z, 0-9, C(.), C(_) and C(-).
        type: str
        required: true
      description:
        description: What it is for, for people.
        type: str
        required: true
      command:
        description: The program, with its whole path, and its arguments.
        type: list
        elements: str
        required: true
      program:
        description:
          - The command is of this collection's own program, which M(linkagg.wan.agent) has to bring before, with
            O(linkagg.wan.agent#module:state=installed). The daemon is restarted when that changes.
        type: bool
        default: false
      prepare:
        description: Commands to run before it, each in the same form.
        type: list
        elements: list
        default: []
      type:
        description: How systemd knows that it runs, systemd.service(5).
        type: str
        choices: [exec, notify, forking]
        default: exec
      pid_file:
        description: Where it writes its process id, with I(type) V(forking).
        type: path
      capabilities:
        description: What it may do of what root may, capabilities(7).
        type: list
        elements: str
        default: [CAP_NET_ADMIN]
      files:
        description: The files that it reads. Those in its directory that are not listed are removed.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Name of the file in the directory of the daemon.
            type: str
            required: true
          content:
            description: What is in it. Everybody on the node can read it.
            type: str
          secret:
            description: What is in it, instead of I(content), if only root may read it. It is never shown.
            type: str
          seen_at:
            description: Another path at which the daemon, and nobody else, sees this file. There must be a file.
            type: path
          executable:
            description: Whether it is a program.
            type: bool
            default: false
      own_directories:
        description: Directories that are empty for this daemon at its start, and whose content nobody else sees.
        type: list
        elements: path
        default: []
      interface:
        description:
          - The interface that it makes. If it outlives the daemon, it is removed with it.
        type: str
      keep:
        description:
          - Leave it as it is, or away, since something that it needs is not known now, such as the key of a node that
            takes no part in the run. In check mode, where such a key has not been made, it is taken to be wanted.
        type: bool
        default: false
      ready_s:
        description: How long the interface may take to appear, in seconds; 0 does not wait for it.
        type: float
        default: 0
      brings_up:
        description: Whether the daemon also brings the interface up, and only then is ready.
        type: bool
        default: false
      may_be_late:
        description:
          - Whether it is only a warning that the interface is not up after O(daemons[].ready_s), since the other end
            may come later. It is a failure if the daemon says that it is refused, see O(daemons[].hints).
        type: bool
        default: false
      needs_network:
        description:
          - Whether it needs what M(linkagg.wan.network) makes after it, such as the routes of its link. Then only that
            module waits for its interface, if told so by O(linkagg.wan.network#module:await_daemons), and has both
            undone if it fails.
        type: bool
        default: false
      instead_of:
        description:
          - Units of the distribution that must not run beside it. Where one is enabled but does not run, as right after
            its package was installed, it is disabled; where one runs, somebody uses it, and it is an error.
        type: list
        elements: str
        default: []
      hints:
        description:
          - What the daemon may say when it does not come up, and what that means to people; what it says last counts.
        type: list
        elements: dict
        default: []
        suboptions:
          seen:
            description: A regular expression that its last lines in the journal match.
            type: str
            required: true
          means:
            description: What is said then in the message, as a sentence without a full stop.
            type: str
            required: true
          refusal:
            description: Whether it has failed then and is waited for no longer, as if it were refused.
            type: bool
            default: true
  state:
    description:
      - Whether the listed daemons run, or are not there.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - Whether to remove daemons of this collection that are not listed.
    type: bool
    default: false
  program_version:
    description:
      - The version that the program would have, as M(linkagg.wan.agent) tells in check mode. It is used in check mode
        only, since the program is not there then; otherwise what is on the node counts.
    type: str
extends_documentation_fragment:
  - linkagg.wan.attributes
requirements:
  - systemd
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: A PPPoE link
  linkagg.wan.daemons:
    daemons:
      - name: pppoe-dsl
        description: link dsl
        command: [/usr/sbin/pppd, nodetach, file, /etc/linkagg/daemons/pppoe-dsl/options]
        files:
          - name: options
            secret: "{{ dsl_options }}"
        interface: ppp-dsl
        brings_up: true
        ready_s: 20
        hints:
          - {seen: authentication failed, means: the provider refuses user or password}

- name: Bring the program of this collection
  linkagg.wan.agent:
    state: installed
  register: program

- name: A daemon that runs in it
  linkagg.wan.daemons:
    daemons:
      - name: relay
        description: the proxy's connections over all links
        command: [/usr/local/sbin/linkagg, relay, concentrator, --listen, "10.208.0.1:8080", --proxy, "10.208.0.1:8080"]
        program: true
    program_version: "{{ program.after.version }}"

- name: None at all
  linkagg.wan.daemons:
    daemons: []
    purge: true
"""

RETURN = r"""
before:
  description: The daemons of this collection that were there, by name, each with C(enabled) and C(active).
  returned: success
  type: dict
after:
  description: The same as it is now; in check mode as it would be.
  returned: success
  type: dict
diff:
  description: What changes, as text; secrets are not in it.
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

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._daemons import steps, trial, units
from ansible_collections.linkagg.wan.plugins.module_utils._daemons.node import Node
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.module_utils._install.files import installed
from ansible_collections.linkagg.wan.plugins.module_utils._persist.lock import locked
from ansible_collections.linkagg.wan.plugins.module_utils._stop import put_off

ROOT = Path("/")


def argument_spec() -> dict[str, Any]:
    """The module's arguments."""
    file = {
        "name": {"type": "str", "required": True},
        "content": {"type": "str"},
        "secret": {"type": "str", "no_log": True},
        "seen_at": {"type": "path"},
        "executable": {"type": "bool", "default": False},
    }
    hint = {
        "seen": {"type": "str", "required": True},
        "means": {"type": "str", "required": True},
        "refusal": {"type": "bool", "default": True},
    }
    daemon = {
        "name": {"type": "str", "required": True},
        "description": {"type": "str", "required": True},
        "command": {"type": "list", "elements": "str", "required": True},
        "program": {"type": "bool", "default": False},
        "prepare": {"type": "list", "elements": "list", "default": []},
        "type": {"type": "str", "choices": list(units.TYPES), "default": "exec"},
        "pid_file": {"type": "path"},
        "capabilities": {"type": "list", "elements": "str", "default": ["CAP_NET_ADMIN"]},
        "files": {"type": "list", "elements": "dict", "default": [], "options": file},
        "interface": {"type": "str"},
        "keep": {"type": "bool", "default": False},
        "ready_s": {"type": "float", "default": 0},
        "own_directories": {"type": "list", "elements": "path", "default": []},
        "brings_up": {"type": "bool", "default": False},
        "may_be_late": {"type": "bool", "default": False},
        "needs_network": {"type": "bool", "default": False},
        "instead_of": {"type": "list", "elements": "str", "default": []},
        "hints": {"type": "list", "elements": "dict", "default": [], "options": hint},
    }
    return {
        "daemons": {"type": "list", "elements": "dict", "required": True, "options": daemon},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "purge": {"type": "bool", "default": False},
        "program_version": {"type": "str"},
    }


class Discreet(AnsibleModule):
    """One that notes in the node's log for which daemons it was called, and nothing of their files.

    AnsibleModule looks for secrets in the text of all arguments, where those with quotes or line breaks look otherwise.
    """

    def _log_invocation(self) -> None:
        self.log(f"Invoked with daemons {', '.join(daemon['name'] for daemon in self.params['daemons']) or '(none)'}")


def version(module: AnsibleModule) -> str:
    """That of the program which daemons of our own are to run in."""
    told = module.params["program_version"] if module.check_mode else ""
    return told or installed(ROOT) or ""


def lacking(module: AnsibleModule) -> list[str]:
    """A sentence for each daemon that cannot start, since its program is not there."""
    if version(module) or module.check_mode:
        return []
    return [
        f"{units.PREFIX}{item['name']}.service ({item['description']}): the program of this collection is not on this "
        "node: linkagg.wan.agent with state installed has to come first"
        for item in module.params["daemons"]
        if item["program"] and not item["keep"]
    ]


def reconcile(module: AnsibleModule) -> dict[str, Any]:
    """Make it so, except in check mode; the module's result."""
    items = [{**item, "keep": item["keep"] and not module.check_mode} for item in module.params["daemons"]]
    wish = {name: module.params[name] for name in ("purge", "state")}
    want = units.parse(items, version(module))
    if not (ROOT / "run/systemd/system").is_dir():
        if want:
            raise EngineError(["this node does not run systemd, which has to start the daemons"])
        return _result([], {}, {})
    since = time.time()
    node = Node(lambda command: module.run_command(list(command)), ROOT, since=since)
    objections = [*node.objections(want), *lacking(module)] if wish["state"] == "present" else []
    if objections:
        raise EngineError(objections)
    have = node.read()
    todo = [*(node.preparations(want) if wish["state"] == "present" else []), *steps.plan(want, have, **wish)]
    if todo and not module.check_mode:
        wanted = {daemon.name: daemon for daemon in want} if wish["state"] == "present" else {}
        for sentence in node.apply(todo, wanted, have):
            module.warn(sentence)
        started = [wanted[step.name] for step in todo if step.op in ("start", "restart")]
        trial.begin(since, started, {step.name: have.get(step.name, steps.Have()) for step in todo}, wanted)
    return _result(todo, have, steps.after(want, have, **wish))


def _result(todo: list[steps.Step], have: Mapping[str, steps.Have], then: Mapping[str, steps.Have]) -> dict[str, Any]:
    before, after = steps.texts(have, then) if todo else ("", "")
    return {
        "changed": bool(todo),
        "before": _states(have),
        "after": _states(then),
        "diff": {"before": before, "after": after},
        "steps": [str(step) for step in todo],
    }


def _states(daemons: Mapping[str, steps.Have]) -> dict[str, dict[str, bool]]:
    return {name: {"enabled": one.enabled, "active": one.active} for name, one in sorted(daemons.items())}


def main() -> None:
    """Run as an Ansible module."""
    module = Discreet(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        with locked(make=not module.check_mode), put_off():
            result = reconcile(module)
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    except PermissionError as exc:
        module.fail_json(msg=f"{exc}: run this module as root (become: true)", problems=[str(exc)])
    except OSError as exc:
        module.fail_json(msg=f"the files of daemons: {exc}", problems=[str(exc)])
    module.exit_json(**result)


if __name__ == "__main__":
    main()
