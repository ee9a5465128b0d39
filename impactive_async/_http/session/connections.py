"""Pooled connections: none is used that has ended, or that has received data since its last answer.

aiohttp checks only whether the end of a pooled connection was noticed. While the event loop was blocked or not
running, nothing was noticed: a request would be lost with its connection, or would get as its answer what the
server had sent before. So the socket itself is checked before a request. If it has data or its end to be read, the
connection is stale. If the event loop reads data from an idle connection, it closes the connection at once.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


class FreshConnector(aiohttp.TCPConnector):
    """A connector that hands out no stale connection."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # No public name says which protocol is used. Where this has no effect, no connection is used twice.
        self._factory = partial(_handler, loop=self._loop)

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        """Get a connection from the pool, or make one; see aiohttp."""
        while True:
            connection = await aiohttp.TCPConnector.connect(self, req, traces, timeout)
            protocol: Any = connection.protocol
            if not isinstance(protocol, _Handler):
                connection.add_callback(protocol.force_close)
            elif protocol.take():
                connection.add_callback(protocol.rest)
            else:
                connection.close()
                continue
            return connection


class _Handler(ResponseHandler):
    """The protocol of a connection. While the connection is in the pool, data that arrives closes it."""

    _idle = False
    _can_be_read: Callable[[], object] | None = None
    """Tells whether the socket has something to be read; `None` before the first request."""

    def take(self) -> bool:
        """Take the connection out of the pool; return whether it may be used."""
        self._idle = False
        if self._can_be_read is None:  # the first data on a new connection is its answer, stale or not
            self._can_be_read = _reader_of(self.transport)
            return True
        return not self._can_be_read()  # aiohttp has seen to it that it is connected

    def rest(self) -> None:
        """Watch for data from now on."""
        self._idle = True

    def data_received(self, data: bytes) -> None:
        """Read an answer, or close the connection. aiohttp itself calls this without data, to read on."""
        if not self._idle:
            ResponseHandler.data_received(self, data)  # `super()` would cost a tiny call half a per cent
        elif data:
            self.close()


def _handler(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _Handler(loop)


def drop_stale(connector: aiohttp.BaseConnector | None) -> None:
    """Close the stale connections in the pool of a connector that is not ours.

    aiohttp has no public name for the pool. If it is not found under its private name, nothing is closed.
    """
    for pooled in getattr(connector, "_conns", {}).values():
        for protocol, _ in pooled:
            if not protocol.is_connected() or protocol.should_close or _reader_of(protocol.transport)():
                protocol.close()


def _reader_of(transport: Any) -> Callable[[], object]:
    """Return a function that tells whether a socket has something to be read, be it its end."""
    socket = transport.get_extra_info("socket")
    return _nothing if socket is None else _look_at(socket.fileno())


def _nothing() -> bool:
    return False


if hasattr(select, "poll"):

    def _look_at(descriptor: int) -> Callable[[], object]:
        look = select.poll()
        look.register(descriptor, select.POLLIN)
        return partial(look.poll, 0)

else:  # pragma: no cover - Windows, where `select` is not bounded by a descriptor's number

    def _look_at(descriptor: int) -> Callable[[], object]:
        return lambda: select.select([descriptor], [], [], 0)[0]
