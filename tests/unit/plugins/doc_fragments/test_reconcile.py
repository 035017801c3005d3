# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that modules share are described once for the reader, in every fragment that has them."""

from __future__ import annotations

import yaml
from ansible_collections.linkagg.wan.plugins.doc_fragments.reconcile import ModuleDocFragment


def test_both_fragments_say_the_same_of_what_is_saved() -> None:
    all_options = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    saving = yaml.safe_load(ModuleDocFragment.PERSIST)["options"]
    assert set(saving) == {"persist", "state_directory"}
    assert saving == {name: all_options[name] for name in saving}
