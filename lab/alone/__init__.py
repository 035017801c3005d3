# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Never slower than the best link alone: what the planner chooses for a site that says nothing, against each of its
links by itself, on many profiles.

``generated`` makes profiles, ``measure.yml`` measures in the lab, ``verdict`` compares (pure), ``run`` goes through a
list of profiles and goes on where it was stopped.
"""
