# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans and error texts against recorded ones. After a wanted change: WRITE_GOLDEN=1 pytest, then read the diff."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import list_problems, make_plan

GOLDEN = Path(__file__).parent / "golden"
PLANS = sorted(path.name.removesuffix(".in.yml") for path in (GOLDEN / "plans").glob("*.in.yml"))
ERRORS = sorted(path.stem for path in (GOLDEN / "errors").glob("*.yml") if not path.stem.endswith(".problems"))


class Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, lists indented, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data.replace("\t", "    "), style=style)


Dumper.add_representer(str, _text)


def dump(data: Any) -> str:
    return "---\n" + yaml.dump(data, Dumper=Dumper, sort_keys=False, width=1000)


def compare(path: Path, text: str) -> None:
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PLANS)
def test_the_plan_is_the_recorded_one(name: str) -> None:
    case = yaml.safe_load((GOLDEN / "plans" / f"{name}.in.yml").read_text(encoding="utf-8"))
    plan = make_plan(case["inventory"], case.get("public_keys"), case.get("ra_interfaces"))
    compare(GOLDEN / "plans" / f"{name}.plan.yml", dump(plan))


@pytest.mark.parametrize("name", ERRORS)
def test_the_problems_are_the_recorded_ones(name: str) -> None:
    case = yaml.safe_load((GOLDEN / "errors" / f"{name}.yml").read_text(encoding="utf-8"))
    problems = list_problems(case["inventory"], addresses=case.get("addresses"))
    assert problems
    compare(GOLDEN / "errors" / f"{name}.problems.txt", "\n".join(problems) + "\n")


def test_there_is_something_recorded() -> None:
    assert len(PLANS) >= 8
    assert len(ERRORS) >= 16
