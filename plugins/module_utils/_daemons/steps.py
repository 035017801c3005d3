# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""want + have -> steps, and the texts that show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .units import PREFIX, UNITS, Daemon, File, interface_in


@dataclass(frozen=True)
class Have:
    """A daemon of ours as it is: its files and its unit by path, and systemd's view of it."""

    files: Mapping[str, File] = field(default_factory=dict)
    enabled: bool = False
    active: bool = False

    @property
    def interface(self) -> str:
        """What its unit says it makes."""
        return next((interface_in(file.content) for path, file in self.files.items() if path.startswith(UNITS)), "")


@dataclass(frozen=True)
class Step:
    """One thing to do: ``stop``, ``delete`` (the interface), ``write`` or ``remove`` (a file), ``enable``, ``disable``,
    ``start``, ``restart``. ``subject`` is a unit, a path or an interface."""

    op: str
    name: str
    subject: str
    file: File | None = None

    def __str__(self) -> str:
        return f"{self.op} {self.subject}"


def plan(want: Sequence[Daemon], have: Mapping[str, Have], *, purge: bool, state: str = "present") -> list[Step]:
    """What to do, in this order: what goes, then the files, then the units.

    ``state`` absent removes what is wanted; ``purge`` removes what is ours and not wanted.
    """
    wanted = {daemon.name: daemon for daemon in want}
    going = [name for name in have if name in wanted] if state == "absent" else []
    going += [name for name in have if name not in wanted] if purge else []
    steps = [step for name in sorted(set(going)) for step in _removal(name, have[name])]
    coming = [daemon for daemon in want if not daemon.keep] if state == "present" else []
    changes = [(daemon, _changes(daemon, have.get(daemon.name, Have()))) for daemon in coming]
    steps += [step for _daemon, changed in changes for step in changed]
    for daemon, changed in changes:
        now = have.get(daemon.name, Have())
        if not now.enabled:
            steps.append(Step("enable", daemon.name, daemon.service))
        if changed or not now.active:
            steps.append(Step("restart" if now.active else "start", daemon.name, daemon.service))
    return steps


def _removal(name: str, now: Have) -> list[Step]:
    service = f"{PREFIX}{name}.service"
    steps = []
    if now.active or now.enabled:
        steps = [Step("stop", name, service), Step("disable", name, service)]
    if now.interface:
        steps.append(Step("delete", name, now.interface))
    return steps + [Step("remove", name, path) for path in sorted(now.files)]


def _changes(daemon: Daemon, now: Have) -> list[Step]:
    """A daemon that is to make another interface leaves the old one behind, since it may outlive it."""
    steps = []
    if now.interface and now.interface != daemon.interface:
        steps = [Step("stop", daemon.name, daemon.service), Step("delete", daemon.name, now.interface)]
    for path, file in sorted(daemon.everything.items()):
        if _bare(now.files.get(path)) != _bare(file):
            steps.append(Step("write", daemon.name, path, file))
    gone = sorted(set(now.files) - set(daemon.everything))
    return steps + [Step("remove", daemon.name, path) for path in gone]


def _bare(file: File | None) -> tuple[str, int] | None:
    return (file.content, file.mode) if file else None


def after(want: Sequence[Daemon], have: Mapping[str, Have], *, purge: bool, state: str = "present") -> dict[str, Have]:
    """What there is when all is done."""
    names = {daemon.name for daemon in want}
    made = {daemon.name: Have(daemon.everything, enabled=True, active=True) for daemon in want if not daemon.keep}
    stay = names if state == "present" else set()
    stay |= set() if purge else have.keys() - names
    return {**{name: have[name] for name in have if name in stay}, **(made if state == "present" else {})}


def texts(have: Mapping[str, Have], then: Mapping[str, Have]) -> tuple[str, str]:
    """Before and after of what differs; that a secret changes, but never what it is."""
    names = sorted(name for name in {*have, *then} if have.get(name) != then.get(name))
    before, later = [], []
    for name in names:
        old, new = have.get(name), then.get(name)
        before += _text(name, old, new)
        later += _text(name, new, old)
    return "".join(before), "".join(later)


def _text(name: str, one: Have | None, other: Have | None) -> list[str]:
    if one is None:
        return []
    state = ", ".join(word for word, true in (("enabled", one.enabled), ("active", one.active)) if true) or "off"
    lines = [f"# {PREFIX}{name}.service: {state}\n"]
    others = other.files if other else {}
    for path, file in sorted(one.files.items()):
        if _bare(others.get(path)) == _bare(file):
            continue
        hidden = file.secret or (path in others and others[path].secret)
        content = f"(secret, {len(file.content)} characters)\n" if hidden else file.content
        lines += [f"# {path}, mode {file.mode:04o}\n", content]
    return lines
