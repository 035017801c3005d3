# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the lab: ``python -m lab COMMAND``; the Makefile's lab targets call it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import nullcontext

from lab import inventory, lifecycle, paths
from lab.guest.config import NODES
from lab.guest.config import SYSTEMD_NODES as RESTARTABLE
from lab.host import watched
from lab.job import DEFAULT, METHODS
from lab.profile import ProfileError
from lab.ui import LabError, Stages, complain, say


def _run(args: argparse.Namespace) -> None:
    """Fresh lab, deploy and measure both bond modes, report."""
    from lab import job

    stages = Stages()
    try:
        lab = lifecycle.up(args.profile, stages)
        job.measure(
            lab, stages, repeats=args.repeats, out=paths.BUILD / args.out, duration_s=args.seconds, methods=args.methods
        )
    except BaseException:
        lifecycle.down()
        raise
    say("")
    say("Seconds: " + ", ".join(f"{name} {took:.0f}" for name, took in stages.seconds.items()))
    say(f"Report:  {paths.BUILD / args.out}/report.html (also report.md, report.json)")
    if args.keep:
        say("The lab keeps running:  make lab-status, make lab-shell NODE=gateway, make lab-fault LINK=2 FAULT=down")
        say(f"Playbooks against it:   ANSIBLE_CONFIG={paths.ANSIBLE_CFG} ansible-playbook linkagg.wan.site")
        say("End it:                 make lab-down")
    else:
        lifecycle.down()
    say("PASS: the lab deployed and measured every method")


def _up(args: argparse.Namespace) -> None:
    """Fresh lab, nothing deployed."""
    lifecycle.up(args.profile, Stages())
    say("The lab is up; nothing is deployed yet.")


def _down(_args: argparse.Namespace) -> None:
    """Remove this checkout's lab."""
    say("The lab is gone." if lifecycle.down() else "No lab was running in this checkout.")


def _status(args: argparse.Namespace) -> None:
    """Tell what runs and which faults are set."""
    lab = lifecycle.current()
    if not args.json:
        say(f"{lab.host.accelerator}, kernel {lab.kernel}, Debian {lab.distro}; inventory in {paths.INVENTORY}")
    say(lab.guest("status", *(["--json"] if args.json else [])).rstrip())


def _shell(args: argparse.Namespace) -> None:
    """Open a shell on a node or on the lab host."""
    lab = lifecycle.current()
    if args.node not in (known := [*inventory.nodes(lab.profile), "labhost"]):
        raise LabError(f"this lab has no {args.node}; it has: {', '.join(known)}")
    on_node = ["ssh", "-F", str(paths.SSH_CONFIG), "-t", args.node]
    command = lab.host.command(["bash", "-l"], tty=True) if args.node == "labhost" else on_node
    os.execvp(command[0], command)


def _fault(args: argparse.Namespace) -> None:
    """Break a link, or mend it."""
    say(lifecycle.current().guest("fault", args.link, args.fault).strip())


def _restart(args: argparse.Namespace) -> None:
    """Restart a node as a power cut does: what it had in memory is gone, its files are not."""
    seconds = lifecycle.restart(args.node)
    say(
        f"{args.node} was off after {seconds['off']:.0f} s, had its interfaces again after "
        f"{seconds['plugged']:.0f} s and answered by ssh after {seconds['ssh']:.0f} s"
    )


def _watch(args: argparse.Namespace) -> int:
    """Run a command that uses the lab, and end it with the console's tail when the lab host dies meanwhile."""
    return watched(lifecycle.CurrentHost(), args.command, limit_s=args.limit)


def _alone(args: argparse.Namespace) -> int:
    """What the planner chooses against each link alone, profile by profile; goes on where it was stopped."""
    from lab.alone import run

    names = args.profiles or run.all_profiles()
    return run.run([run.known(name) for name in names], seconds=args.seconds, again=args.again)


def _cost(args: argparse.Namespace) -> None:
    """Processor time per GB of each method, memory per connection through the proxy."""
    from lab.cost import run

    run.run(args.profile, seconds=args.seconds)


