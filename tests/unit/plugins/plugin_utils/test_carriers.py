# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carriers: each says all that the rest of the planner asks for, and is found by its file alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan import carriers
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.carrier import Carrier
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.carriers import CARRIERS, DEFAULT
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.reading import defaults
from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.tables import LINK_OPTIONS

OPTIONS = defaults(LINK_OPTIONS)


def test_each_file_is_a_carrier_and_the_default_comes_first() -> None:
    files = {path.stem for path in Path(carriers.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(CARRIERS) == files
    assert next(iter(CARRIERS)) == DEFAULT


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS.keys())
def test_its_budget_is_known_to_the_filter_by_a_name_of_its_own(carrier: Carrier) -> None:
    assert carrier.layer(OPTIONS.get(carrier.name, {})) in carriers.layers().values()
    assert all(name.startswith(carrier.name) for name in carrier.layers)


def test_no_two_carriers_make_interfaces_of_the_same_name() -> None:
    made = [carrier.gateway_interface("lte", OPTIONS.get(name, {})) for name, carrier in CARRIERS.items()]
    named = [name for name in made if name]
    assert len(named) == len(set(named))


def test_what_protects_nothing_says_so() -> None:
    assert not list(CARRIERS["wireguard"].notes({}))
    assert any("nothing is encrypted" in note for note in CARRIERS["direct"].notes({}))
