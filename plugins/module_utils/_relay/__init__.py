# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TCP relay: one connection over links whose rates change.

TCP waits for whatever is on a link that has just become slow, MPTCP with it. Here every link has a lane, which is UDP
with acknowledgements of its own. A lane never has more on its way than the link delivers within its round trip and a
short queue (lane.py), and what a link does not deliver in time goes over another one (session.py). The other end puts
streams together again (stream.py). It imports nothing of the other packages, so that the daemon stays small.
"""
