# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that make keys on a node have in common: arguments, names, results, errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._engine.errors import EngineError
from ._engine.normal import interface_name
from ._kinds.wireguard import KEY_DIRECTORY
from ._persist.lock import locked

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

OPTIONS: dict[str, dict[str, Any]] = {
    "interfaces": {"type": "list", "elements": "str", "required": True},
    "directory": {"type": "path", "default": KEY_DIRECTORY},
}


def refuse_bad_names(interfaces: Sequence[str]) -> None:
    """EngineError names every name that is none of an interface."""
    problems = []
    for name in interfaces:
        try:
            interface_name(name)
        except ValueError as exc:
            problems.append(f"interfaces: {exc}")
    if problems:
        raise EngineError(problems)


def outcome(
    before: Sequence[str], after: Sequence[str], public_keys: Mapping[str, str], steps: Sequence[str]
) -> dict[str, Any]:
    """The module's result; ``before`` and ``after``: names of interfaces that have, or will have, what they need."""
    return {
        "changed": bool(steps),
        "public_keys": dict(public_keys),
        "before": list(before),
        "after": list(after),
        "diff": {"before": "".join(f"{name}\n" for name in before), "after": "".join(f"{name}\n" for name in after)},
        "steps": list(steps),
    }


def run(module: AnsibleModule, what: str, reconcile: Callable[[Any, Path, list[str]], dict[str, Any]]) -> None:
    """Reconcile under the lock, then exit; ``what`` is in the directory."""
    directory = module.params["directory"]
    try:
        with locked(make=not module.check_mode):
            result = reconcile(module, Path(directory), module.params["interfaces"])
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    except OSError as exc:
        module.fail_json(msg=f"{what} in {directory}: {exc}", problems=[str(exc)])
    module.exit_json(**result)
