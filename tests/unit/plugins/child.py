# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python of its own for tests of what is imported; it finds all that the tests find, also under ansible-test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.linkagg.wan.plugins.module_utils import _module

# Where ansible_collections/linkagg/wan is, not resolved: it may be a link to the repository.
COLLECTIONS = Path(str(_module.__file__)).parents[5]


def ask(code: str) -> str:
    """What ``code`` prints."""
    path = os.pathsep.join([str(COLLECTIONS), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
