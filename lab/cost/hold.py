# Copyright: (c) 2026, linkagg.wan contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on nodes, by itself: ``serve PORT`` says back what it is told; ``open ADDRESS PORT COUNT`` opens so many
connections, asks over each, writes how many answered and in how many seconds, and holds them until its input ends."""

from __future__ import annotations

import asyncio
import resource
import sys
import time


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_echo, port=port, backlog=4096)
    async with server:
        await server.serve_forever()


async def _ask(address: str, port: int, at_once: asyncio.Semaphore) -> asyncio.StreamWriter | None:
    async with at_once:
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), 60)
            writer.write(b"x")
            return writer if await asyncio.wait_for(reader.read(1), 60) == b"x" else None
        except (OSError, TimeoutError):
            return None


async def _open(address: str, port: int, count: int) -> None:
    began, at_once = time.monotonic(), asyncio.Semaphore(50)
    held = await asyncio.gather(*(_ask(address, port, at_once) for _number in range(count)))
    print(sum(one is not None for one in held), round(time.monotonic() - began, 2), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if sys.argv[1] == "serve":
        asyncio.run(_serve(int(sys.argv[2])))
    else:
        asyncio.run(_open(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
