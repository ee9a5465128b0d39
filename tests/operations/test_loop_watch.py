"""A process whose event loop is blocked: whoever probes it is told so, at once."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
from aiohttp import web

from impactive_async.operations.loop_watch import watching
from tests.support import PATIENCE

AFTER: Final = 0.2
"""Seconds."""


@contextlib.asynccontextmanager
async def served(after: float = AFTER) -> AsyncIterator[int]:
    """A server that says ok, and is watched; its port."""

    async def ok(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.router.add_get("/{path:.*}", ok)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", 0)
    try:
        async with watching(list(server.sockets), after):
            yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


def ask(port: int, path: str = "/livez", method: str = "GET") -> tuple[int, str]:
    """Ask, as a probe does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()


def blocked_until_done(act: Callable[[], None]) -> None:
    """Do something in a thread while nothing else runs here, as code does that blocks a loop."""
    thread = threading.Thread(target=act)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/"])
async def test_a_blocked_loop_is_told(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """With the reason; the log says what it does. Once it turns again, it answers itself."""
    answers: list[tuple[int, str]] = []
    async with served() as port:
        with caplog.at_level(logging.WARNING, "impactive_async.operations"):
            blocked_until_done(lambda: answers.append(ask(port, path)))
        while answers[-1][0] != 200:
            answers.append(await asyncio.to_thread(ask, port, path))
    (status, text), *_ = answers
    assert (status, text[:34]) == (503, "the event loop has not turned for ")
    assert answers[-1] == (200, "ok\n")
    assert "blocked_until_done" in caplog.text


async def test_heads_have_no_body() -> None:
    """Some probes ask that way."""
    answers: list[tuple[int, str]] = []
    async with served() as port:
        blocked_until_done(lambda: answers.append(ask(port, method="HEAD")))
    assert answers == [(503, "")]


async def test_who_says_nothing_holds_up_nobody() -> None:
    """A connection that asks nothing is left after a second."""
    answers: list[tuple[int, str]] = []
    async with served() as port:
        with socket.create_connection(("127.0.0.1", port)):
            blocked_until_done(lambda: answers.append(ask(port)))
    assert [status for status, _ in answers] == [503]


async def test_a_loop_that_turns_answers_itself() -> None:
    """The thread takes no connection, and ends with the block."""
    async with served(after=PATIENCE) as port:
        answers = [await asyncio.to_thread(ask, port) for _ in range(3)]
        assert any(thread.name == "impactive-loop-watch" for thread in threading.enumerate())
    assert answers == [(200, "ok\n")] * 3
    assert all(thread.name != "impactive-loop-watch" for thread in threading.enumerate())
