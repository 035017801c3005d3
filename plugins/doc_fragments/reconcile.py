# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that reconciles a list, as in ``COMMON_OPTIONS`` of module_utils/_module.py."""

from __future__ import annotations


class ModuleDocFragment:
    """``extends_documentation_fragment: linkagg.wan.reconcile``; for a module with a state of its own
    ``linkagg.wan.reconcile.persist``.
    """

    DOCUMENTATION = r"""
requirements:
  - python >= 3.11
  - pyroute2 >= 0.7.2
options:
  state:
    description:
      - V(present) makes the listed objects be as described, V(absent) removes them.
    type: str
    choices: [present, absent]
    default: present
  purge:
    description:
      - Also remove what this module made earlier and that is not listed. Nothing that is not ours is touched.
    type: bool
    default: false
  adopt:
    description:
      - What is there already under the name or key of a listed object and is not ours is an error. With V(true)
        it becomes ours. It is changed in place if the kernel can do that, and otherwise made again.
      - A link of a kind that this module does not make is never adopted.
    type: bool
    default: false
  persist:
    description:
      - Whether a restart of the node brings back what this leaves behind, see M(linkagg.wan.agent). What is
        removed is forgotten, too.
    type: bool
    default: true
  state_directory:
    description:
      - Where that is saved. The agent of the node looks into the directory that is the default.
    type: path
    default: /etc/linkagg/state
notes:
  - After all steps the kernel is read back and compared. If a step fails, or the kernel shows something else than
    was asked for, all that this run has done is undone, and the error names the step, the object, the keys and
    the kernel's reason.
  - Told to end (SIGTERM, SIGINT or SIGHUP, as by Ctrl-C or a cancelled job), it finishes the step that it is at, undoes
    what it has done, and fails. After the last step it goes on to the end, so that what is there is saved as well.
"""

    # Literals both, as ansible-test wants them; a unit test holds them together.
    PERSIST = r"""
options:
  persist:
    description:
      - Whether a restart of the node brings back what this leaves behind, see M(linkagg.wan.agent). What is
        removed is forgotten, too.
    type: bool
    default: true
  state_directory:
    description:
      - Where that is saved. The agent of the node looks into the directory that is the default.
    type: path
    default: /etc/linkagg/state
"""
