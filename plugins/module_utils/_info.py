# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reading modules have in common: all of ours, in the words in which it can be wished for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._engine.errors import KernelError
from ._engine.objects import Obj
from ._engine.report import as_items
from ._engine.tables import Kind
from ._netlink import library

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

INFO_OPTIONS: dict[str, dict[str, Any]] = {"all": {"type": "bool", "default": False}}


def run(module: AnsibleModule, lists: Mapping[str, Sequence[Kind]], single: Collection[str] = ()) -> None:
    """Read, exit. ``lists`` are the argument lists of the reconciling module, by which the results are named;
    ``single`` are those that it takes as one dictionary, as the node has one such object.
    """
    if library.PROBLEM:
        module.fail_json(msg=library.PROBLEM, exception=library.PROBLEM_DETAILS or None)
    try:
        result = _read(lists, module.params["all"])
    except KernelError as exc:
        module.fail_json(msg=f"the kernel's state could not be read: {exc.reason}")
    except PermissionError as exc:
        module.fail_json(msg=f"{exc}: run this module as root (become: true)")
    for name in single:
        result[name] = result[name][0] if result[name] else {}
        result.get("others", {}).pop(name, None)
    module.exit_json(changed=False, **result)


def _read(lists: Mapping[str, Sequence[Kind]], others: bool) -> dict[str, Any]:
    from ._netlink.kernel import NetlinkKernel  # pyroute2 loads slowly on small routers: not before it is needed

    kinds = {kind.name: kind for group in lists.values() for kind in group}
    with NetlinkKernel() as kernel:
        objects: list[Obj] = kernel.listing(kinds, others=others)
    ours, theirs = as_items(objects, lists)
    return {**ours, "others": theirs} if others else ours
