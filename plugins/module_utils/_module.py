# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reconciling modules have in common: arguments in, one reconciliation, results out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ._engine.errors import EngineError, KernelError
from ._engine.objects import Obj
from ._engine.planner import Kinds
from ._engine.reconcile import Outcome, reconcile
from ._netlink import library

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ._netlink.kernel import NetlinkKernel

COMMON_OPTIONS: dict[str, dict[str, Any]] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
}


def run(
    module: AnsibleModule,
    kinds: Kinds,
    parse: Callable[[], Sequence[Obj]],
    prepare: Callable[[NetlinkKernel, Sequence[Obj]], Sequence[Obj]] = lambda kernel, want: want,
) -> None:
    """Parse, reconcile, exit. ``prepare`` fills in what only the node knows."""
    if library.PROBLEM:
        module.fail_json(msg=library.PROBLEM, exception=library.PROBLEM_DETAILS or None)
    try:
        outcome = _reconcile(module, kinds, parse(), prepare)
    except EngineError as exc:
        module.fail_json(msg="\n".join(exc.problems), problems=exc.problems)
    except KernelError as exc:
        module.fail_json(msg=f"the kernel's state could not be read: {exc.reason}", problems=[exc.reason])
    except PermissionError as exc:
        module.fail_json(msg=f"{exc}: run this module as root (become: true)", problems=[str(exc)])
    module.exit_json(**outcome.result())


def _reconcile(
    module: AnsibleModule,
    kinds: Kinds,
    want: Sequence[Obj],
    prepare: Callable[[NetlinkKernel, Sequence[Obj]], Sequence[Obj]],
) -> Outcome:
    from ._netlink.kernel import NetlinkKernel  # pyroute2 loads slowly on small routers: not before it is needed

    with NetlinkKernel() as kernel:
        return reconcile(
            kernel,
            kinds,
            prepare(kernel, want) if module.params["state"] == "present" else want,
            state=module.params["state"],
            purge=module.params["purge"],
            check=module.check_mode,
        )
