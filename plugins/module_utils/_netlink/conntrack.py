# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the kernel forget connections by their mark, so that their next packets are treated as new ones.

One message of ctnetlink: IPCTNL_MSG_CT_DELETE without a connection, with a mark and a mask (linux/netfilter/
nfnetlink_conntrack.h; ctnetlink_flush_conntrack in net/netfilter/nf_conntrack_netlink.c).
"""

from __future__ import annotations

import errno
import os
import socket
import struct

from .._engine.errors import KernelError

_NETLINK_NETFILTER = 12
_DELETE = 1 << 8 | 2  # of subsystem NFNL_SUBSYS_CTNETLINK
_REQUEST_AND_ANSWER = 0x1 | 0x4
_MARK, _MASK = 8, 21
_HEADER, _FAMILY, _ATTRIBUTE, _ERROR = struct.Struct("=IHHII"), struct.Struct("=BBH"), struct.Struct("=HH"), "=i"
_LIMIT_S = 5.0


def forget(mark: int, mask: int) -> None:
    """All connections whose mark has these bits under the mask. KernelError if the kernel does not."""
    body = _FAMILY.pack(socket.AF_UNSPEC, 0, 0)
    for kind, value in ((_MARK, mark), (_MASK, mask)):
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + 4, kind) + struct.pack("!I", value)
    message = _HEADER.pack(_HEADER.size + len(body), _DELETE, _REQUEST_AND_ANSWER, 1, 0) + body
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER) as kernel:
            kernel.settimeout(_LIMIT_S)
            kernel.sendto(message, (0, 0))
            answer = kernel.recv(4096)
    except OSError as exc:
        raise KernelError(exc.errno or errno.EIO, exc.strerror or str(exc)) from exc
    (code,) = struct.unpack_from(_ERROR, answer, _HEADER.size)
    if code:
        raise KernelError(-code, os.strerror(-code))
