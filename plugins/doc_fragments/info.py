# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module has that only reads, as in ``INFO_OPTIONS`` of module_utils/_info.py."""

from __future__ import annotations


class ModuleDocFragment:
    """``extends_documentation_fragment: linkagg.wan.info``."""

    DOCUMENTATION = r"""
options:
  all:
    description:
      - Also return, apart from ours, what somebody else has made and this collection has words for.
    type: bool
    default: false
attributes:
  check_mode:
    description: Reads as ever; it never changes anything.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  platform:
    description: Linux 5.10 or newer.
    platforms: linux
    support: full
requirements:
  - python >= 3.11
  - pyroute2 >= 0.7.2
"""
