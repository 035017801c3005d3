# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Goes through profiles: a fresh lab for each, the default deployed, measured, compared. What is done stays done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lab import lifecycle, paths
from lab.alone import generated, order, processors, verdict
from lab.inventory import SERVERS
from lab.job import METHODS, playbook
from lab.lifecycle import Lab
from lab.profile import load_profile, shipped
from lab.report import add_to_report
from lab.report_alone import table
from lab.ui import LabError, Stages, say

OUT = paths.BUILD / "bench"
PLAYBOOK = Path(__file__).with_name("measure.yml")
# A link that loses packets at random carries twice as much in one run as in the next, so a profile whose default was
# slower is measured again, for longer, and that counts.
AGAIN, LONGER_S = 3, 15


def all_profiles() -> list[str]:
    """Every shipped profile, the random ones, and those of equal links, whose rows tell how throughput grows."""
    return [*shipped(), *generated.RANDOM, *generated.EQUAL]


def run(names: Sequence[str], *, seconds: int, again: bool = False) -> int:
    """Measure these profiles, those that are measured already only if ``again``; show the table of all, and put it into
    the report of make bench where there is one. Returns 1 if the default was slower than a link alone."""
    where = OUT / "alone"
    where.mkdir(parents=True, exist_ok=True)
    for name in names:
        if again or not (where / f"{_file(name)}.json").exists():
            _measured(name, where, seconds)
    found = rows(where)
    say("")
    say(table(found))
    add_to_report({"alone": found}, OUT)
    wrong = verdict.violations([row for row in found if row["profile"] in {_file(name) for name in names}])
    say(
        "\n".join(f"SLOWER THAN A LINK ALONE: {text}" for text in wrong)
        or "PASS: never slower than the best link alone"
    )
    return 1 if wrong else 0


def _file(name: str) -> str:
    return Path(name).stem


def _measured(name: str, where: Path, seconds: int) -> None:
    stages = Stages()
    source = name
    if generated.is_generated(name):
        source = str(where / f"{name}.yml")
        Path(source).write_text("---\n" + yaml.safe_dump(generated.profile(name), sort_keys=False))
    say(f"==> {name}")
    try:
        lab = lifecycle.up(source, stages)
        with stages.stage("deploy", "ansible-playbook linkagg.wan.site, and the planner chooses"):
            playbook(lab, "linkagg.wan.site", METHODS["default"])
        runs = [_once(lab, stages, where, seconds)]
        if verdict.violations(verdict.rows(_file(name), **runs[0])):
            longer = max(seconds, LONGER_S)
            say(
                f"{_file(name)}: slower than a link alone; {AGAIN} times more, {longer} s each, and their medians count"
            )
            runs = [_once(lab, stages, where, longer) for _number in range(AGAIN)]
    finally:
        lifecycle.down()
    document = {"profile": _file(name), **verdict.middle(runs)}
    (where / f"{_file(name)}.json").write_text(json.dumps(document, indent=2) + "\n")


def _once(lab: Lab, stages: Stages, where: Path, seconds: int) -> dict[str, Any]:
    """``{default: runs, alone: {link: runs}}``, runs as of module measure; those of the default have ``busy`` too."""
    output = where / f"{lab.profile.name}.measured"
    links = lab.profile.links_of(1)
    with stages.stage("measure", f"the default, then those of {len(links)} links alone that can be the fastest"):
        variables = {
            "alone_attempts": order.attempts(lab.profile),
            "alone_servers": SERVERS[:1],
            "alone_seconds": seconds,
            "alone_output": str(output),
        }
        with processors.watched(lab.host) as samples:
            playbook(lab, str(PLAYBOOK), variables)
            seen = samples()
    measured = json.loads(output.read_text())
    output.unlink()
    for one in measured["default"]:
        one["busy"] = processors.busy(seen, one["started_at"], one["ended_at"])
    alone: dict[str, list[dict[str, Any]]] = {link.name: [] for link in links}
    for one in [*measured["alone"], *_of_traces(lab, measured["default"])]:
        alone[one["link"]].append(one)
    return {"default": measured["default"], "alone": alone}


def _of_traces(lab: Lab, default: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For links that play a trace back, what they offered in the seconds in which the default was measured: a minute
    later it is another link. Nothing for other profiles."""
    links = [link for link in lab.profile.links_of(1) if link.playback]
    if not links:
        return []
    began = lab.playback_began()
    found = []
    for side, test in enumerate(order.TESTS):
        (seconds,) = [run for run in default if run["test"] == test]
        for link in links:
            offered = link.mean_mbit(seconds["started_at"] - began, seconds["ended_at"] - began)[side]
            found.append({"link": link.name, "test": test, "goodput_mbit": offered * order.STRAIGHT})
    return found


def rows(where: Path) -> list[verdict.Row]:
    """The rows of all profiles that were measured there, in the order of ``all_profiles``, then others."""
    documents = {path.stem: json.loads(path.read_text()) for path in sorted(where.glob("*.json"))}
    names = [name for name in all_profiles() if name in documents]
    names += sorted((name for name in documents if name not in names), key=lambda name: (len(name), name))
    return [row for name in names for row in verdict.rows(name, documents[name]["default"], documents[name]["alone"])]


def known(name: str) -> str:
    """The name, if it is that of a profile; for argparse."""
    if not generated.is_generated(name):
        try:
            load_profile(name)
        except Exception as error:
            raise LabError(str(error)) from error
    return name
