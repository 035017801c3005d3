# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to say of links and legs, one sentence each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .health import Check
from .saved import Saved


def about_links(saved: Saved, links: Mapping[str, Mapping[str, Any]], now: float) -> Iterator[str]:
    """What the watching agent knows of what it asks. ``links``: see ``_persist.silence.links``."""
    for check in saved.checks:
        yield f"{'leg' if check.source else 'link'} {check.interface}: {_verdict(check, links, now)}"


def about_legs(saved: Saved, silent: Callable[[str], bool]) -> Iterator[str]:
    """Legs that their bonds, which watch them, do not use."""
    for bond, port in saved.ports:
        if silent(port):
            yield f"leg {port}: its other end does not answer, and bond {bond} sends nothing over it"


def _verdict(check: Check, links: Mapping[str, Mapping[str, Any]], now: float) -> str:
    link = links.get(check.interface)
    if link is None:
        return "not checked now, as linkagg.service does not run or has just begun"
    if not link["target"]:
        return "not checked yet, as no next hop is known"
    if link["alive"] is None:
        return f"{link['target']} is being asked"
    verdict = "answers" if link["alive"] else "does not answer"
    return f"{link['target']} {verdict}, for {now - link['since']:.0f} s now"
