# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every pppd of ours has: files of its own tell it all, and it touches neither routes nor name servers."""

from __future__ import annotations

from .names import daemon_file

# A line without an answer for 8 s is dialled again. pppd asks only while nothing else comes.
ALWAYS = (
    "noauth",
    "noipdefault",
    "nodefaultroute",
    "noipv6",
    "novj",
    "nobsdcomp",
    "nodeflate",
    # the other end hears nothing at all: begin anew after 12 s instead of 30
    "lcp-max-configure 4",
    "lcp-echo-interval 2",
    "lcp-echo-failure 4",
    "lcp-echo-adaptive",
    "persist",
    "maxfail 0",
    "holdoff 5",
    "nologfd",
)

# pppd makes the interface at each dial; the larger of ``all`` and the interface counts (kernel, ip-sysctl.rst).
IP_UP = """\
#!/bin/sh
# Answers come over it while the default route is another: reverse path check loose, as for all links.
exec sysctl -q -w "net/ipv4/conf/$1/rp_filter=2"
"""


def lines(*words: str) -> str:
    """The text of a file, a line each."""
    return "".join(f"{word}\n" for word in words)


def client_files(name: str) -> tuple[str, str, str]:
    """The end of the command of who dials: its options, then in a file that only root may read its login."""
    return daemon_file(name, "options"), "file", daemon_file(name, "login")


def quoted(word: str) -> str:
    """A word as pppd(8) reads it in its files, whatever is in it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
