"""Server-sent events, as a browser reads them, from both kinds of servers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from impactive_async.streaming import (
    EventStream,
    MissedEvents,
    StreamedEvent,
    aiohttp_response,
    server_sent,
    starlette_response,
)
from tests.examples.programs import serving
from tests.streaming.test_event_stream import Source, stream_of


@asynccontextmanager
async def aiohttp_served(stream: EventStream) -> AsyncIterator[str]:
    async def events(request: web.Request) -> web.StreamResponse:
        return await aiohttp_response(request, stream, heartbeat=0.01)

    app = web.Application()
    app.add_routes([web.get("/events", events)])
    async with TestServer(app) as server:
        yield str(server.make_url("/events"))


@asynccontextmanager
async def starlette_served(stream: EventStream) -> AsyncIterator[str]:
    async def events(request: Request) -> StreamingResponse:
        return starlette_response(request, stream, heartbeat=0.01)

    async with serving(Starlette(routes=[Route("/events", events)])) as url:
        yield f"{url}/events"


SERVERS = {"aiohttp": aiohttp_served, "starlette": starlette_served}


async def fields(response: aiohttp.ClientResponse, count: int) -> list[dict[str, str]]:
    """The next events that are no comments, as their fields."""
    found: list[dict[str, str]] = []
    while len(found) < count:
        block = (await response.content.readuntil(b"\n\n")).decode().strip()
        if not block.startswith((":", "retry:")):
            found.append(dict(line.split(": ", 1) for line in block.split("\n")))
    return found


@pytest.mark.parametrize("served", SERVERS.values(), ids=SERVERS)
async def test_a_browser_goes_on_where_it_was(served: Any) -> None:
    """By the id that it names when it comes back; what it cannot have any more is told."""
    source = Source()
    async with stream_of(source, keep=4) as stream, served(stream) as url, aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            assert response.content_type == "text/event-stream"
            assert (await response.content.readuntil(b"\n\n")).startswith(b"retry: ")
            assert await response.content.readuntil(b"\n\n") == b": alive\n\n"
            source.give(0, 1)
            assert await fields(response, 2) == [
                {"id": "0", "event": "deals", "data": "{}"},
                {"id": "1", "event": "deals", "data": "{}"},
            ]
        source.give(*range(2, 5))
        async with session.get(url, headers={"Last-Event-ID": "1"}) as response:
            assert [one["id"] for one in await fields(response, 3)] == ["2", "3", "4"]
        async with session.get(url, headers={"Last-Event-ID": "0"}) as response:
            missed, *others = await fields(response, 5)
            assert (missed["event"], json.loads(missed["data"])) == ("missed", {"count": None})
            assert [one["id"] for one in others] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("served", SERVERS.values(), ids=SERVERS)
async def test_a_browser_names_an_id_in_utf_8(served: Any) -> None:
    """Whatever the server takes headers for."""
    source = Source()
    async with stream_of(source) as stream, served(stream) as url, aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            source.give("größe 1", "größe 2")
            assert len(await fields(response, 2)) == 2
        async with session.get(url, headers={"Last-Event-ID": "größe 1"}) as response:
            assert [one["id"] for one in await fields(response, 1)] == ["größe 2"]


@pytest.mark.parametrize("served", SERVERS.values(), ids=SERVERS)
async def test_the_answer_ends_with_the_stream(served: Any) -> None:
    """And a later request is told that there is none."""
    source = Source()
    async with stream_of(source) as stream, served(stream) as url, aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            await response.content.readuntil(b"\n\n")
            source.give(1, None)
            assert b"id: 1\n" in await response.read()
        async with session.get(url) as response:
            assert (response.status, "ended" in await response.text()) == (503, True)


async def test_nothing_in_an_event_can_begin_another() -> None:
    """Line breaks in ids and types are left out."""

    async def evil() -> Any:
        yield StreamedEvent(id="a\nevent: x", type="t\r\ndata: y\0", data="{}")
        yield MissedEvents(3)

    pieces = [piece async for piece in server_sent(evil())]
    assert pieces[1:] == [
        b"id: aevent: x\nevent: tdata: y\ndata: {}\n\n",
        b'event: missed\ndata: {"count": 3}\n\n',
    ]
