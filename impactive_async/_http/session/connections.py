"""Pooled connections: none is used that has ended, or that has received data since its last answer.

aiohttp checks only whether the end of a pooled connection was noticed. While the event loop was blocked or not
running, nothing was noticed: a request would be lost with its connection, or would get as its answer what the
server had sent before. So the socket itself is checked before a request. If it has data or its end to be read, the
connection is stale. If the event loop reads data from an idle connection, it closes the connection at once.
"""

from __future__ import annotations

import select
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


class FreshConnector(aiohttp.TCPConnector):
    """A connector that hands out no stale connection."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        """Get a connection from the pool, or make one; see aiohttp."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol: Any = connection.protocol
            watching = vars(protocol).pop("data_received", None)
            watch = IdleWatch(protocol) if watching is None else watching.__self__
            # The first data on a new connection is its answer, stale or not.
            if watching is not None and watch.is_stale():
                connection.close()
                continue
            connection.add_callback(watch.begin)
            return connection


class IdleWatch:
    """Watches one connection while it is in the pool: data that arrives there closes it.

    It takes the place of `data_received` of the connection's protocol, which also tells that the connection was
    used before.
    """

    __slots__ = ("_can_be_read", "_protocol")

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._can_be_read = _reader_of(protocol.transport)

    def begin(self) -> None:
        """Watch from now on."""
        self._protocol.data_received = self.data_received

    def data_received(self, data: bytes) -> None:
        """Close the connection."""
        if data:  # aiohttp itself calls this without data, to go on with what it has
            self._protocol.close()

    def is_stale(self) -> bool:
        """Whether the connection has ended, or has received data."""
        transport = self._protocol.transport
        over = transport is None or transport.is_closing() or self._protocol.should_close
        return over or bool(self._can_be_read())


def drop_stale(connector: aiohttp.BaseConnector | None) -> None:
    """Close the stale connections in the pool of a connector that is not ours.

    aiohttp has no public name for the pool. If it is not found under its private name, nothing is closed.
    """
    for pooled in getattr(connector, "_conns", {}).values():
        for protocol, _ in pooled:
            if protocol.transport is None or IdleWatch(protocol).is_stale():
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
