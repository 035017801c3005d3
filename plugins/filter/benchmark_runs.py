# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter `linkagg.wan.benchmark_runs`: single runs as the result of a benchmark."""

from __future__ import annotations

DOCUMENTATION = r"""
name: benchmark_runs
short_description: Single runs of measure as the result of a benchmark
version_added: "0.1.0"
author:
  - linkagg.wan contributors (@linkagg)
description:
  - Puts the repeats of each test together. Each number of a run is the median of its repeats, C(max_ms)
    their maximum.
positional: method
options:
  _input:
    description: The RV(linkagg.wan.measure#module:runs) of as many calls of M(linkagg.wan.measure) as you like, joined.
    type: list
    elements: dict
    required: true
  method:
    description: What was measured, such as the mode of the bond.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Put two repeats together
  ansible.builtin.debug:
    msg: "{{ (first.runs + second.runs) | linkagg.wan.benchmark_runs('balance-rr') }}"
"""

RETURN = r"""
_value:
  description: The method and its runs.
  type: dict
  contains:
    method:
      description: As given.
      type: str
    runs:
      description: One for each test, with the single runs in C(repeats).
      type: list
      elements: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.linkagg.wan.plugins.module_utils._measure.results import merge


def benchmark_runs(runs: Sequence[Mapping[str, Any]], method: str) -> dict[str, Any]:
    """`{"method": method, "runs": [...]}` from single runs, in the order in which the tests first appear."""
    return {"method": method, "runs": merge(method, runs)}


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"benchmark_runs": benchmark_runs}
