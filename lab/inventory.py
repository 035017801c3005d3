# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running lab as Ansible and ssh see it: inventory, ansible.cfg and ssh_config below ``build/lab``."""

from __future__ import annotations

import ipaddress

import yaml

from lab import paths
from lab.guest import config
from lab.profile import Profile, site_links

MGMT_SUBNET = config.MGMT
SERVERS = ["198.51.100.10", "198.51.100.11", "198.51.100.12"]
URLS = [f"http://{server}/big.bin" for server in SERVERS]
CONCENTRATOR_ADDRESS = "203.0.113.2"
LAN_SUBNETS = ["192.168.1.0/24", "fd00:4c41:1::/64"]
SERVER_IPV6 = "2001:db8:100::10"

# One key exchange and one cipher that are cheap under emulation; everything stays on loopback.
_SSH_COMMON = """\
    User root
    IdentityFile {lab}/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile {lab}/known_hosts
    StrictHostKeyChecking accept-new
    LogLevel ERROR
    ConnectTimeout 30
    ServerAliveInterval 15
    ServerAliveCountMax 8
    KexAlgorithms curve25519-sha256
    Ciphers aes128-gcm@openssh.com
    ControlMaster auto
    ControlPersist 60m
    ControlPath {sockets}/%C
"""


def nodes(profile: Profile) -> tuple[str, ...]:
    """Return the names of the nodes that a lab with that profile has."""
    return config.nodes_of(profile.sites)


def ssh_config(profile: Profile, ssh_port: int | None) -> str:
    """Return the ssh configuration; ``ssh_port`` is the QEMU lab host's, None when this machine is the lab host."""
    common = _SSH_COMMON.format(lab=paths.LAB, sockets=paths.socket_dir())
    blocks = []
    jump = ""
    if ssh_port is not None:
        blocks.append(f"Host labhost\n    HostName 127.0.0.1\n    Port {ssh_port}\n{common}")
        jump = f"    ProxyCommand ssh -F {paths.SSH_CONFIG} -W %h:%p labhost\n"
    subnet = ipaddress.IPv4Network(MGMT_SUBNET)
    blocks += [f"Host {node}\n    HostName {subnet[config.NODES[node]]}\n{jump}{common}" for node in nodes(profile)]
    return "\n".join(blocks)


def inventory(profile: Profile) -> dict:
    """Return the inventory of the lab, the same shape that a user writes (inventory/example.yml)."""
    down_mbit, up_mbit = profile.capacity()
    sites = config.SITES[: profile.sites]
    benchmark = {
        "benchmark_server_addresses": SERVERS,
        "benchmark_urls": URLS,
        "benchmark_capacity": {"down_mbit": down_mbit, "up_mbit": up_mbit},
    }
    return {
        "all": {
            "vars": {
                # Instead of Ansible's own: the shared connections of ssh_config live as long as the lab.
                "ansible_ssh_args": f"-F {paths.SSH_CONFIG}",
                "ansible_python_interpreter": "/usr/bin/python3",
                "lab_bond_mode": "balance-rr",
                "lab_schedule": "mode",
                "lab_bonds": [{"bond_id": 0, "mode": "{{ lab_bond_mode }}", "schedule": "{{ lab_schedule }}"}],
                "lab_proxy": False,
                "lab_site_proxy": {"enabled": "{{ lab_proxy }}"},
                "lab_server_ipv6": SERVER_IPV6,
                # Whether the links keep their rates; with a played trace they do not.
                "lab_steady": not any(link.playback for link in profile.links),
            },
            "children": {
                "concentrators": {
                    "hosts": {
                        "concentrator": {
                            "linkagg_concentrator": {"address": CONCENTRATOR_ADDRESS, "interface": "eth0"},
                        }
                    }
                },
                "gateways": {
                    "hosts": {
                        gateway: {"linkagg_site": _site(profile, number)}
                        for number, (gateway, _client) in enumerate(sites, 1)
                    }
                },
                "lab_clients": {"hosts": {client: None for _gateway, client in sites}},
                "benchmark_clients": {"hosts": {"client": None}, "vars": benchmark},
                "benchmark_servers": {"hosts": {"internet": None}, "vars": benchmark},
                "lab_modems": {"hosts": {"modems": None}},
            },
        }
    }


def _site(profile: Profile, number: int) -> dict:
    return {
        "site_id": number,
        "lan": {"interface": "lan0", "subnets": LAN_SUBNETS},
        "links": site_links(profile, number),
        "bonds": "{{ lab_bonds }}",
        "proxy": "{{ lab_site_proxy }}",
    }


def ansible_cfg() -> str:
    """Return the ansible.cfg of the lab: with ``ANSIBLE_CONFIG`` set to it, playbooks run against the lab."""
    return f"""\
[defaults]
inventory = {paths.INVENTORY}
collections_path = {paths.COLLECTIONS}
local_tmp = {paths.LAB}/ansible-tmp
callback_result_format = yaml
display_skipped_hosts = false
forks = 10
gathering = explicit
host_key_checking = false
retry_files_enabled = false
timeout = 60

[connection]
pipelining = true
"""


def write(profile: Profile, ssh_port: int | None) -> None:
    """Write ssh_config, inventory and ansible.cfg of the lab that is coming up."""
    paths.socket_dir().mkdir(mode=0o700, parents=True, exist_ok=True)
    paths.INVENTORY.mkdir(parents=True, exist_ok=True)
    (paths.LAB / "known_hosts").unlink(missing_ok=True)
    paths.SSH_CONFIG.write_text(ssh_config(profile, ssh_port))
    (paths.INVENTORY / "hosts.yml").write_text("---\n" + yaml.safe_dump(inventory(profile), sort_keys=False))
    paths.ANSIBLE_CFG.write_text(ansible_cfg())
