# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pyroute2 is loaded on a node."""

from __future__ import annotations

import subprocess
import sys

LIBRARY = "ansible_collections.linkagg.wan.plugins.module_utils._netlink.library"


def ask(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


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
