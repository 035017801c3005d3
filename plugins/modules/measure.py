#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the way from this node to some servers carries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: measure
short_description: Measure what the way from this node to iperf3 or web servers carries
version_added: "0.1.0"
description:
  - Runs C(iperf3) and C(ping) from this node, or downloads files from web servers, and returns what the receiver got,
    as numbers.
  - Each measurement is bounded in time. When a program does not end, it is killed with all its children.
  - Nothing is changed on the node. In check mode nothing is run.
author:
  - linkagg.wan contributors (@linkagg)
requirements:
  - iperf3 3.9 or later on this node and on the servers, for tests that begin with C(tcp), C(udp) or C(ping_loaded)
  - ping of iputils on this node, for tests that begin with C(ping)
options:
  tests:
    description:
      - What to measure, in this order. Each is one run of the result.
      - V(tcp_1_down), V(tcp_11_down) and V(tcp_30_down) are downloads over 1, 11 and 30 TCP connections, the 30 spread
        over the first three O(servers). V(tcp_1_up) and V(tcp_11_up) are uploads.
      - V(udp_down), V(udp_up) and V(udp_30_down), which is 30 flows, offer 0.88 of the capacity as UDP payload.
      - V(ping_idle) and V(ping_loaded) are round trip times, ten a second, the latter while 11 downloads run.
      - V(http_1_down), V(http_11_down) and V(http_30_down) download O(urls) over 1, 11 and 30 connections, the 30
        spread over all of O(urls), the others from the first one. Each connection asks for its file again when that has
        ended. A server that does not answer is said in RV(runs[].warnings), and the others go on.
    type: list
    elements: str
    required: true
    choices:
      - tcp_1_down
      - tcp_11_down
      - tcp_30_down
      - udp_down
      - tcp_1_up
      - udp_up
      - ping_idle
      - ping_loaded
      - udp_30_down
      - tcp_11_up
      - http_1_down
      - http_11_down
      - http_30_down
  servers:
    description:
      - Where C(iperf3 -s) runs, as address, C(address:port), C([IPv6]:port) or name. Most tests use the first one only.
      - A server runs one test at a time; one that is busy is tried again for O(busy_wait_s).
      - Needed by tests with C(iperf3). Without any, V(ping_idle) asks the server of the first of O(urls).
    type: list
    elements: str
    default: []
  urls:
    description:
      - Files on web servers, C(http) or C(https), best of 10 MB or more and the same one on several mirrors. Needed by
        tests that begin with C(http).
      - Redirects are followed. Proxies are not used.
    type: list
    elements: str
    default: []
  validate_certs:
    description: Whether a server of C(https) must have a certificate that this node trusts.
    type: bool
    default: true
  port:
    description: The port of servers that are given without one.
    type: int
    default: 5201
  duration_s:
    description: How long each test is measured, in seconds.
    type: int
    default: 8
  warm_up_s:
    description: How long TCP runs before the measured seconds begin, so that slow start does not count.
    type: int
    default: 2
  capacity:
    description: The summed rates of the links. Needed for UDP tests without O(offered_mbit), and for RV(runs[].share).
    type: dict
    suboptions:
      down_mbit:
        description: Towards this node, in Mbit/s.
        type: float
      up_mbit:
        description: From this node, in Mbit/s.
        type: float
  offered_mbit:
    description: The payload rate that UDP tests offer, in Mbit/s, over all flows. Default is 0.88 of the capacity.
    type: float
  payload_bytes:
    description: The payload of a UDP packet, in bytes.
    type: int
    default: 1200
  source:
    description: The address of this node to measure from.
    type: str
  device:
    description: The network interface of this node to measure through.
    type: str
  spare_s:
    description: How long a measurement may take beyond its own seconds before it is killed.
    type: int
    default: 30
  busy_wait_s:
    description: How long to wait for a server that runs another test.
    type: int
    default: 20
  attempts:
    description: How often a measurement is tried that fails in a way that may pass, like a lost control connection.
    type: int
    default: 2
