# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server for tests: tells each client, as often as it asks, by which address and with which class it came.

``answering.py PORT...`` answers on TCP and UDP, IPv4 and IPv6, and prints ``ready`` first.
"""

from __future__ import annotations

import asyncio
import socket
import sys


async def _stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    peer = writer.get_extra_info("peername")[0].removeprefix("::ffff:")
    try:
        while await reader.readline():
            writer.write(f"{peer}\n".encode())
            await writer.drain()
    except OSError:  # a client that went with its link
        pass
    finally:
        writer.close()


def _datagrams(server: socket.socket) -> None:
    _data, ancillary, _flags, peer = server.recvmsg(2048, 128)
    classes = ((socket.IPPROTO_IP, socket.IP_TOS), (socket.IPPROTO_IPV6, socket.IPV6_TCLASS))
    traffic_class = next((data[0] for level, kind, data in ancillary if (level, kind) in classes), 0)
    asked = [item for item in ancillary if item[:2] == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)]
    answer = f"{peer[0].removeprefix('::ffff:')} {traffic_class >> 2}\n".encode()
    # From the address that was asked, without the interface.
    server.sendmsg([answer], [(level, kind, data[:16] + bytes(4)) for level, kind, data in asked], 0, peer)


async def main(ports: list[int]) -> None:
    for port in ports:
        await asyncio.start_server(_stream, sock=_socket(socket.SOCK_STREAM, port), backlog=512)
        server = _socket(socket.SOCK_DGRAM, port)
        server.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        asyncio.get_running_loop().add_reader(server, _datagrams, server)
    print("ready", flush=True)
    await asyncio.Event().wait()


def _socket(kind: socket.SocketKind, port: int) -> socket.socket:
    server = socket.socket(socket.AF_INET6, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    return server


if __name__ == "__main__":
    asyncio.run(main([int(word) for word in sys.argv[1:]]))
