"""Running the server over standard input and output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator
from typing import Any, Final, cast

from anyio import AsyncFile
from mcp.server import Server
from mcp.server.stdio import stdio_server

_AT_ONCE: Final = 1 << 16
"""Bytes that are read at once."""
_STDIN: Final = 0


async def run_stdio(server: Server[Any]) -> None:
    """Serve one client over standard input and output, until it closes its end."""
    lines = cast("AsyncFile[str]", _lines_of(_STDIN))
    async with stdio_server(stdin=lines) as (read_stream, write_stream):
        await server.run(read_stream, write_stream, server.create_initialization_options())


async def _lines_of(descriptor: int) -> AsyncIterator[str]:
    """Yield the lines of a descriptor.

    The SDK's own reader waits in a thread that nothing ends: after Ctrl-C the program would go on until the client
    closes its end. This thread ends with the program.
    """
    loop, chunks = asyncio.get_running_loop(), asyncio.Queue[bytes]()

    def read() -> None:
        chunk = b"begin"
        with contextlib.suppress(RuntimeError):  # the loop has ended
            while chunk:
                chunk = _read(descriptor)
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)

    threading.Thread(target=read, daemon=True, name="standard input").start()
    rest = b""
    while chunk := await chunks.get():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")


def _read(descriptor: int) -> bytes:
    """Return what is there; nothing at its end, or where it is closed."""
    try:
        return os.read(descriptor, _AT_ONCE)
    except OSError:
        return b""
