# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the agent; see USAGE."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from .._engine.errors import EngineError, KernelError
from .._netlink import library, nft
from .._netlink.port_state import seen, silent
from .._persist import silence
from .._persist.lock import locked
from .._persist.store import STATE_DIRECTORY
from .._rates import told
from .._rates.telling import about
from .._weights.command import weights
from .agent import Agent, AsTold, Rates
from .frames import Frames
from .links import Known, Links, Told
from .makers import about_makers
from .prober import Prober
from .saved import load, stamp
from .telling import about_bonds, about_legs, about_links

USAGE = f"""\
linkagg [--state-directory DIRECTORY] VERB [WORD ...]
  restore  bring back, once, what linkagg.wan has saved on this node; exit status 1 if not all of it can be
  status   say what is saved and what of it is missing; changes nothing; exit status 1 if anything is
  names    look up again the domains that sets of nftables hold the addresses of; exit status 1 if any does not resolve
  weights  say which weights the legs of bonds have; weights BOND LINK=WEIGHT ... changes them until the planned ones
           change, 0 takes a leg out of use, weights BOND planned goes back to the planned ones
  watch    restore, then wait for late modems and leases and complete what is missing; linkagg.service runs this
  relay    carry TCP over all links, as linkagg-relay.service does at either end (see linkagg relay --help)
What is saved is in {STATE_DIRECTORY}, a file for each module of linkagg.wan."""


def say(text: str, *, wrong: bool = False) -> None:
    """A line for a person or the journal; on standard error if something is ``wrong``."""
    stream = sys.stderr if wrong else sys.stdout
    stream.write(f"{text}\n")
    stream.flush()


def main(words: list[str] | None = None) -> int:
    """Run a verb; returns the exit status: 0 all is there, 1 something is not, 2 a mistake."""
    words = list(sys.argv[1:] if words is None else words)
    directory = STATE_DIRECTORY
    if words[:1] == ["--state-directory"] and len(words) > 1:
        directory, words = words[1], words[2:]
    verbs = {"restore": restore, "status": status, "names": names, "watch": watch}
    if words[:1] == ["weights"]:
        dealt = told.read(directory).dealt
        return _told(lambda: weights(directory, words[1:], lambda: locked(make=True), dealt))
    if len(words) != 1 or words[0] not in verbs:
        asked = words in (["help"], ["-h"], ["--help"])
        say(USAGE, wrong=not asked)
        return 0 if asked else 2
    try:
        return verbs[words[0]](directory)
    except (EngineError, KernelError, PermissionError) as exc:
        say(f"error: {exc}", wrong=True)
        return 2


def _told(tell: Callable[[], Sequence[str]]) -> int:
    try:
        say("\n".join(tell()))
    except (EngineError, PermissionError) as exc:
        say(f"error: {exc}", wrong=True)
        return 2
    return 0


def _agent(directory: str, *, act: bool = True, links: Known | None = None, rates: Rates | None = None) -> Agent:
    if library.PROBLEM:
        raise EngineError([library.PROBLEM])
    from .._netlink.kernel import NetlinkKernel  # not before it is known that it can be

    links = links or Told(lambda: silence.silent(directory))
    rates = rates or AsTold(lambda: told.read(directory))
    clock = time.monotonic
    return Agent(
        lambda: load(directory),
        NetlinkKernel,
        lambda wait_s: locked(make=act, wait_s=wait_s),
        clock,
        links=links,
        rates=rates,
    )


def restore(directory: str) -> int:
    """One look at everything."""
    agent = _agent(directory)
    for sentence in agent.look():
        say(sentence)
    return _verdict(agent)


def status(directory: str) -> int:
    """As restore, without doing anything."""
    agent = _agent(directory, act=False)
    agent.look(act=False)
    links = silence.links(directory)
    for sentence in about_links(agent.saved, links, time.monotonic()):
        say(sentence)
    for sentence in about(agent.saved.rates, told.links(directory)):
        say(sentence)
    for sentence in about_legs(agent.saved, silent, links):
        say(sentence)
    for sentence in about_bonds(agent.saved, links, time.monotonic()):
        say(sentence)
    for sentence in about_makers(agent.all_left()):
        say(sentence)
    for called in agent.withdrawn:
        say(f"withdrawn until its link answers: {called}")
    return _verdict(agent)


def names(directory: str) -> int:
    """Of all saved tables."""
    problems = []
    for item in load(directory).tables:
        if item.get("names"):
            problems += nft.refresh(nft.Nft(item["family"], item["name"]), item["names"])
    for problem in problems:
        say(problem, wrong=True)
    return 1 if problems else 0


def watch(directory: str) -> int:
    """Until it is asked to end."""
    from .._rates.echo import Echo
    from .._rates.follow import Following
    from .._rates.hands import Hands
    from .changes import Changes
    from .ending import Ending
    from .watch import Ears, Events, Watch

    links = Links(silence.Report(directory), Prober(), Frames(), seen, time.monotonic)
    rates = Following(Echo(), Hands(directory), lambda: locked(wait_s=0), time.monotonic)
    agent = _agent(directory, links=links, rates=rates)
    # Ears first: what happens during the first look must not be missed.
    ears = Ears(Events(), Changes(directory), Ending())
    Watch(agent, ears, links, rates, lambda: stamp(directory), time.monotonic, say).run()
    return 0


def _verdict(agent: Agent) -> int:
    complaints = agent.complaints()
    for words in complaints:
        say(f"not there: {words}")
    if not complaints:
        say(agent.summary())
    return 1 if complaints else 0


if __name__ == "__main__":
    raise SystemExit(main())
