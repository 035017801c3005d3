#!/usr/bin/python
# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Say what is missing on a node, before anything is touched
version_added: "0.1.0"
description:
  - Looks for the interfaces of links, for kernel parts, for programs and for pyroute2, and reports all that
    is missing at
    once. It never changes anything, and it does not fail, so that the caller can gather the problems of all
    nodes.
  - Also tells what only the node knows and a plan has to take into account.
  - Of ports that are to be used it says which other program has them.
  - Kernel parts are tried in a network namespace of their own, which is thrown away.
options:
  links:
    description:
      - The links of the site, as in the inventory (C(linkagg_site.links)).
    type: list
    elements: dict
    default: []
  policies:
    description:
      - The policies of the site, as in the inventory (C(linkagg_site.policies)), whose domains this node must be able
        to resolve.
    type: list
    elements: dict
    default: []
  kinds:
    description:
      - Kinds of interfaces that the kernel has to know. V(mptcp), V(tproxy) and V(bbr) are none, and needed for the
        proxy; nor are V(cake) and V(htb), by which links are shaped.
    type: list
    elements: str
    choices: [wireguard, tun, ppp, pppoe, gretap, vxlan, bond, bbr, cake, htb, mptcp, tproxy]
    default: []
  programs:
    description:
      - Programs that have to be there.
    type: list
    elements: str
    default: [wg, nft]
  packages:
    description:
      - The Debian package that has a program, by the name of the program, where it is called otherwise.
    type: dict
    default: {}
  ports:
    description:
      - Ports at which something of ours is to listen or which are to be forwarded, as P(linkagg.wan.plan_ports#filter)
        lists them. If another program has one, this is a problem.
    type: list
    elements: dict
    default: []
    suboptions:
      protocol:
        description: Of the port.
        type: str
        choices: [tcp, udp]
        required: true
      port:
        description: One port, or a range such as V(5000-5100).
        type: str
        required: true
      used_for:
        description: What it is needed for, in words.
        type: str
        required: true
      addresses:
        description: At which addresses of the node. At all of them, if there are none.
        type: list
        elements: str
        default: []
      interface:
        description: The WireGuard interface that listens there when all is as it should be.
        type: str
        default: ""
      kernel:
        description: Whether sockets of the kernel itself may be there, as those of vxlan, which share a port.
        type: bool
        default: false
attributes:
  check_mode:
    description: It never changes anything.
    support: full
  diff_mode:
    description: It never changes anything.
    support: none
  platform:
    description: Linux 5.10 or newer.
    platforms: linux
    support: full
author:
  - linkagg.wan contributors (@linkagg)
"""

EXAMPLES = r"""
- name: What is missing
  linkagg.wan.preflight:
    links: "{{ linkagg_site.links }}"
    kinds: [wireguard, gretap, bond]
  register: missing

- name: Say it
  ansible.builtin.assert:
    that: missing.problems | length == 0
    fail_msg: "{{ missing.problems | join('\n') }}"
"""

RETURN = r"""
problems:
  description: What is missing, one sentence each, with what to do about it.
  returned: always
  type: list
  elements: str
missing_packages:
  description:
    - Debian packages with the programs and the library that are missing, for the caller to install. On a node without
      apt they are among RV(problems) instead.
  returned: always
  type: list
  elements: str
addresses:
  description:
    - Addresses with prefix length by interface, without link-local ones and loopback.
    - P(linkagg.wan.plan_problems#filter) holds those of links against what is taken.
  returned: always
  type: dict
  sample: {wwan0: [192.168.8.100/24]}
ra_interfaces:
  description:
    - Interfaces whose kernel learns IPv6 from router advertisements, that is those over which it has learnt a default
      route, and those that are to go on with it while the node is a router (C(accept_ra) 2).
    - Where some other program takes the advertisements, such as systemd-networkd, this is not the case.
  returned: always
  type: list
  elements: str
"""

import importlib.util
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.linkagg.wan.plugins.module_utils._netlink.names import Lookup, lookup, resolve
from ansible_collections.linkagg.wan.plugins.module_utils._preflight import kinds
from ansible_collections.linkagg.wan.plugins.module_utils._preflight.listeners import (
    listeners,
    taken,
    wanted,
    wireguard_ports,
)

INTERFACES = Path("/sys/class/net")
IPV6_SETTINGS = Path("/proc/sys/net/ipv6/conf")
NO_INTERFACE = ("all", "default")
PACKAGES = {"wg": "wireguard-tools", "nft": "nftables", "unshare": "util-linux", "ip": "iproute2"}


def missing_interfaces(links: Sequence[Mapping[str, Any]], present: Sequence[str]) -> list[str]:
    """Links whose interface the node does not have."""
    there = ", ".join(sorted(set(present) - {"lo"})) or "none"
    return [
        f"link {link.get('name', '?')}: interface: {link['interface']} does not exist on this node (it has: {there}). "
        "Plug the modem in, or correct the name"
        for link in links
        if link.get("interface") and link["interface"] not in present
    ]


def unresolved_domains(policies: Sequence[Mapping[str, Any]], look: Lookup = lookup) -> list[str]:
    """Domains of policies that have no address."""
    wanted = []
    for policy in policies:
        match = policy.get("match")
        domains = match.get("domains") if isinstance(match, Mapping) else None
        listed = domains if isinstance(domains, Sequence) and not isinstance(domains, str) else ()
        wanted += [(str(policy.get("name", "?")), name) for name in listed if isinstance(name, str)]
    _found, failed = resolve((name for _policy, name in wanted), look)
    return [
        f"policy {policy}: domains: '{name}' does not resolve on this node ({failed[name].rstrip('.')}). Correct the "
        "name, or see to the resolver of the node (/etc/resolv.conf)"
        for policy, name in wanted
        if name in failed
    ]


def missing_software(module: AnsibleModule, programs: Sequence[str], packages: Mapping[str, str]) -> dict[str, str]:
    """Programs that are not in the path, and pyroute2 if the Python that runs modules lacks it -> their packages.

    pyroute2 is not loaded, which takes long on small routers.
    """
    known = {**PACKAGES, **packages}
    missing = {f"the program {name}": known.get(name, name) for name in programs if not module.get_bin_path(name)}
    if importlib.util.find_spec("pyroute2") is None:
        missing["the Python library pyroute2"] = "python3-pyroute2"
    return missing


def missing_kinds(module: AnsibleModule, asked: Sequence[str]) -> list[str]:
    """Kinds of which no interface can be made in a namespace of its own."""
    ip, unshare = module.get_bin_path("ip"), module.get_bin_path("unshare")
    if not asked:
        return []
    if not ip or not unshare:
        return [
            "kernel parts could not be tried: the programs ip (package iproute2) and unshare (util-linux) are needed"
        ]
    script = kinds.script(asked, {"{ip}": ip, "{nft}": module.get_bin_path("nft"), "{tc}": module.get_bin_path("tc")})
    code, output, errors = module.run_command([unshare, "--net", "--", "sh", "-c", script])
    if code:
        return [f"kernel parts could not be tried in a namespace of their own: {errors.strip()}. Run this as root"]
    return kinds.refused(output)


def shown(module: AnsibleModule, *arguments: str) -> list[dict[str, Any]]:
    """What ``ip -json`` lists; nothing where it cannot, since this is no reason to stop."""
    ip = module.get_bin_path("ip")
    code, output, _errors = module.run_command([ip, "-json", *arguments]) if ip else (1, "", "")
    try:
        listed = json.loads(output or "[]") if code == 0 else []
    except ValueError:
        return []
    return [element for element in listed if element]


def addresses_in(listed: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Of ``ip -json address``: interface -> its addresses with prefix length, as far as others can use them."""
    found = {
        link["ifname"]: [
            f"{address['local']}/{address['prefixlen']}"
            for address in link.get("addr_info", ())
            if address.get("local") and address.get("scope") not in ("link", "host")
        ]
        for link in listed
        if link.get("ifname")
    }
    return {interface: addresses for interface, addresses in found.items() if addresses}


def learning(listed: Sequence[Mapping[str, Any]], settings: Path) -> list[str]:
    """Interfaces whose kernel learns by router advertisements. ``listed``: ``ip -json -6 route show default proto ra``,
    whose routes some other program may have made from them (then the kernel's accept_ra is 0)."""
    over = {hop.get("dev") for route in listed for hop in (route, *route.get("nexthops", ()))}
    return sorted(
        name
        for name, accept in accepting(settings)
        if name not in NO_INTERFACE and (accept == "2" or (accept != "0" and name in over))
    )


def accepting(settings: Path) -> Iterator[tuple[str, str]]:
    """(interface, accept_ra) of each interface with IPv6."""
    for path in settings.glob("*/accept_ra"):
        try:
            yield path.parent.name, path.read_text().strip()
        except OSError:  # the interface has just gone
            continue


PORT = {
    "protocol": {"type": "str", "choices": ["tcp", "udp"], "required": True},
    "port": {"type": "str", "required": True},
    "used_for": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "interface": {"type": "str", "default": ""},
    "kernel": {"type": "bool", "default": False},
}


def is_ours(process: int) -> bool:
    """Whether a process belongs to this collection: its unit or a file that it was started with is called so."""
    there = Path("/proc") / str(process)
    try:
        return any(b"/linkagg" in (there / name).read_bytes() for name in ("cgroup", "cmdline"))
    except OSError:  # it has just ended
        return False


def taken_ports(module: AnsibleModule) -> list[str]:
    """Ports that others have; nothing where nobody can say."""
    ss, wg = module.get_bin_path("ss"), module.get_bin_path("wg")
    if not module.params["ports"] or not ss:
        return []
    try:
        wishes = [wanted(item) for item in module.params["ports"]]
    except ValueError as exc:
        module.fail_json(msg=f"ports: {exc}")
    options = ["--no-header", "--numeric", "--listening", "--tcp", "--udp", "--processes"]
    _code, shown_by_ss, _errors = module.run_command([ss, *options])
    _code, shown_by_wg, _errors = module.run_command([wg, "show", "all", "listen-port"]) if wg else (0, "", "")
    return taken(wishes, listeners(shown_by_ss), wireguard_ports(shown_by_wg), is_ours)


def main() -> None:
    """Run as an Ansible module."""
    module = AnsibleModule(
        argument_spec={
            "links": {"type": "list", "elements": "dict", "default": []},
            "policies": {"type": "list", "elements": "dict", "default": []},
            "kinds": {"type": "list", "elements": "str", "choices": list(kinds.ALL), "default": []},
            "programs": {"type": "list", "elements": "str", "default": ["wg", "nft"]},
            "packages": {"type": "dict", "default": {}},
            "ports": {"type": "list", "elements": "dict", "default": [], "options": PORT},
        },
        supports_check_mode=True,
    )
    problems = missing_interfaces(module.params["links"], os.listdir(INTERFACES))
    problems += unresolved_domains(module.params["policies"])
    missing = missing_software(module, module.params["programs"], module.params["packages"])
    packages = sorted(set(missing.values())) if module.get_bin_path("apt-get") else []
    if not packages:
        problems += [f"{name} is missing: install the package {package}" for name, package in missing.items()]
    problems += missing_kinds(module, module.params["kinds"])
    problems += taken_ports(module)
    module.exit_json(
        changed=False,
        problems=problems,
        missing_packages=packages,
        addresses=addresses_in(shown(module, "address")),
        ra_interfaces=learning(shown(module, "-6", "route", "show", "default", "proto", "ra"), IPV6_SETTINGS),
    )


if __name__ == "__main__":
    main()
