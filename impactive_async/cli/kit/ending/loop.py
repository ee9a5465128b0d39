"""The event loop of a command, which nothing holds up at its end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any


def command_loop() -> asyncio.AbstractEventLoop:
    """Make an event loop whose end does not wait for a name server.

    asyncio looks names up in threads that `asyncio.run` waits for, as the interpreter does at its exit: a command
    that was stopped, or whose time was up, would go on for as long as the system asks a name server in vain.
    """
    loop = asyncio.new_event_loop()
    loop.getaddrinfo = partial(_look_up, loop)  # type: ignore[method-assign]
    return loop


async def _look_up(loop: asyncio.AbstractEventLoop, *args: Any, **options: Any) -> list[Any]:
    """See `loop.getaddrinfo`."""
    found: asyncio.Future[list[Any]] = loop.create_future()

    def settle(act: Callable[[Any], None], value: Any) -> None:
        if not found.done():
            act(value)

    def ask() -> None:
        try:
            answer = socket.getaddrinfo(*args, **options)
        except Exception as error:
            told = partial(settle, found.set_exception, error)
        else:
            told = partial(settle, found.set_result, answer)
        with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(told)

    threading.Thread(target=ask, name="impactive-names", daemon=True).start()
    return await found
