# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks around from a node of the lab, all at once: its argument is JSON, from each question to the answer expected.

http ADDRESS[:PORT] [from ADDRESS]   who answers, and whom it takes to be asking (lab/guest/topology.py, WHO)
hosts ADDRESS COUNT                  the different answers to so many connections
tcp ADDRESS:PORT                     open, refused or nothing
proxy ADDRESS:PORT                   what is there, through the concentrator's proxy: its first line, or nothing
ping ADDRESS [over INTERFACE]        answers or nothing
run COMMAND                          its words
state                                noted, the first time; then the same, or what is different in the node's network
"""

import json
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROXY = ("10.208.0.1", 7600)
REQUEST = b"GET /cgi-bin/who HTTP/1.0\r\n\r\n"
# Whatever should be silent is given so long; whatever should answer may need the other for the first time.
SILENCE_S, PATIENCE_S = 4, 30
NEVER = ("nothing", "refused")
STATE = """ip -o link; ip rule; ip route show table all proto 76; find /etc -type f | sort | xargs md5sum
nft -s list table inet linkagg | grep -v expires"""
NOTED = Path("/run/asked-state")


def place(text, default_port=80):
    """(address, port) of ADDRESS[:PORT], IPv4."""
    address, _colon, port = text.partition(":")
    return address, int(port or default_port)


def talk(where, send=b"", own=None):
    """What comes back, all of it with something to send; otherwise whether there is a connection."""
    try:
        with socket.create_connection(where, SILENCE_S, (own, 0) if own else None) as connection:
            if not send:
                return "open"
            connection.sendall(send)
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode(errors="replace")
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "nothing"


def http(where, _from=None, own=None):
    """The line that says who."""
    found = talk(place(where), REQUEST, own)
    return found if found in NEVER else found.strip().splitlines()[-1:][0] if found.strip() else "nothing"


def hosts(where, count):
    """The answers of many, each once."""
    return ", ".join(sorted({http(where) for _number in range(int(count))}))


def tcp(where):
    """Whether there is a connection."""
    return talk(place(where))


def proxy(where):
    """The first line of an answer, asked for as HAProxy at a gateway does."""
    address, port = place(where)
    lines = talk(PROXY, f"PROXY TCP4 192.168.1.10 {address} 40000 {port}\r\n".encode() + REQUEST).splitlines()
    return lines[0] if lines else "nothing"


def ping(address, _over=None, interface=None):
    """Whether one of three is answered."""
    options = ["-I", interface] if interface else []
    command = ["ping", "-n", "-q", "-c", "3", "-i", "0.3", "-W", "2", *options, address]
    done = subprocess.run(command, capture_output=True, check=False)
    return "nothing" if done.returncode else "answers"


def run(*words):
    """What a command says, in one line."""
    done = subprocess.run(["bash", "-c", " ".join(words)], capture_output=True, text=True, check=False)
    return " ".join((done.stdout + done.stderr).split())


def state():
    """Whether anything has changed since this was asked first."""
    if NOTED.exists():
        return run(f"({STATE}) | diff {NOTED} - && echo the same")
    return run(f"({STATE}) > {NOTED} && echo noted")


def answer(question, expected):
    """The answer; one that is not as expected is asked for again, as long as it is silence."""
    kind, _space, rest = question.partition(" ")
    end = time.monotonic() + (0 if expected in NEVER else PATIENCE_S)
    while True:
        found = KINDS[kind](*rest.split(" ")) if rest else KINDS[kind]()
        if found == expected or time.monotonic() > end:
            return found
        time.sleep(1)


KINDS = {kind.__name__: kind for kind in (http, hosts, tcp, proxy, ping, run, state)}


def main():
    """Exit status 1 if an answer is another."""
    asks = json.loads(sys.argv[1])
    with ThreadPoolExecutor(16) as pool:
        found = dict(zip(asks, pool.map(answer, asks, asks.values()), strict=True))
    for question, expected in asks.items():
        wrong = "" if found[question] == expected else f"   EXPECTED: {expected}"
        print(f"{question}: {found[question]}{wrong}")
    sys.exit(found != asks)


main()
