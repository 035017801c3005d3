# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a running lab."""

from __future__ import annotations

import json

import pytest

from lab import lifecycle
from lab.ui import LabError


def test_a_playback_that_has_ended_is_an_error_and_not_a_figure(monkeypatch):
    """Links stay as they were when the player ends, so what they offered since is not known."""
    lab = lifecycle.Lab(host=None, profile=None, kernel="", distro="")
    playback = {"started_at": 5.0, "running": True}
    monkeypatch.setattr(lifecycle.Lab, "guest", lambda self, *words: json.dumps({"playback": playback}))
    assert lab.playback_began() == 5.0
    playback["running"] = False
    with pytest.raises(LabError, match="player of the traces has ended"):
        lab.playback_began()