attributes:
  check_mode:
    description: Nothing is run in check mode, and RV(runs) is empty.
    support: full
  diff_mode:
    description: There is nothing to change.
    support: none
seealso:
  - module: linkagg.wan.measure_servers
"""

EXAMPLES = r"""
- name: Measure one download
  linkagg.wan.measure:
    tests: [tcp_1_down]
    servers: [198.51.100.10]

- name: Measure UDP both ways against the summed link rates
  linkagg.wan.measure:
    tests: [udp_down, udp_up]
    servers: ["198.51.100.10:5201"]
    capacity:
      down_mbit: 28.5
      up_mbit: 6

- name: Measure 30 connections to three servers for 20 seconds
  linkagg.wan.measure:
    tests: [tcp_30_down]
    servers: [198.51.100.10, 198.51.100.11, "[2001:db8::12]:5202"]
    duration_s: 20

- name: Measure 30 downloads over three mirrors
  linkagg.wan.measure:
    tests: [http_30_down]
    urls:
      - http://198.51.100.10/big.iso
      - http://198.51.100.11/big.iso
      - http://[2001:db8::12]:8080/big.iso
"""

RETURN = r"""
runs:
  description: One result for each of O(tests), in that order. A value that a test does not have is null or absent.
  returned: always
  type: list
  elements: dict
  contains:
    test:
      description: The name of the test.
      type: str
      sample: tcp_11_down
    title:
      description: The name of the test for people.
      type: str
      sample: 11 TCP downloads
    summary:
      description: The result in one line.
      type: str
      sample: "11 TCP downloads: 21.2 Mbit/s, 74 % of 28.5, fairness 0.93"
    unit:
      description: V(Mbit/s), or V(ms) for the tests with ping.
      type: str
      sample: Mbit/s
    direction:
      description: V(down) or V(up), null for the tests with ping.
      type: str
      sample: down
    started_at:
      description: When the measured seconds began, in seconds since 1970, exact to about a second.
      type: float
      sample: 1795344161.52
    ended_at:
      description: When they ended.
      type: float
      sample: 1795344169.52
    goodput_mbit:
      description: What the receiver got, payload only, in Mbit/s.
      type: float
      sample: 21.2
    capacity_mbit:
      description: The capacity in the direction of the test, as given.
      type: float
      sample: 28.5
    share:
      description: The goodput over the capacity, when that is given.
      type: float
      sample: 0.7439
    connections_mbit:
      description: The goodput of each connection that came about, in Mbit/s.
      type: list
      elements: float
      sample: [10.9, 10.3]
    jain:
      description: Jain's fairness index over the connections, 1 when all are equal. Null for a single connection.
      type: float
      sample: 0.93
    retransmits:
      description: TCP segments sent again.
      type: int
      sample: 12
    offered_mbit:
      description: The UDP payload rate that was offered, in Mbit/s.
      type: float
      sample: 27.93
    sent_mbit:
      description:
        - The UDP payload rate that the sender got rid of, in Mbit/s. Clearly less than RV(runs[].offered_mbit) where
          its machine is too slow.
      type: float
      sample: 27.9
    loss_percent:
      description: How many of the UDP packets or pings were lost, in percent.
      type: float
      sample: 1.4
    out_of_order:
      description: UDP packets that came after a later one. Null for uploads, where the server does not tell.
      type: int
      sample: 120
    p50_ms:
      description: The median of the round trip times, in milliseconds.
      type: float
      sample: 84.2
    p95_ms:
      description: The 95th percentile of the round trip times, in milliseconds.
      type: float
      sample: 120.7
    max_ms:
      description: The longest round trip time, in milliseconds.
      type: float
      sample: 180.1
    load_mbit:
      description: The goodput of the downloads during V(ping_loaded), in Mbit/s.
      type: float
      sample: 20.1
    servers:
      description: The servers that took part; of the C(http) tests the URLs.
      type: list
      elements: str
      sample: ["198.51.100.10 port 5201"]
    warnings:
      description: What was not as planned, such as a try that failed and was repeated.
      type: list
      elements: str
      sample: []
