# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the relay, as its daemon is run at either end."""

from __future__ import annotations

import argparse
import os
import resource
from collections.abc import Sequence

from .loop import Address, Concentrator, Gateway, LaneTo, Loop, say

_LEAST_MTU = 576


def main(words: Sequence[str]) -> int:
    """Runs until it is ended; returns 2 if it cannot go on. argparse ends the process on wrong words."""
    asked = _parser().parse_args(words)
    loop = Loop()
    end: Gateway | Concentrator
    try:
        _open_files()
        if asked.end == "gateway":
            lanes = [_lane(asked.parser, *lane) for lane in asked.lane]
            end = Gateway(loop, asked.to, lanes, asked.listen)
        else:
            end = Concentrator(loop, asked.listen, asked.proxy)
        if asked.user is not None:
            _become(asked.user)
        while True:
            loop.turn()
            end.look()
    except OSError as exc:
        say(f"error: {exc}")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="linkagg relay", description="Carry TCP of HAProxy over all links, whose rates may change at any moment."
    )
    ends = parser.add_subparsers(dest="end", required=True)
    gateway = ends.add_parser("gateway", help="the end at a site")
    gateway.add_argument("--to", type=_address, required=True, metavar="ADDRESS:PORT", help="the other end")
    gateway.add_argument(
        "--lane",
        action="append",
        nargs=3,
        required=True,
        metavar=("NAME", "SOURCE", "MTU"),
        help="a link, this node's address on its carrier, and the carrier's MTU",
    )
    gateway.add_argument("--listen", type=_address, required=True, metavar="ADDRESS:PORT", help="for HAProxy")
    gateway.set_defaults(parser=gateway)
    concentrator = ends.add_parser("concentrator", help="the end in the data centre")
    concentrator.add_argument("--listen", type=_address, required=True, metavar="ADDRESS:PORT", help="UDP")
    concentrator.add_argument("--proxy", type=_address, required=True, metavar="ADDRESS:PORT", help="HAProxy")
    for one in (gateway, concentrator):
        one.add_argument("--user", type=int, help="number of the user to be, once all is opened")
    return parser


def _address(text: str) -> Address:
    host, _colon, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not ADDRESS:PORT")
    return host, int(port)


def _lane(parser: argparse.ArgumentParser, name: str, source: str, mtu: str) -> LaneTo:
    if not mtu.isdecimal() or int(mtu) < _LEAST_MTU:
        parser.error(f"lane {name}: MTU {mtu} is not a number from {_LEAST_MTU}")
    return LaneTo(name, source, int(mtu))


def _open_files() -> None:
    """As many connections as the unit lets it have."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _become(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
