# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs: processor time per GB by method, memory per connection through the proxy.

Nodes of the lab share one kernel, whose work cannot be told apart by node: processor time is that of the whole lab host
(both ends of the tunnels, modems, client and server), less what it takes while idle; of HAProxy it is that of each end.
``figures`` computes (pure), ``run`` measures.
"""
