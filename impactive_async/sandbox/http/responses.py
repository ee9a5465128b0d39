"""Requests and responses of aiohttp, changed where a sandbox needs them otherwise."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

__all__ = [
    "ClosingResponse",
    "PlainResponse",
    "StreamedResponse",
    "close",
    "disconnect",
    "make_request",
]

_MOST_BYTES = 32 * 1024**2  # of a request body; aiohttp's own bound is 1 MiB


def make_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[None]",
) -> web.BaseRequest:
    """Make a request whose body may have 32 MiB: a batch of tens of thousands of contacts."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_MOST_BYTES)


class StreamedResponse(web.StreamResponse):
    """A response that has a `Date` header only if it was given one."""

    async def _prepare_headers(self) -> None:
        dated = "Date" in self.headers
        await super()._prepare_headers()
        if not dated:
            del self.headers["Date"]


class PlainResponse(StreamedResponse, web.Response):
    """A response with its whole body."""


class ClosingResponse(PlainResponse):
    """A response after which the connection closes, without a `Connection: close` that would announce it."""

    def __init__(self, request: web.BaseRequest, **parts: Any) -> None:
        super().__init__(**parts)
        self._connection_of = request

    async def write_eof(self, data: bytes = b"") -> None:
        """Write the rest, then close."""
        await super().write_eof(data)
        close(self._connection_of)


def disconnect(request: web.BaseRequest) -> web.StreamResponse:
    """Close the connection instead of answering."""
    close(request)
    return web.Response()  # aiohttp wants one; nothing of it can be written any more


def close(request: web.BaseRequest) -> None:
    """Close the connection of a request at once."""
    request.protocol.force_close()
