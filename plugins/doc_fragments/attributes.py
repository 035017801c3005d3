# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that changes a node says about itself."""

from __future__ import annotations


class ModuleDocFragment:
    """``extends_documentation_fragment: linkagg.wan.attributes``."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Works out the same changes and makes none of them.
    support: full
  diff_mode:
    description: Shows what changes, as text. In check mode it is the same text.
    support: full
  platform:
    description: Linux 5.10 or newer.
    platforms: linux
    support: full
"""
