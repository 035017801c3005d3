# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How large ids may be: the widths of the fields that make up tunnel ids and addresses (see numbers.py)."""

from __future__ import annotations

MAX_SITE_ID = 16383
MAX_LINK_ID = 62
MAX_BOND_ID = 7

# A site's routing tables are numbers from its table_base to that plus this (see numbers.py): the aggregate's, those of
# links, those of policies.
LAST_TABLE = 2 * (MAX_LINK_ID + 2) + MAX_BOND_ID

# Rules take 302 priorities (see numbers.py); those from 32766 on are the kernel's own.
MAX_PRIORITY_BASE = 32765 - 301
