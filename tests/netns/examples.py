# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of modules, found where they are, and what has to be there for them to run as they are written."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from ansible_collections.linkagg.wan.plugins.module_utils import _module
from ansible_collections.linkagg.wan.tests.netns.node import PROBES

# Not resolved: ansible_collections/linkagg/wan may be a link to the repository.
COLLECTION = Path(str(_module.__file__)).parents[2]
COLLECTIONS = COLLECTION.parents[2]

# What the reader has, and examples only refer to.
VARIABLES: dict[str, Any] = {
    "linkagg_site": {"site_id": 1, "links": [{"name": "lte1", "link_id": 1, "interface": "wwan0", "address": "dhcp"}]},
    "concentrator_public_key": "1/2RFGcd4ZYBrJCvDGe9GYTjLsXUjlTgNZO9xW+AAxY=",
    # Not of a provider: pppd talks to another one on the same machine.
    "dsl_options": 'noauth\nlocal\n10.99.0.2:10.99.0.1\npty "/usr/sbin/pppd notty noauth local 10.99.0.1:10.99.0.2"\n',
    # Two results of the module measure.
    "first": {"runs": [{"test": "tcp_1_down", "unit": "Mbit/s", "direction": "down", "goodput_mbit": 9.5}]},
    "second": {"runs": [{"test": "tcp_1_down", "unit": "Mbit/s", "direction": "down", "goodput_mbit": 9.7}]},
}
# Keys whose values are interfaces of the node.
INTERFACES = {"interface", "device", "port", "ports", "primary"}


@dataclass(frozen=True)
class Examples:
    """The examples of one plugin."""

    name: str
    tasks: list[dict[str, Any]]
    requirements: str

    def interfaces(self) -> list[str]:
        """The interfaces that must be there already: named, and not made by an example."""
        named = set(values([self.tasks, VARIABLES], INTERFACES))
        made = {name for task in self.tasks for name in made_by(task)}
        return sorted(named - made)

    def learnt(self) -> list[str]:
        """The interfaces whose next hop the node is to have learnt by DHCP."""
        routes = [route for some in self._arguments() for route in some.get("routes", [])]
        return sorted({route["device"] for route in routes if route.get("via") == "learn"})

    def servers(self) -> list[tuple[str, int]]:
        """Addresses and ports of the servers that are measured against, in the forms that the modules take."""
        found = set()
        for text in values(self.tasks, {"servers"}):
            bare = re.fullmatch(r"\[?([^\]]+?)\]?(?::(\d+))?", text)
            found.add((bare[1], int(bare[2] or 5201)))
        return sorted(found)

    def mirrors(self) -> list[tuple[str, int]]:
        """Addresses and ports of the web servers that are downloaded from."""
        parts = [urlsplit(url) for url in values(self.tasks, {"urls"})]
        return sorted((str(part.hostname), part.port or 80) for part in parts)

    def _arguments(self) -> list[dict[str, Any]]:
        return [value for task in self.tasks for value in task.values() if isinstance(value, dict)]

    def lacking(self) -> str:
        """What this machine lacks for them, or nothing."""
        if "systemd" in self.requirements:
            return "it would change the services of this machine"
        bonds = any(some.get("bonds") for some in self._arguments())
        kinds = set(values(self.tasks, {"kind", "kinds"})) | ({"bond"} if bonds else set())
        return ", ".join(filter(None, map(lacking, sorted(kinds))))


def lacking(kind: str) -> str:
    """Why this kernel cannot make a link, or a queueing discipline, of this kind; or nothing."""
    command = f"ip link add probe0 {PROBES[kind]}" if kind in PROBES else f"tc qdisc add dev lo root {kind}"
    done = subprocess.run(["unshare", "-n", "sh", "-c", command], capture_output=True, text=True, check=False)
    # A queueing discipline that is known can still ask for options.
    known = done.returncode == 0 or (kind not in PROBES and "unknown" not in done.stderr)
    return "" if known else f"this kernel has no {kind}"


def values(data: Any, keys: set[str], inside: bool = False) -> Iterator[str]:
    """All texts below these keys, without templates."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from values(value, keys, key in keys)
    elif isinstance(data, list):
        for value in data:
            yield from values(value, keys, inside)
    elif inside and isinstance(data, str) and "{{" not in data:
        yield data


def made_by(task: dict[str, Any]) -> Iterator[str]:
    """The names of the objects that a task lists."""
    for arguments in task.values():
        if isinstance(arguments, dict):
            yield from values(list(arguments.values()), {"name"})


def find(kind: str) -> dict[str, Examples]:
    """The examples of all plugins of a kind (``modules``, ``filter``), by the plugin's name."""
    found = {}
    for path in sorted((COLLECTION / "plugins" / kind).glob("*.py")):
        if path.stem == "__init__":
            continue
        texts = {
            statement.targets[0].id: statement.value.value
            for statement in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and isinstance(statement.value, ast.Constant)
        }
        requirements = yaml.safe_load(texts["DOCUMENTATION"]).get("requirements", [])
        found[path.stem] = Examples(path.stem, yaml.safe_load(texts["EXAMPLES"]), " ".join(requirements))
    return found
