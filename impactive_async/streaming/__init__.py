"""Fan-out: one reader of events, and any number of browsers or other subscribers."""

from impactive_async.streaming.event_stream import EventStream, MissedEvents, StreamedEvent, streamed
from impactive_async.streaming.server_sent import aiohttp_response, server_sent, starlette_response

__all__ = [
    "EventStream",
    "MissedEvents",
    "StreamedEvent",
    "aiohttp_response",
    "server_sent",
    "starlette_response",
    "streamed",
]
