# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pyroute2 is loaded on a node."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._netlink import library
from ansible_collections.linkagg.wan.tests.unit.plugins.child import ask

LIBRARY = "ansible_collections.linkagg.wan.plugins.module_utils._netlink.library"


def test_only_the_codec_of_pyroute2_is_loaded():
    loaded = ask(f"import sys, {LIBRARY}; print(sorted(name for name in sys.modules if name.startswith('pyroute2')))")
    assert "pyroute2.netlink" in loaded
    assert "ndb" not in loaded
    assert "iproute" not in loaded


def test_the_codec_is_there_and_its_version_known():
    assert ask(f"import {LIBRARY} as it; print(repr(it.PROBLEM), it.installed_version() >= '0.7.2')") == "'' True"


def test_a_node_without_pyroute2_is_told_which_package_to_install():
    hide = "import sys; sys.path = [p for p in sys.path if 'site-packages' not in p and 'dist-packages' not in p]"
    problem = ask(f"{hide}; import {LIBRARY} as it; print(it.PROBLEM)")
    assert problem == "pyroute2 is missing on this node: install the package python3-pyroute2"


def test_finding_the_version_loads_nothing_more():
    loaded = ask(f"import sys, {LIBRARY} as it; it.installed_version(); print(sorted(sys.modules))")
    assert "importlib.metadata" not in loaded


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("pyroute2-0.7.2.egg-info", "0.7.2"),
        ("pyroute2-0.9.2.dist-info", "0.9.2"),
        ("pyroute2-0.9.2rc1-py3.11.egg-info", "0.9.2rc1"),
        ("pyroute2.core-0.6.13.dist-info", ""),
        ("pyroute2", ""),
    ],
)
def test_the_version_is_in_the_name_of_the_metadata(tmp_path: Path, monkeypatch, name: str, version: str):
    (tmp_path / "pyroute2").mkdir()
    (tmp_path / name).mkdir(exist_ok=True)
    package = types.ModuleType("pyroute2")
    package.__path__ = [str(tmp_path / "pyroute2")]
    monkeypatch.setitem(sys.modules, "pyroute2", package)
    assert library.installed_version() == version
