# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A gateway and its concentrator as planned, in two namespaces with the links between them: the real parts, no modems.

The test itself runs on the gateway. Each link is a veth pair whose far end is the next hop and stands at the
concentrator's; the concentrator's public addresses are on its ``lo``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from ansible_collections.linkagg.wan.plugins.plugin_utils._plan.pipeline import make_plan
from ansible_collections.linkagg.wan.tests.netns.node import Node, enter, ip

HOST, CONCENTRATOR = "home", "vps"
PARTS = ("tunnels", "bonds", "links", "routes", "rules")


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Within another namespace."""
    with Path("/proc/thread-self/ns/net").open() as home:
        enter(f"/run/netns/{name}")
        try:
            yield
        finally:
            enter(f"/proc/self/fd/{home.fileno()}")


@dataclass
class Planned:
    """Both ends: ``far`` is the concentrator's namespace, ``nodes`` the plan's, with keys that are there."""

    node: Node
    inventory: dict[str, Any]
    far: str
    nodes: dict[str, Any]

    def at_concentrator(self) -> AbstractContextManager[None]:
        """Within the concentrator's namespace."""
        return inside(self.far)

    def replan(self, inventory: dict[str, Any]) -> None:
        """Another inventory over the same links."""
        self.inventory, self.nodes = inventory, plan(self.node, inventory)

    def apply(self) -> list[dict[str, Any]]:
        """Bring both ends to the plan; what the module says of the concentrator and of the gateway."""
        with self.at_concentrator():
            far = self._bring(CONCENTRATOR)
        return [far, self._bring(HOST)]

    def _bring(self, host: str) -> dict[str, Any]:
        desired = self.nodes[host]
        conf = self.node.keys / f"{host}.conf"
        conf.write_text(desired["sysctl"])
        subprocess.run(["sysctl", "-q", "-p", str(conf)], check=True)
        subprocess.run(
            ["nft", "-f", "-"],
            input="table inet linkagg\ndelete table inet linkagg\n" + desired["nft"],
            text=True,
            check=True,
        )
        lists = {part: desired[part] for part in PARTS}
        options = {"persist": True, "state_directory": str(self.node.keys / f"state-{host}")}
        result = self.node.module("network", **lists, **options, purge=True)
        assert not result.get("failed"), result
        return result


def plan(node: Node, inventory: dict[str, Any]) -> dict[str, Any]:
    """``nodes`` of the plan, with WireGuard keys made for the test."""
    nodes = make_plan(inventory)["nodes"]
    keys = {host: {name: node.key(f"{host}-{name}") for name in nodes[host]["key_interfaces"]} for host in nodes}
    public = {host: {name: key for name, (_path, key) in found.items()} for host, found in keys.items()}
    nodes = make_plan(inventory, public)["nodes"]
    for host, found in keys.items():
        for tunnel in nodes[host]["tunnels"]:
            if tunnel["name"] in found:
                tunnel["private_key_file"] = found[tunnel["name"]][0]
    return nodes


@contextmanager
def planned(node: Node, inventory: dict[str, Any]) -> Iterator[Planned]:
    """The two namespaces with their links, nothing of ours applied yet. The inventory has ``home`` and ``vps``."""
    site = Planned(node, inventory, f"{node.name}-vps", plan(node, inventory))
    links, concentrator = inventory["sites"][HOST]["links"], inventory["concentrators"][CONCENTRATOR]
    ip(f"netns add {site.far}")
    try:
        ip(f"-n {site.far} link set lo up")
        for address in [concentrator["address"], *concentrator.get("addresses", ())]:
            ip(f"-n {site.far} addr add {address} dev lo")
        for link in links:
            near, far, mtu = link["interface"], f"modem{link['link_id']}", link.get("mtu", 1500)
            ip(f"link add {near} mtu {mtu} type veth peer name {far} mtu {mtu} netns {site.far}")
            length = link["address"].partition("/")[2]
            ip(f"-n {site.far} addr add {link['next_hop']}/{length} dev {far}{' nodad' if ':' in length else ''}")
            ip(f"-n {site.far} link set {far} up")
        yield site
    finally:
        subprocess.run(["ip", "netns", "del", site.far], check=False, capture_output=True)


@contextmanager
def client_and_server(site: Planned, lan: list[str], internet: list[str]) -> Iterator[tuple[str, str]]:
    """A client on the LAN and a server beyond the concentrator, each a namespace with an ``eth0``.

    ``lan`` and ``internet`` are their addresses with prefix length; the router's is the first of that subnet.
    """
    names = (f"{site.node.name}-client", f"{site.node.name}-server")
    try:
        for name, device, addresses in zip(names, ("lan0", "eth0"), (lan, internet), strict=True):
            with site.at_concentrator() if device == "eth0" else nullcontext():
                ip(f"netns add {name}")
                ip(f"link add {device} type veth peer name eth0 netns {name}")
                ip(f"link set {device} up")
                ip(f"-n {name} link set eth0 up")
                for address in map(ip_interface, addresses):
                    router, nodad = next(address.network.hosts()), " nodad" if address.version == 6 else ""
                    ip(f"addr add {router}/{address.network.prefixlen} dev {device}{nodad}")
                    ip(f"-n {name} addr add {address} dev eth0{nodad}")
                    ip(f"-n {name} -{address.version} route add default via {router}")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
