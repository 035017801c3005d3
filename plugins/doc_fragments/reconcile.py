# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that reconciles a list, as in ``COMMON_OPTIONS`` of module_utils/_module.py."""

from __future__ import annotations


class ModuleDocFragment:
    """``extends_documentation_fragment: linkagg.wan.reconcile``."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) makes the listed objects be as described, V(absent) removes them.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - Also remove what this module made earlier and that is not listed. Nothing that is not ours is touched.
    type: bool
    default: false
requirements:
  - python >= 3.11
  - pyroute2 >= 0.7.2
"""
