# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects: files, systemd, interfaces. A change that does not come up is undone as a whole."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from .._engine.errors import EngineError
from .._persist import store
from .steps import Have, Step
from .units import DIRECTORY, PREFIX, UNITS, Daemon, File, Hint, is_ours

# (command) -> exit status, output, errors
Run = Callable[[Sequence[str]], tuple[int, str, str]]

INTERFACES = Path("/sys/class/net")
_LOOK_S, _LATER_S = 0.2, 1.0  # to look costs something: systemctl is a process
_SOON_S = 5.0
_SETTLE_S = 1.0  # a program that does not take its options has ended by then
_ASK_S = 2.0
_LAST_LINES = 12
_ALL_LINES = 300  # one that dials again says much between what matters
_UP = 1  # IFF_UP


class Outcome(NamedTuple):
    """Why a daemon does not do its work yet, or nothing; ``late``: nothing but that it is not ready."""

    reason: str = ""
    late: bool = False


class Node:
    """A node that runs systemd. ``root`` is for tests. ``since``: what daemons said before, in seconds of time.time(),
    is not looked at."""

    def __init__(
        self, run: Run, root: Path = Path("/"), interfaces: Path = INTERFACES, since: float | None = None
    ) -> None:
        self._run = run
        self._root = root
        self._interfaces = interfaces
        self._started = time.time() if since is None else since

    def read(self) -> dict[str, Have]:
        """All daemons of ours, by name."""
        units = self._units()
        directories = {path.name for path in self._at(DIRECTORY).glob("*") if path.is_dir()}
        names = sorted({*units, *directories})
        states = self._states(names)
        return {name: Have(self._files(name, units.get(name)), *states[name]) for name in names}

    def objections(self, want: Sequence[Daemon]) -> list[str]:
        """Units of somebody else with the name of one that is wanted."""
        foreign = {path.name for path in self._all_units()} - {path.name for path in self._units().values()}
        found = [
            f"{daemon.service}: a unit of that name is there and is not ours: remove it, or choose another name"
            for daemon in want
            if daemon.service in foreign
        ]
        running = self._others(want, "ActiveState", "active")
        return found + [
            f"{daemon.service} ({daemon.description}): {unit} of the distribution runs, and both cannot. If you need "
            f"it, choose another carrier; if not: systemctl disable --now {unit}"
            for daemon, unit in running
        ]

    def preparations(self, want: Sequence[Daemon]) -> list[Step]:
        """What starts at boot and must not run beside a daemon of ours is disabled."""
        enabled = self._others(want, "UnitFileState", "enabled")
        return [Step("disable", daemon.name, unit) for daemon, unit in enabled]

    def _others(self, want: Sequence[Daemon], name: str, value: str) -> list[tuple[Daemon, str]]:
        """Units that must not run beside one of ours, and of which systemd says this."""
        pairs = [(daemon, unit) for daemon in want for unit in daemon.instead_of]
        shown = self._show([unit for _daemon, unit in pairs], name) if pairs else []
        return [pair for pair, state in zip(pairs, shown, strict=True) if state.get(name) == value]

    def apply(self, steps: Sequence[Step], want: Mapping[str, Daemon], have: Mapping[str, Have]) -> list[str]:
        """Do all of it and wait until it runs; a sentence for each that comes later. EngineError says what did not
        run; then all is as before. One that needs the network is not waited for."""
        touched = {step.name for step in steps}
        try:
            self._do(steps)
            started = [want[step.name] for step in steps if step.op in ("start", "restart")]
            return self.wait_for([replace(one, ready_s=0) if one.needs_network else one for one in started])
        except (EngineError, OSError) as exc:
            problems = exc.problems if isinstance(exc, EngineError) else [str(exc)]
            raise EngineError([*problems, self.put_back(touched, have)]) from exc

    def _do(self, steps: Sequence[Step]) -> None:
        """Units are started together, since they wait for nothing of each other."""
        for step in steps:
            if step.op == "write" and step.file:
                store.write_file(self._at(step.subject), step.file.content.encode(), step.file.mode)
            elif step.op == "remove":
                self._remove(step.subject)
            elif step.op == "delete":
                self._delete(step.subject)
            elif step.op in ("stop", "disable"):
                self._systemctl(step.op, step.subject)
        if any(step.subject.startswith(UNITS) for step in steps):
            self._systemctl("daemon-reload")
        enabled = [step.subject for step in steps if step.op == "enable"]
        if enabled:
            self._systemctl("enable", *enabled)
        started = [step.subject for step in steps if step.op in ("start", "restart")]
        if started:  # what does not start is told by what it said itself
            self._run(["systemctl", "reset-failed", *started])
            self._run(["systemctl", "restart", *started])

    def wait_for(self, daemons: Sequence[Daemon], stopped: Callable[[], str] = str) -> list[str]:
        """Until they run and their interfaces are there; a sentence for each that may be late and is. EngineError has
        one for each that has failed. ``stopped`` says who asked not to wait any longer (a signal), or nothing."""
        problems, late = [], []
        begun = time.monotonic()
        for daemon in daemons:
            outcome = self._outcome(daemon, begun, stopped)
            if outcome.reason:
                hint, said = self._hint(daemon)
                meant = f" It said: {said}. {hint.means}." if hint else ""
                told = f"{daemon.service} ({daemon.description}): {outcome.reason}.{meant} Its last words:\n"
                is_late = outcome.late and daemon.may_be_late and not (hint and hint.refusal)
                (late if is_late else problems).append(told + self._words(daemon.service))
        if problems:
            raise EngineError(problems)
        return late

    def _outcome(self, daemon: Daemon, begun: float, stopped: Callable[[], str]) -> Outcome:
        """No reason once it runs and its interface is there. Who says what is wrong is not waited for."""
        asked = begun
        while True:
            if stopped():
                return Outcome(f"stopped by {stopped()} while it was waited for")
            shown = self._show([daemon.service], "ActiveState", "NRestarts", "Result")[0]
            waited = time.monotonic() - begun
            if shown.get("ActiveState") == "failed" or shown.get("NRestarts", "0") != "0":
                return Outcome(f"it does not keep running ({shown.get('Result')})")
            running = shown.get("ActiveState") == "active"
            there = not daemon.ready_s or not daemon.interface or self._is_there(daemon)
            if running and there and waited >= _SETTLE_S:
                return Outcome()
            if waited >= max(daemon.ready_s, _SETTLE_S):
                if not running:
                    return Outcome(f"it is {shown.get('ActiveState')} after {waited:.0f} s")
                if not there:
                    come = "come up" if daemon.brings_up else "appeared"
                    return Outcome(f"its interface {daemon.interface} has not {come} within {daemon.ready_s:g} s", True)
            if daemon.hints and not daemon.may_be_late and time.monotonic() - asked >= _ASK_S:
                asked = time.monotonic()
                hint, _said = (None, "") if there else self._hint(daemon)
                if hint and hint.refusal:
                    return Outcome(f"its interface {daemon.interface} does not come up")
            time.sleep(_LOOK_S if waited < _SOON_S else _LATER_S)

    def _is_there(self, daemon: Daemon) -> bool:
        """Whether its interface exists, and is up if that is its own doing."""
        try:
            flags = int((self._interfaces / daemon.interface / "flags").read_text(), 16)
        except OSError:
            return False
        return bool(flags & _UP) or not daemon.brings_up

    def _words(self, service: str, lines: int = _LAST_LINES) -> str:
        """The last lines. Of journalctl itself, --lines with --since would be the first ones (systemd 252)."""
        since = f"--since=@{int(self._started)}"
        text = self._run(["journalctl", "--no-pager", "--output=cat", since, f"--unit={service}"])[1].strip()
        return "\n".join(text.splitlines()[-lines:]) or "(it said nothing)"

    def _hint(self, daemon: Daemon) -> tuple[Hint | None, str]:
        """What whoever described it knows of what it said last, and the line in which it said that."""
        words = self._words(daemon.service, _ALL_LINES) if daemon.hints else ""
        ends = {hint: [found.end() for found in re.finditer(hint.seen, words)][-1:] for hint in daemon.hints}
        hint = max((hint for hint in ends if ends[hint]), key=lambda hint: ends[hint], default=None)
        if hint is None:
            return None, ""
        before, after = words[: ends[hint][0]], words[ends[hint][0] :]
        return hint, before.rpartition("\n")[2] + after.partition("\n")[0]

    def put_back(self, names: Collection[str], have: Mapping[str, Have]) -> str:
        """Files and units as they were; what ran, runs. The sentence that says so."""
        problems = []
        now = {name: found for name, found in self.read().items() if name in names}
        try:
            for name in sorted(names):
                before = have.get(name, Have())
                service = f"{PREFIX}{name}.service"
                if name in now and not before.active:
                    self._run(["systemctl", "stop", service])
                if name in now and not before.enabled:
                    self._run(["systemctl", "disable", service])
                made = now[name].interface if name in now else ""
                if made and made != before.interface:
                    self._delete(made)
                for path in set(now[name].files if name in now else ()) - set(before.files):
                    self._remove(path)
                for path, file in before.files.items():
                    store.write_file(self._at(path), file.content.encode(), file.mode)
            self._systemctl("daemon-reload")
            gone = [f"{PREFIX}{name}.service" for name in sorted(set(names) - have.keys())]
            if gone:  # or systemd remembers that they failed
                self._run(["systemctl", "reset-failed", *gone])
            for name in sorted(set(names) & have.keys()):
                service = f"{PREFIX}{name}.service"
                if have[name].enabled:
                    self._systemctl("enable", service)
                if have[name].active:
                    self._systemctl("restart", service)
        except (EngineError, OSError) as exc:
            problems = exc.problems if isinstance(exc, EngineError) else [str(exc)]
        if problems:
            return f"and it could not be put back as it was: {'; '.join(problems)}"
        return "Files and units are as they were before"

    def _at(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _units(self) -> dict[str, Path]:
        """Those of ours, by the daemon's name."""
        found = {path.name.removeprefix(PREFIX).removesuffix(".service"): path for path in self._all_units()}
        return {name: path for name, path in found.items() if is_ours(path.read_text(errors="replace"), name)}

    def _all_units(self) -> list[Path]:
        return sorted(self._at(UNITS).glob(f"{PREFIX}*.service"))

    def _files(self, name: str, unit: Path | None) -> dict[str, File]:
        directory = f"{DIRECTORY}/{name}"
        paths = {f"{directory}/{path.name}": path for path in self._at(directory).glob("*") if path.is_file()}
        if unit:
            paths[f"{UNITS}/{unit.name}"] = unit
        return {name: _read(path) for name, path in paths.items()}

    def _states(self, names: Sequence[str]) -> dict[str, tuple[bool, bool]]:
        if not names:
            return {}
        found = self._show([f"{PREFIX}{name}.service" for name in names], "UnitFileState", "ActiveState")
        active = ("active", "activating", "reloading")
        return {
            name: (shown.get("UnitFileState") == "enabled", shown.get("ActiveState") in active)
            for name, shown in zip(names, found, strict=True)
        }

    def _show(self, services: Sequence[str], *properties: str) -> list[dict[str, str]]:
        output = self._systemctl("show", f"--property={','.join(properties)}", *services)
        return [dict(line.split("=", 1) for line in block.splitlines()) for block in output.strip().split("\n\n")]

    def _remove(self, path: str) -> None:
        self._at(path).unlink(missing_ok=True)
        directory = self._at(path).parent
        if directory.parent == self._at(DIRECTORY) and directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()

    def _delete(self, interface: str) -> None:
        if (self._interfaces / interface).exists():
            code, output, errors = self._run(["ip", "link", "delete", "dev", interface])
            if code and (self._interfaces / interface).exists():
                raise EngineError([f"interface {interface} could not be removed: {(errors or output).strip()}"])

    def _systemctl(self, *words: str) -> str:
        code, output, errors = self._run(["systemctl", *words])
        if code:
            raise EngineError([f"systemctl {' '.join(words)}: {(errors or output).strip()}"])
        return output


def _read(path: Path) -> File:
    """A file that nobody else may read is a secret."""
    mode = path.stat().st_mode & 0o777
    return File(path.read_text(errors="replace"), mode, secret=not mode & 0o077)
