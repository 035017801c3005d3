# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' documentation says what their argument specs say, which come from the kind tables."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

RECONCILING = ["tunnels", "bonds", "link_routes", "mptcp_endpoints", "shapers"]
INFO = [f"{name}_info" for name in RECONCILING]
NAMES = [*RECONCILING, "network", "nft_table", "daemons", "weights", "agent"]
COMPARED = ("type", "elements", "required", "default", "choices")


def module(name: str) -> Any:
    return importlib.import_module(f"ansible_collections.linkagg.wan.plugins.modules.{name}")


@pytest.mark.parametrize("name", [*NAMES, *INFO])
def test_documentation_and_argument_spec_agree(name: str) -> None:
    assert _plain(documented(name), "suboptions") == _plain(module(name).argument_spec(), "options")


def documented(name: str) -> dict[str, Any]:
    """The module's documented options, those of the fragments that it extends included."""
    documentation = yaml.safe_load(module(name).DOCUMENTATION)
    options: dict[str, Any] = {}
    for fragment in documentation.get("extends_documentation_fragment", ()):
        file, _dot, section = fragment.removeprefix("linkagg.wan.").partition(".")
        path = f"ansible_collections.linkagg.wan.plugins.doc_fragments.{file}"
        text = getattr(importlib.import_module(path).ModuleDocFragment, (section or "documentation").upper())
        options |= yaml.safe_load(text)["options"]
    for option, own in documentation.get("options", {}).items():
        options[option] = {**options.get(option, {}), **own}
    return options


def _plain(options: Mapping[str, Any], nested: str) -> dict[str, Any]:
    result = {}
    for name, option in options.items():
        result[name] = {key: option[key] for key in COMPARED if option.get(key) not in (None, False)}
        if nested in option:
            result[name]["options"] = _plain(option[nested], nested)
    return result


@pytest.mark.parametrize("name", [*NAMES, *INFO, "wireguard_keys", "certificates", "preflight"])
def test_examples_and_return_values_are_yaml_with_descriptions(name: str) -> None:
    examples = yaml.safe_load(module(name).EXAMPLES)
    assert all(set(task) - {"name", "register"} for task in examples)
    assert all(value["description"] for value in yaml.safe_load(module(name).RETURN).values())
