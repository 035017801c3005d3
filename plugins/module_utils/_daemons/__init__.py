# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Daemons of others that run for us, each with a unit and files of ours: want + have -> steps, and their effects.

``units`` says what is wanted, ``steps`` what is to be done, both pure; ``node`` reads and does it.
"""