def _reproduce(args: argparse.Namespace) -> None:
    """Measure set-ups of the article's claims in the running lab; make reproduce does all of it."""
    from lab.article import experiment, recorded, table

    claims = table.load()
    if unknown := [name for name in args.setups if name not in claims.setups]:
        raise LabError(f"no such set-up: {', '.join(unknown)}; there are: {', '.join(claims.setups)}")
    if args.again:
        recorded.again(args.setups or list(claims.setups), claims, recorded.SO_FAR)
        return
    if args.missing:
        say("\n".join(recorded.missing(claims, recorded.read(recorded.SO_FAR))))
        return
    if args.write:
        say(recorded.write(claims, recorded.SO_FAR, partial=args.partial))
        say(f"Written: {recorded.PAGE}")
        return
    for name in args.setups or recorded.missing(claims, recorded.read(recorded.SO_FAR)):
        setup, facts = claims.setups[name], None
        steps = experiment.compute(setup)
        if setup.bond is not None:
            lab = lifecycle.current()
            facts = experiment.facts(lab, claims)
            left = recorded.missing_steps(setup, recorded.read(recorded.SO_FAR))
            steps = experiment.run(lab, claims, setup, left or setup.steps)
        for step, found in steps:
            recorded.keep(setup, step, found, facts, recorded.SO_FAR)


def _kernel_tests(args: argparse.Namespace) -> int:
    """Fresh lab, the namespace tests on its kernel, lab down."""
    from lab import kernel_tests

    try:
        return kernel_tests.run(lifecycle.up(args.profile, Stages()))
    finally:
        lifecycle.down()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run, *, locked: bool = False) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=run.__doc__)
        sub.set_defaults(run=run, locked=locked)
        return sub

    run = command("run", _run, locked=True)
    run.add_argument("--profile", default="seed-3g", help="a shipped profile's name, or the path of a profile file")
    run.add_argument("--repeats", type=int, default=1, help="how often each test is measured")
    run.add_argument("--seconds", type=int, default=8, help="measured seconds of each test")
    run.add_argument("--methods", nargs="+", choices=METHODS, default=DEFAULT, help="what is deployed and measured")
    run.add_argument("--out", default="lab", help="folder of the report below build/")
    run.add_argument("--keep", action="store_true", help="leave the lab running at the end")
    command("up", _up, locked=True).add_argument("--profile", default="seed-3g")
    command("kernel-tests", _kernel_tests, locked=True).add_argument("--profile", default="seed-3g")
    command("down", _down, locked=True)
    command("status", _status).add_argument("--json", action="store_true")
    command("shell", _shell).add_argument("node", choices=[*NODES, "labhost"])
    fault = command("fault", _fault)
    fault.add_argument("link", help="number or name of the link")
    fault.add_argument("fault", help="blackhole, down, unplug, delay:MS, loss:PERCENT, rate:MBIT or clear")
    command("restart", _restart).add_argument("node", choices=RESTARTABLE)
    reproduce = command("reproduce", _reproduce)
    reproduce.add_argument("setups", nargs="*", help="of lab/article/claims.yml; without any, those not measured yet")
    reproduce.add_argument("--missing", action="store_true", help="list the set-ups that are not measured yet")
    reproduce.add_argument("--again", action="store_true", help="forget what was measured in these set-ups, or in all")
    reproduce.add_argument("--write", action="store_true", help="write docs/article.md, when all is measured")
    reproduce.add_argument("--partial", action="store_true", help="with --write: also when not all is measured")
    alone = command("alone", _alone, locked=True)
    alone.add_argument("profiles", nargs="*", help="shipped ones, paths, random-NUMBER, equal-LINKS; default: all")
    alone.add_argument("--seconds", type=int, default=5, help="measured seconds of each test")
    alone.add_argument("--again", action="store_true", help="measure again what is measured already")
    cost = command("cost", _cost, locked=True)
    cost.add_argument("--profile", default="seed-3g")
    cost.add_argument("--seconds", type=int, default=15, help="measured seconds of each method")
    watch = command("watch", _watch)
    watch.add_argument("--limit", type=float, default=3600, help="seconds after which the command is ended")
    watch.add_argument("command", nargs=argparse.REMAINDER)
    return parser


def _interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run the command line; returns the exit status."""
    args = _parser().parse_args()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupted)
    try:
        with lifecycle.exclusive() if args.locked else nullcontext():
            return args.run(args) or 0
    except (LabError, ProfileError) as error:
        complain(f"\nFAIL: {error}")
        return 1
    except BrokenPipeError:  # our reader has gone (``| head``): end as SIGPIPE would end us
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        complain("\nInterrupted; what this command had started is ended.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
