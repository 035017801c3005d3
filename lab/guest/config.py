# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab host is asked to build: the configuration file that the controller writes.

``{"lab_id": "lagg1", "rootfs": "/ro", "authorized_key": "ssh-ed25519 ...", "mgmt": "198.18.255.0/24",
"profile": Profile.to_guest()}``. The controller has validated the profile; here only the frame is checked.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from pathlib import Path

# Name and last byte of the management address of each node; the lab host itself is 1.
NODES = {
    "gateway": 11,
    "concentrator": 12,
    "client": 13,
    "internet": 14,
    "modems": 15,
    "gateway2": 16,
    "client2": 17,
}
# Of each site: its gateway, and a host on its LAN.
SITES = (("gateway", "client"), ("gateway2", "client2"))
SYSTEMD_NODES = ("gateway", "concentrator", "gateway2")
MGMT = "198.18.255.0/24"
# Where the lab's own directory appears inside of a node.
INSIDE = "/opt/linkagg-lab"
LAB_ID = r"[a-z][a-z0-9]{0,7}"


class GuestError(Exception):
    """A problem that the person at the keyboard can read and act upon."""


def nodes_of(sites: int) -> tuple[str, ...]:
    """Return the nodes of a lab with so many sites."""
    absent = {node for site in SITES[sites:] for node in site}
    return tuple(node for node in NODES if node not in absent)


@dataclass(frozen=True)
class Shape:
    """What one direction of a link does to packets: rate in Mbit/s, times in ms, loss in percent."""

    rate_mbit: float
    delay_ms: float
    jitter_ms: float = 0
    loss_percent: float = 0
    queue_packets: int = 60
    mtu: int = 1500


@dataclass(frozen=True)
class Trace:
    """A recording of capacity: one value per step and direction, played in a circle."""

    step_s: float
    down_mbit: tuple[float, ...]
    up_mbit: tuple[float, ...]

    def at(self, playback_s: float) -> tuple[float, float]:
        """Return (down, up) in Mbit/s at a time of the recording."""
        step = int(playback_s / self.step_s + 1e-6) % len(self.down_mbit)
        return self.down_mbit[step], self.up_mbit[step]


@dataclass(frozen=True)
class Link:
    """One modem. ``rate_mbit`` is (down, up), None while a trace is played instead; ``site`` counts from 1."""

    index: int
    name: str
    rate_mbit: tuple[float, float] | None
    trace: str | None
    offset_s: float
    delay_ms: float
    jitter_ms: float
    loss_percent: float
    queue_packets: int
    mtu: int
    modem_address: str
    gateway_address: str
    dhcp: bool
    nat: bool = True
    pppoe: bool = False
    site: int = 1

    @property
    def gateway(self) -> str:
        """Node that the modem is plugged into."""
        return SITES[self.site - 1][0]

    @property
    def interface(self) -> str:
        """Name of the link's interface on the gateway."""
        return f"wwan{self.index}"

    @property
    def namespace(self) -> str:
        """Name of the modem's network namespace in the modems container."""
        return f"modem{self.index}"


@dataclass(frozen=True)
class Lab:
    """A whole lab as configured."""

    lab_id: str
    rootfs: str
    authorized_key: str
    mgmt: ipaddress.IPv4Network
    profile: str
    links: tuple[Link, ...]
    traces: dict[str, Trace]

    @property
    def state(self) -> Path:
        """Directory on the lab host with everything that this lab remembers."""
        return state_dir(self.lab_id)

    @property
    def sites(self) -> tuple[tuple[str, str], ...]:
        """Gateway and client of each site."""
        return SITES[: max((link.site for link in self.links), default=1)]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes that this lab has."""
        return nodes_of(len(self.sites))

    @property
    def bridge(self) -> str:
        """Bridge of the management network on the lab host."""
        return f"{self.lab_id}-mgmt"

    def container(self, node: str) -> str:
        """Return podman's name for a node."""
        return f"{self.lab_id}-{node}"

    def address(self, node: str | None = None) -> str:
        """Return the management address of a node, or of the lab host."""
        return str(self.mgmt[NODES[node] if node else 1])

    def link(self, wanted: str) -> Link:
        """Return the link of that number or name; GuestError if there is none."""
        for link in self.links:
            if wanted in (str(link.index), link.name):
                return link
        known = ", ".join(f"{link.index} ({link.name})" for link in self.links)
        raise GuestError(f"there is no link {wanted!r} in profile {self.profile}; links: {known}")


def state_dir(lab_id: str) -> Path:
    """Return the directory on the lab host of the lab with that id."""
    return Path(f"/run/linkagg-lab-{lab_id}")


def load(path: str | Path) -> Lab:
    """Read a configuration file; GuestError says what is wrong with it."""
    try:
        raw = json.loads(Path(path).read_text())
    except OSError as error:
        raise GuestError(f"cannot read the lab's configuration: {error}") from error
    except ValueError as error:
        raise GuestError(f"{path} is not JSON: {error}") from error
    return parse(raw, str(path))


def parse(raw: dict, source: str = "configuration") -> Lab:
    """Return the lab that a configuration describes; GuestError for a wrong frame."""
    missing = [key for key in ("lab_id", "rootfs", "authorized_key", "profile") if not raw.get(key)]
    if missing:
        raise GuestError(f"{source}: missing: {', '.join(missing)}")
    if not re.fullmatch(LAB_ID, raw["lab_id"]):
        raise GuestError(f"{source}: lab_id {raw['lab_id']!r} does not match {LAB_ID}")
    profile = raw["profile"]
    return Lab(
        lab_id=raw["lab_id"],
        rootfs=raw["rootfs"],
        authorized_key=raw["authorized_key"].strip(),
        mgmt=ipaddress.IPv4Network(raw.get("mgmt", MGMT)),
        profile=profile["name"],
        links=tuple(_link(entry) for entry in profile["links"]),
        traces={
            name: Trace(entry["step_s"], tuple(entry["down_mbit"]), tuple(entry["up_mbit"]))
            for name, entry in profile.get("traces", {}).items()
        },
    )


def _link(entry: dict) -> Link:
    rate = entry.get("rate_mbit")
    return Link(**{**entry, "rate_mbit": tuple(rate) if rate else None})
