# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the documentation of modules, filters and roles (make docs) from what antsibull-docs writes."""

from __future__ import annotations

project = "linkagg.wan"
copyright = "linkagg.wan contributors"
extensions = ["sphinx_antsibull_ext"]
html_theme = "alabaster"
html_copy_source = False
default_role = "any"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"
nitpicky = True
