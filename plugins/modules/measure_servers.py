#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop iperf3 servers for a benchmark."""

from __future__ import annotations

DOCUMENTATION = r"""
module: measure_servers
short_description: Start and stop the iperf3 servers of a benchmark
version_added: "0.1.0"
description:
  - Starts one C(iperf3 -s) in the background for each address, and waits until it listens.
  - Stops only servers that it started itself, known by their pid files. Others are never touched.
author:
  - linkagg.wan contributors (@linkagg)
requirements:
  - iperf3 3.9 or later
options:
  servers:
    description:
      - Where to listen, as address, C(address:port) or C([IPv6]:port). V(*) is all addresses.
      - Addresses that this node does not have are left out and listed in RV(elsewhere); at least one must be its own.
    type: list
    elements: str
    required: true
  port:
    description: The port of servers that are given without one.
    type: int
    default: 5201
  directory:
    description: Where the pid files and logs are.
    type: path
    default: /run/linkagg/benchmark
  state:
    description: V(present) starts the servers that do not run, V(absent) stops those that this module started.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Says what it would start or stop, and does not.
    support: full
  diff_mode:
    description: Shows which servers run before and after.
    support: full
seealso:
  - module: linkagg.wan.measure
"""

EXAMPLES = r"""
- name: Start three iperf3 servers
  linkagg.wan.measure_servers:
    servers: [198.51.100.10, 198.51.100.11, 198.51.100.12]

- name: Stop them
  linkagg.wan.measure_servers:
    servers: [198.51.100.10, 198.51.100.11, 198.51.100.12]
    state: absent
"""

RETURN = r"""
before:
  description: The servers of ours that ran before.
  returned: success
  type: list
  elements: str
  sample: []
after:
  description: The servers of ours that run now.
  returned: success
  type: list
  elements: str
  sample: ["198.51.100.10 port 5201"]
elsewhere:
  description: The servers whose address is not this node's.
  returned: success
  type: list
  elements: str
  sample: []
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import parse_all
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError
from ansible_collections.linkagg.wan.plugins.module_utils._measure.servers import (
    Server,
    is_local,
    start,
    stop,
)


def argument_spec() -> dict[str, dict]:
    """The options as Ansible checks them; DOCUMENTATION says the same."""
    return {
        "servers": {"type": "list", "elements": "str", "required": True},
        "port": {"type": "int", "default": 5201},
        "directory": {"type": "path", "default": "/run/linkagg/benchmark"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }


def apply(params: dict, check_mode: bool) -> dict:
    """Start or stop what differs; the module's result.

    :raises MeasureError: no address is this node's, or a server does not start. Those started in this call
        are stopped again then.
    """
    wanted = [Server(one, Path(params["directory"])) for one in parse_all(params["servers"], params["port"])]
    running = [one for one in wanted if one.pid() is not None]
    own = [one for one in wanted if one in running or is_local(one.endpoint)]
    elsewhere = [str(one.endpoint) for one in wanted if one not in own]
    if params["state"] == "present":
        if not own:
            raise MeasureError(
                f"none of {', '.join(params['servers'])} is an address of this node; list its own addresses,"
                " or '*' where it is behind NAT"
            )
        changing, after = [one for one in own if one not in running], own
        if not check_mode:
            _start_all(changing)
    else:
        changing, after = running, []
        for one in [] if check_mode else wanted:
            stop(one)
    names = [[str(one.endpoint) for one in some] for some in (running, after)]
    return {"changed": bool(changing), "before": names[0], "after": names[1], "elsewhere": elsewhere}


def _start_all(servers: list[Server]) -> None:
    done: list[Server] = []
    try:
        for one in servers:
            start(one)
            done.append(one)
    except MeasureError:
        for one in done:
            stop(one)
        raise


def main() -> None:
    """One call, one result."""
    module = AnsibleModule(argument_spec(), supports_check_mode=True)
    try:
        result = apply(module.params, module.check_mode)
    except MeasureError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error}; the directory {module.params['directory']} must be writable (become?)")
    texts = {key: "".join(f"{name}\n" for name in result[key]) for key in ("before", "after")}
    module.exit_json(**result, diff={**texts, "before_header": "iperf3 servers", "after_header": "iperf3 servers"})


if __name__ == "__main__":
    main()
