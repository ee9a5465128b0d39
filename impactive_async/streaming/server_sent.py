"""Server-sent events: what `EventSource` in a browser reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from impactive_async._checks import check_positive
from impactive_async.streaming.event_stream import EventStream, MissedEvents, StreamedEvent

if TYPE_CHECKING:
    from aiohttp import web
    from starlette.requests import Request
    from starlette.responses import StreamingResponse

HEARTBEAT: Final = 15.0
"""Seconds after which a comment is sent where no event is: proxies close connections that are silent."""
HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would gather events
}
_RETRY: Final = b"retry: 3000\n\n"
_BREAKS: Final = str.maketrans("", "", "\r\n\0")


async def server_sent(
    events: AsyncGenerator[StreamedEvent | MissedEvents, None], *, heartbeat: float = HEARTBEAT
) -> AsyncGenerator[bytes, None]:
    """Iterate over the pieces of a body of server-sent events.

    Each event has its id, its type (`event:`) and its JSON (`data:`). Events that were missed are one of the type
    `missed`, whose JSON tells how many, or `null`. A browser that comes back names the id it had last.

    Args:
        events: What `EventStream.subscribe` returns.
        heartbeat: Seconds after which a comment is sent where no event is.
    """
    check_positive(heartbeat, "heartbeat")
    pending: asyncio.Task[Any] | None = None
    try:
        yield _RETRY
        while True:
            pending = pending or asyncio.ensure_future(anext(events, None))
            await asyncio.wait({pending}, timeout=heartbeat)
            if not pending.done():
                yield b": alive\n\n"
                continue
            event, pending = pending.result(), None
            if event is None:
                return
            yield _text(event)
    finally:
        if pending is not None:
            pending.cancel()
            with suppress(asyncio.CancelledError):
                await pending
        await events.aclose()


def _text(event: StreamedEvent | MissedEvents) -> bytes:
    if isinstance(event, MissedEvents):
        return f"event: missed\ndata: {json.dumps({'count': event.count})}\n\n".encode()
    row_id, kind, data = (part.translate(_BREAKS) for part in (event.id, event.type, event.data))
    return f"id: {row_id}\nevent: {kind}\ndata: {data}\n\n".encode("utf-8", "replace")


async def aiohttp_response(
    request: web.Request, stream: EventStream, *, heartbeat: float = HEARTBEAT
) -> web.StreamResponse:
    """Answer a request of aiohttp's server with the events of a stream, until the browser goes or the stream ends.

    Where the stream has ended before, the answer is a 503, and the browser does not come back by itself.

    Args:
        request: The request; its `Last-Event-ID` says where to go on.
        stream: The stream, which runs.
        heartbeat: See `server_sent`.
    """
    from aiohttp import web

    if stream.over:
        return web.Response(status=503, text="The stream of events has ended.\n")
    response = web.StreamResponse(headers=HEADERS)
    await response.prepare(request)
    pieces = server_sent(stream.subscribe(request.headers.get("Last-Event-ID")), heartbeat=heartbeat)
    try:
        with suppress(ConnectionResetError):  # the browser has gone
            async for piece in pieces:
                await response.write(piece)
    finally:
        await pieces.aclose()
    return response


def starlette_response(
    request: Request, stream: EventStream, *, heartbeat: float = HEARTBEAT
) -> StreamingResponse:
    """Return the answer to a request of Starlette or FastAPI; see `aiohttp_response`."""
    from starlette.responses import StreamingResponse

    async def ended() -> AsyncGenerator[bytes, None]:
        yield b"The stream of events has ended.\n"

    if stream.over:
        return StreamingResponse(ended(), status_code=503, media_type="text/plain")
    last = request.headers.get("Last-Event-ID", "").encode("latin-1").decode("utf-8", "replace")
    pieces = server_sent(stream.subscribe(last), heartbeat=heartbeat)
    return StreamingResponse(pieces, headers=HEADERS)
