"""A port at which something else answers: said at once and by its name, not waited for."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from impactive_async.errors import ConfigurationError, HubError
from impactive_async.hub import Hub
from impactive_async.hub.reaching.strangers import unless_strange
from tests.hub.contract.test_lost_answers import impatient_hub

SCHEMES = ("redis", "redis+sentinel", "redis+cluster", "postgresql")


@asynccontextmanager
async def answering(answer: bytes, greeting: bytes = b"", tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve a port that answers all questions in one way, and then ends the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        if await reader.read(64):
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


def hub_at(scheme: str, port: int) -> Hub:
    path = "/master/0" if scheme.endswith("sentinel") else ""
    return impatient_hub(f"{scheme}://127.0.0.1:{port}{path}", "impactive")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("answer", "greeting", "name"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", "a web server"),
        (b"502 5.5.2 what?\r\n", b"220 mail ESMTP\r\n", "a server of another kind"),
        (b"", b"J\0\0\0\n8.0.35\0", "a server of another kind"),
        (b"ERROR\r\n", b"", "a server of another kind"),
    ],
)
async def test_a_server_of_another_kind_is_named(scheme: str, answer: bytes, greeting: bytes, name: str) -> None:
    """Whatever it does with what it does not understand: it answers in its language, or ends the connection."""
    async with answering(answer, greeting) as port, hub_at(scheme, port) as hub:
        with pytest.raises(ConfigurationError, match=f"what answers there is {name}, not a"):
            await hub.check()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_an_engine_of_another_kind_is_named(scheme: str) -> None:
    """The ports of the two engines are mixed up as easily as any."""
    answer, name = (
        (b"N", "a PostgreSQL server") if scheme.startswith("redis") else (b"-NOAUTH no\r\n", "a Redis server")
    )
    async with answering(answer) as port, hub_at(scheme, port) as hub:
        with pytest.raises(ConfigurationError, match=f"what answers there is {name}, not a"):
            await hub.check()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_port_with_tls_is_named(scheme: str) -> None:
    """A URL without TLS that leads to a port with it is a slip like any other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with answering(b"", tls=context) as port, hub_at(scheme, port) as hub:
        with pytest.raises(ConfigurationError, match="what answers there is a server that speaks TLS"):
            await hub.check()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_an_engine_that_only_ends_connections_may_come_back(scheme: str) -> None:
    """Behind a balancer of load an engine that is away looks like this; what it is cannot be known."""
    async with answering(b"") as port, hub_at(scheme, port) as hub:
        with pytest.raises(HubError):
            await hub.check()


async def test_a_first_call_that_is_slow_is_not_waited_for_where_a_stranger_answers() -> None:
    """A server that waits for more, as Redis does where it is greeted in PostgreSQL's language, is named."""
    given_up = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    async def ask() -> str:
        return "it is a web server"

    with pytest.raises(ConfigurationError, match="a web server"):
        await unless_strange(endless, ask, ConfigurationError)
    assert given_up.is_set()


async def test_what_answers_in_time_is_not_asked_what_it_is() -> None:
    """Nor is an engine that is slow and no stranger given up."""
    asked = 0

    async def ask() -> None:
        nonlocal asked
        asked += 1

    async def slow() -> str:
        while not asked:  # noqa: ASYNC110 - what asks sets no event
            await asyncio.sleep(0.01)
        return "at last"

    async def quick() -> str:
        return "at once"

    assert await unless_strange(quick, ask, ConfigurationError) == "at once"
    assert asked == 0
    assert await unless_strange(slow, ask, ConfigurationError) == "at last"
    assert asked == 1
