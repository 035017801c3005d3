# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The article's claims, measured again in the lab.

`claims.yml` has them as data, with the set-ups that they are measured in; all else derives from it: `experiment` runs
a set-up, `verdict` judges the claims by what was measured, `page` writes docs/article.md. Only `experiment` and
`recorded` touch anything.
"""
