# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iperf3 servers of ours: pid files, listening ports, and what is not ours."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._measure import servers
from ansible_collections.linkagg.wan.plugins.module_utils._measure.endpoints import Endpoint
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError

PROC_NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1451 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1452 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
"""


def server(tmp_path: Path, address: str = "127.0.0.1", port: int = 5201) -> servers.Server:
    return servers.Server(Endpoint(address, port), tmp_path)


def test_listening_ports_are_those_in_state_listen() -> None:
    assert servers.listening_ports([PROC_NET_TCP, ""]) == {5201}


def test_files_are_named_by_address_and_port(tmp_path: Path) -> None:
    assert server(tmp_path).pid_file.name == "127.0.0.1-5201.pid"
    assert server(tmp_path, "2001:db8::1").pid_file.name == "2001_db8__1-5201.pid"


def test_all_addresses_means_no_bind(tmp_path: Path) -> None:
    assert "-B" not in server(tmp_path, "*").command()
    assert "-B" in server(tmp_path).command()


def test_a_pid_file_of_another_program_counts_as_none(tmp_path: Path) -> None:
    one = server(tmp_path)
    assert one.pid() is None
    one.pid_file.write_text(f"{os.getpid()}\n")
    assert one.pid() is None
    assert servers.stop(one) is False
    assert not one.pid_file.exists()


def test_addresses_of_this_node_are_known() -> None:
    assert servers.is_local(Endpoint("127.0.0.1", 5201))
    assert servers.is_local(Endpoint("*", 5201))
    assert not servers.is_local(Endpoint("192.0.2.77", 5201))


def test_a_port_in_use_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(MeasureError, match=f"127.0.0.1 port {port}: another program listens there"):
            servers.start(server(tmp_path, port=port))


def test_an_address_that_is_not_here_is_told(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match=r"192\.0\.2\.77 port 5201: cannot listen there"):
        servers.start(server(tmp_path, "192.0.2.77"))
