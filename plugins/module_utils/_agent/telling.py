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
        if not check.if_silent:
            yield f"{'leg' if check.source else 'link'} {check.interface}: {_verdict(check, links, now)}"


def about_legs(saved: Saved, silent: Callable[[str], bool], links: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Legs that their bonds, which watch them, do not use. Where some wait, both ends need their agent."""
    kept = {check.interface for check in saved.checks if check.if_silent}
    for bond, port in saved.ports:
        if not silent(port):
            continue
        link = links.get(port, {})
        if port in kept and link.get("alive"):
            reason = f"nothing comes over it, though {link['target']} answers (does linkagg.service run there?)"
        else:
            reason = "its other end does not answer"
        yield f"leg {port}: {reason}, and bond {bond} sends nothing over it"


def about_bonds(saved: Saved, links: Mapping[str, Mapping[str, Any]], now: float) -> Iterator[str]:
    """Bonds that policies pass over."""
    for bond in saved.bonds:
        link = links.get(bond.name)
        if link and link["alive"] is False:
            yield f"bond {bond.name}: no leg is heard, for {now - link['since']:.0f} s now, and policies pass over it"


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
