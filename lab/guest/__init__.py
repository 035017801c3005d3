# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the lab that runs on the lab host: nodes, modems, faults.

Standard library only, because it starts slowly enough under emulation; it needs iproute2, nftables and
podman on the lab host, and dnsmasq and sshd in the nodes' root file system. Start it as
``python3 -m guest`` from the directory above.
"""
