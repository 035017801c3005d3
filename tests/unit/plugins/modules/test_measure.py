# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the measuring modules: what they become, what is refused, what the documentation tells."""

from __future__ import annotations

from types import ModuleType

import pytest
import yaml
from ansible_collections.linkagg.wan.plugins.module_utils._measure.catalogue import DEFAULT_TESTS, TESTS
from ansible_collections.linkagg.wan.plugins.module_utils._measure.errors import MeasureError
from ansible_collections.linkagg.wan.plugins.modules import measure, measure_servers

PARAMS = {key: spec.get("default") for key, spec in measure.argument_spec().items()} | {
    "tests": ["tcp_1_down"],
    "servers": ["192.0.2.1", "192.0.2.2:5300"],
}


def test_options_become_a_request() -> None:
    request = measure.request_from(PARAMS | {"capacity": {"down_mbit": 28.5, "up_mbit": None}, "port": 5202})
    assert [str(one) for one in request.servers] == ["192.0.2.1 port 5202", "192.0.2.2 port 5300"]
    assert request.capacity_mbit == {"down": 28.5}
    assert (request.duration_s, request.warm_up_s) == (8, 2)


def test_all_mistakes_are_told_together() -> None:
    wrong = {"duration_s": 0, "capacity": {"down_mbit": -1.0, "up_mbit": 2.0}, "servers": ["a b"], "attempts": 0}
    with pytest.raises(MeasureError) as caught:
        measure.request_from(PARAMS | wrong)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["duration_s", "attempts", "capacity.down_mbit", "server 'a b'"]


def documented(module: ModuleType) -> dict[str, dict]:
    return yaml.safe_load(module.DOCUMENTATION)["options"]


@pytest.mark.parametrize("module", [measure, measure_servers])
def test_the_documentation_has_the_options_of_the_argument_spec(module: ModuleType) -> None:
    keys = ("type", "elements", "required", "default", "choices")
    written = {name: {key: one[key] for key in keys if key in one} for name, one in documented(module).items()}
    spec = {name: {key: one[key] for key in keys if key in one} for name, one in module.argument_spec().items()}
    assert written == spec


def test_suboptions_are_documented_too() -> None:
    written = documented(measure)["capacity"]["suboptions"]
    assert {name: one["type"] for name, one in written.items()} == {"down_mbit": "float", "up_mbit": "float"}


def test_the_role_has_the_tests_of_the_module() -> None:
    from pathlib import Path

    role = Path(measure.__file__).parents[2] / "roles" / "benchmark"
    options = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert options["benchmark_tests"]["choices"] == list(TESTS)
    assert options["benchmark_tests"]["default"] == list(DEFAULT_TESTS)
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    assert defaults == {name: one["default"] for name, one in options.items() if "default" in one}
