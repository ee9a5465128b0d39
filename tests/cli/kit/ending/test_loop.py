"""A command does not wait for a name server at its end."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from impactive_async.cli.kit.ending.loop import command_loop
from tests.cli.support import invoke
from tests.support import PATIENCE

ENOUGH = PATIENCE / 2
"""Far longer than any command here takes, and shorter than a test may."""


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A name server that does not answer; the event ends what waits for it."""
    over = threading.Event()

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        over.wait(ENOUGH)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield over
    over.set()
    for looker in lookers():
        looker.join(PATIENCE)


def lookers() -> list[threading.Thread]:
    """The threads that still wait for a name server."""
    return [thread for thread in threading.enumerate() if thread.name == "impactive-names" and thread.is_alive()]


@pytest.mark.parametrize("url", ["redis://silent.example", "postgresql://silent.example/hub"])
def test_a_command_whose_time_is_up_ends(name_server: threading.Event, url: str) -> None:
    """It does not go on while the system asks a name server in vain."""
    outcome = invoke("hub", "status", "--hub", url, "--timeout", "0.1")
    assert lookers(), "the command has waited for the name server"
    assert outcome.code != 0
    assert "no answer in time" in outcome.err


def test_names_are_looked_up() -> None:
    """As asyncio does, with the same answer and the same errors."""

    async def look_up() -> None:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
        assert found == socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("127.0.0.1", "no such service")

    with asyncio.Runner(loop_factory=command_loop) as runner:
        runner.run(look_up())


def test_an_answer_after_the_end_reaches_nobody(name_server: threading.Event) -> None:
    """The loop is closed by then."""

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.get_running_loop().getaddrinfo("silent.example", 80), 0.01)

    with asyncio.Runner(loop_factory=command_loop) as runner:
        runner.run(give_up())
    (looker,) = lookers()
    name_server.set()
    looker.join(PATIENCE)
    assert not looker.is_alive()
