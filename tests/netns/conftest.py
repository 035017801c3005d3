# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network namespace for each test, made and removed with it; the test itself runs inside."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.library import installed_version
from ansible_collections.linkagg.wan.tests.netns.node import Node, own_node, why_no_namespaces


def _end(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def pytest_configure() -> None:
    """Let a session that is told to end remove its namespaces; none runs with another pyroute2 than it is to test."""
    signal.signal(signal.SIGTERM, _end)
    wanted = os.environ.get("LINKAGG_PYROUTE2")
    if wanted and installed_version() != wanted:
        raise pytest.UsageError(f"pyroute2 {wanted} is to be tested, and {installed_version() or 'none'} is installed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say with which pyroute2."""
    terminalreporter.write_line(f"with pyroute2 {installed_version() or '(none)'}")


@pytest.fixture(scope="session")
def no_namespaces() -> str:
    """Why there are no namespaces here, or nothing."""
    return why_no_namespaces()


@pytest.fixture
def node(no_namespaces: str, tmp_path: Path) -> Iterator[Node]:
    """A node with nothing but ``lo``, up."""
    with own_node(no_namespaces, tmp_path) as found:
        yield found
