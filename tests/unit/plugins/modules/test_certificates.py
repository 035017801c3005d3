# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates by the real openssl: made once, kept, told by their fingerprint."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.linkagg.wan.plugins.module_utils._engine.errors import EngineError
from ansible_collections.linkagg.wan.plugins.modules.certificates import reconcile

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="NOT TESTED: openssl is not installed")


class Module:
    """What of AnsibleModule is used."""

    def __init__(self, *, check_mode: bool = False) -> None:
        self.check_mode = check_mode

    def get_bin_path(self, name: str) -> str | None:
        return shutil.which(name)

    def run_command(self, command: list[str]) -> tuple[int, str, str]:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return result.returncode, result.stdout, result.stderr


def run(directory: Path, *names: str, check_mode: bool = False) -> dict[str, Any]:
    return reconcile(Module(check_mode=check_mode), directory, list(names))  # type: ignore[arg-type]


def test_a_check_makes_nothing_and_tells_what_would_be_made(tmp_path: Path) -> None:
    result = run(tmp_path, "tun-a", check_mode=True)
    assert (result["changed"], result["public_keys"], list(tmp_path.iterdir())) == (True, {}, [])


def test_it_is_made_once_and_its_key_is_closed(tmp_path: Path) -> None:
    first = run(tmp_path, "tun-a", "tun-b")
    again = run(tmp_path, "tun-a", "tun-b")
    assert (first["changed"], again["changed"]) == (True, False)
    assert first["public_keys"] == again["public_keys"]
    assert len(set(first["public_keys"].values())) == 2
    assert all(len(found) == 95 and found.count(":") == 31 for found in first["public_keys"].values())
    assert (tmp_path / "tun-a.key").stat().st_mode & 0o777 == 0o600


def test_a_certificate_without_its_key_is_made_anew(tmp_path: Path) -> None:
    first = run(tmp_path, "tun-a")
    (tmp_path / "tun-a.key").unlink()
    assert run(tmp_path, "tun-a")["public_keys"] != first["public_keys"]


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    run(tmp_path, "tun-a", "tun-b")
    (tmp_path / "tun-a.crt").write_bytes((tmp_path / "tun-b.crt").read_bytes())
    with pytest.raises(EngineError, match="not of the key"):
        run(tmp_path, "tun-a")


def test_a_damaged_one_is_told(tmp_path: Path) -> None:
    run(tmp_path, "tun-a")
    (tmp_path / "tun-a.crt").write_text("nonsense")
    with pytest.raises(EngineError, match="remove both for new ones"):
        run(tmp_path, "tun-a")
