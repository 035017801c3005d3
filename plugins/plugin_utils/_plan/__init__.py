# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planner: inventory data in, everything that both ends need out.

A pipeline of small pure functions, apart from all deployment:

``reading`` (tables of keys -> model) -> ``checks`` (one object against another) -> ``numbers`` (addresses,
tunnel ids, marks) -> ``budget`` (MTU) -> ``gateway`` / ``concentrator`` (desired state of each node).
What depends on the carrier of a link is asked of ``carriers``, a file each; ``carrier`` says what can be asked.

``pipeline`` is the way in. Mistakes are collected as ``Problem`` and reported all at once.
"""