"""

import shutil

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._measure import urls
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import TESTS, Measurement, programs
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import parse_all
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError
from ansible_collections.linkagg.wan.plugins.module_utils._measure.process import end_on_signals
from ansible_collections.linkagg.wan.plugins.module_utils._measure.runner import Request, check, measure

PACKAGES = {"iperf3": "iperf3", "ping": "iputils-ping"}

# Numbers that have a smallest value that makes sense.
_AT_LEAST = {
    "duration_s": 1,
    "warm_up_s": 0,
    "payload_bytes": 16,
    "spare_s": 1,
    "busy_wait_s": 0,
    "attempts": 1,
    "offered_mbit": 0.001,
    "capacity.down_mbit": 0.001,
    "capacity.up_mbit": 0.001,
}


def argument_spec() -> dict[str, dict]:
    """The options as Ansible checks them; DOCUMENTATION says the same."""
    return {
        "tests": {"type": "list", "elements": "str", "required": True, "choices": list(TESTS)},
        "servers": {"type": "list", "elements": "str", "default": []},
        "urls": {"type": "list", "elements": "str", "default": []},
        "validate_certs": {"type": "bool", "default": True},
        "port": {"type": "int", "default": 5201},
        "duration_s": {"type": "int", "default": 8},
        "warm_up_s": {"type": "int", "default": 2},
        "capacity": {
            "type": "dict",
            "options": {"down_mbit": {"type": "float"}, "up_mbit": {"type": "float"}},
        },
        "offered_mbit": {"type": "float"},
        "payload_bytes": {"type": "int", "default": 1200},
        "source": {"type": "str"},
        "device": {"type": "str"},
        "spare_s": {"type": "int", "default": 30},
        "busy_wait_s": {"type": "int", "default": 20},
        "attempts": {"type": "int", "default": 2},
    }


def request_from(params: dict) -> Request:
    """The module's options as a `Request`.

    :raises MeasureError: one line for each option that is wrong.
    """
    problems = []
    capacity = params["capacity"] or {}
    values = params | {f"capacity.{key}": value for key, value in capacity.items()}
    for key, least in _AT_LEAST.items():
        if values.get(key) is not None and values[key] < least:
            problems.append(f"{key}: {values[key]} is less than {least}")
    servers, files = [], []
    try:
        servers = parse_all(params["servers"], params["port"])
    except MeasureError as error:
        problems.append(str(error))
    try:
        files = urls.parse_all(params["urls"])
    except MeasureError as error:
        problems.append(str(error))
    if problems:
        raise MeasureError("\n".join(problems))
    same = ("duration_s", "warm_up_s", "offered_mbit", "payload_bytes", "source", "device")
    return Request(
        servers=servers,
        urls=files,
        capacity_mbit={key.removesuffix("_mbit"): value for key, value in capacity.items() if value is not None},
        **{key: params[key] for key in (*same, "spare_s", "busy_wait_s", "attempts", "validate_certs")},
    )


def check_all(kinds: list[Measurement], request: Request) -> None:
    """Refuse what cannot be measured, before anything runs.

    :raises MeasureError: one line for each test that lacks something, and for each program that is not here.
    """
    problems = []
    for kind in kinds:
        try:
            check(kind, request)
        except MeasureError as error:
            problems.append(str(error))
    missing = [name for name in programs(kinds) if not shutil.which(name)]
    problems += [f"the program '{name}' is not on this node; install it (package {PACKAGES[name]})" for name in missing]
    if problems:
        raise MeasureError("\n".join(dict.fromkeys(problems)))


def main() -> None:
    """Check everything, then run one test after the other."""
    end_on_signals()
    module = AnsibleModule(argument_spec(), supports_check_mode=True)
    runs: list[dict] = []
    try:
        request = request_from(module.params)
        kinds = [TESTS[name] for name in module.params["tests"]]
        check_all(kinds, request)
        for kind in [] if module.check_mode else kinds:
            runs += [measure(kind, request)]  # one by one: those before a failure are returned
    except MeasureError as error:
        module.fail_json(msg=str(error), runs=runs)
    module.exit_json(changed=False, runs=runs)


if __name__ == "__main__":
    main()
