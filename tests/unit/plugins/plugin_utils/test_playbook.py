# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook and the example inventory, as far as they go without a node."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible import release
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.unit.plugins.child import COLLECTIONS

COLLECTION = Path(__file__).parents[4]
EXAMPLE = COLLECTION / "inventory" / "example.yml"


# Before 2.19 Ansible shows a failure as JSON in one line, unless it is told to use YAML.
IN_LINES = {} if release.__version__.split(".")[:2] >= ["2", "19"] else {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}


def ansible(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1", **IN_LINES}
    beside = Path(sys.executable).parent / program  # ansible-test has it in the path only
    command = str(beside) if beside.exists() else program
    return subprocess.run(
        [command, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def planner_input(inventory: Path) -> dict[str, Any]:
    """What playbooks/site.yml hands to the planner, from an inventory as Ansible reads it."""
    result = ansible("ansible-inventory", "-i", str(inventory), "--list")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    variables = data["_meta"]["hostvars"]
    return {
        "concentrators": {host: variables[host]["linkagg_concentrator"] for host in data["concentrators"]["hosts"]},
        "sites": {host: variables[host]["linkagg_site"] for host in data["gateways"]["hosts"]},
    }


def test_the_example_inventory_can_be_planned() -> None:
    assert set(make_plan(planner_input(EXAMPLE))["nodes"]) == {"home", "vps"}


def test_the_tiny_inventory_in_its_comments_can_be_planned(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("#   concentrators:"))
    tiny = [line.removeprefix("#   ") for line in lines[start:] if line.startswith("#   ")]
    assert len(tiny) <= 5
    path = tmp_path / "tiny.yml"
    path.write_text("\n".join(tiny) + "\n", encoding="utf-8")
    assert set(make_plan(planner_input(path))["nodes"]) == {"home", "vps"}


def test_the_keys_shown_as_comments_in_the_example_are_known(tmp_path: Path) -> None:
    head, marker, body = EXAMPLE.read_text(encoding="utf-8").partition("\nconcentrators:")
    assert head.startswith("---")
    path = tmp_path / "full.yml"
    shown = re.sub(r"^( +)# ( *(?:- |)[a-z_]+:)", r"\1\2", body, flags=re.MULTILINE)
    assert shown.count("carrier_pool") == shown.count("balance-xor") == 1
    path.write_text(marker + shown, encoding="utf-8")
    data = planner_input(path)
    assert data["concentrators"]["vps"]["listen_port"] == 51820
    assert data["sites"]["home"]["bonds"][0]["mode"] == "balance-xor"
    make_plan(data)


def test_the_syntax_of_the_playbook() -> None:
    result = ansible("ansible-playbook", "-i", str(EXAMPLE), "--syntax-check", "linkagg.wan.site")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def mistaken_run(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A run of the playbook on this machine with an inventory that is wrong in four ways."""
    links = [
        {"name": "lte", "link_id": 1, "interface": "no-such-modem"},
        {"name": "lte", "link_id": 2, "interface": "lo1"},
    ]
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {
        "all": {"vars": local},
        "concentrators": {"hosts": {"vps": {"linkagg_concentrator": {}}}},
        "gateways": {"hosts": {"home": {"linkagg_site": {"site_id": 1, "links": links, "lnks": []}}}},
    }
    path = tmp_path_factory.mktemp("inventory") / "mistakes.yml"
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return ansible("ansible-playbook", "-i", str(path), "linkagg.wan.site")


@pytest.mark.parametrize(
    "mistake",
    [
        "concentrator vps, key address: missing",
        "site home, key lnks: unknown key",
        "site home, link lte, key name: found 'lte'",
        "no-such-modem",
    ],
)
def test_a_run_tells_every_mistake_in_a_line_of_its_own(
    mistaken_run: subprocess.CompletedProcess[str], mistake: str
) -> None:
    lines = [line for line in (mistaken_run.stdout + mistaken_run.stderr).splitlines() if mistake in line]
    assert any(line.count("; ") <= 6 and "fatal:" not in line for line in lines), mistaken_run.stdout


def test_a_run_with_mistakes_fails_and_touches_nothing(mistaken_run: subprocess.CompletedProcess[str]) -> None:
    assert mistaken_run.returncode == 2
    assert "changed=0" in mistaken_run.stdout
    assert "changed: [" not in mistaken_run.stdout
    assert "Install what the node lacks" not in mistaken_run.stdout
