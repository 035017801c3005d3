# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A modem as a bridge to a PPPoE access concentrator, as on DSL: pppoe-server(8), a pppd for each session.

The server listens on a bridge of its own, to which the modem's port towards the gateway belongs: it goes on when the
gateway is unplugged. Each session gets the next address of a few, as of a provider that gives a new one at each dial.
"""

from __future__ import annotations

import ipaddress

from .config import INSIDE, Link

BRIDGE = "dsl"
ACCESS_CONCENTRATOR = "lab-ac"
SERVICE = "internet"
SESSIONS = 16

# What a provider's letter says. The password has what must be quoted in one place or another.
USER = "lab@isp.example"
PASSWORD = 'it\'s "a" #1 \\pass word'

OPTIONS_FILE = "pppoe-options"
SECRETS_FILE = "pppoe-secrets"

# The server asks for CHAP and knows soon when the gateway has gone without a word.
OPTIONS = f"""\
name {ACCESS_CONCENTRATOR}
require-chap
lcp-echo-interval 4
lcp-echo-failure 3
mtu 1492
mru 1492
noproxyarp
nodefaultroute
noipv6
"""


def files() -> dict[str, str]:
    """Return the files that the modems' node finds in INSIDE: name -> text."""
    return {OPTIONS_FILE: OPTIONS, SECRETS_FILE: f"{_quoted(USER)} * {_quoted(PASSWORD)} *\n"}


def _quoted(word: str) -> str:
    """Return a word as pppd(8) reads it in its files."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


ENTRY = f"""\
cp {INSIDE}/{SECRETS_FILE} /etc/ppp/chap-secrets
chmod 600 /etc/ppp/chap-secrets
"""


def server(link: Link) -> list[str]:
    """Return the command of a modem's access concentrator; it goes to the background by itself."""
    modem = ipaddress.IPv4Interface(link.modem_address)
    return [
        "pppoe-server",
        *("-I", BRIDGE),
        *("-C", ACCESS_CONCENTRATOR),
        *("-S", SERVICE),
        *("-L", str(modem.ip)),
        *("-R", link.gateway_address),
        *("-N", str(SESSIONS)),
        *("-O", f"{INSIDE}/{OPTIONS_FILE}"),
        *("-X", f"/run/pppoe-{link.index}.pid"),
    ]
