# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of a measurement. The modules turn them into `fail_json`; nothing else catches `MeasureError`."""

from __future__ import annotations


class MeasureError(Exception):
    """A measurement cannot be made; the text says where, why and what to do."""


class PassingError(MeasureError):
    """The same, for reasons that may be gone at the next try (a busy server, a control connection lost)."""


class BusyError(PassingError):
    """The iperf3 server runs somebody else's test; it runs one at a time."""
