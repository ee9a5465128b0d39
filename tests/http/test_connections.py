"""Pooled connections on which something happened while nobody looked."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler

from impactive_async import APIError, AsyncClient, Contact
from impactive_async._http.session.connections import FreshConnector
from tests.support import KEY, http, outcome, spin


def person(name: str) -> bytes:
    body = f'{{"id":"{name}","firstName":"Ada","lastName":"Lovelace"}}'.encode()
    return http(f"200 OK\nContent-Type: application/json\nContent-Length: {len(body)}", body)


ADA, STRANGER = person("ada"), person("stranger")
UNENDED = http("408 Request Timeout\nContent-Length: 100", b"half")


class Host:
    """A server in a thread of its own: it acts also while the client's loop is blocked.

    On its first connection it answers one request, and then does what `afterwards` does; on the others it answers
    every request.
    """

    def __init__(self, listener: socket.socket, afterwards: Callable[[socket.socket], None]) -> None:
        self.listener = listener
        self.afterwards = afterwards
        self.act = threading.Event()
        self.acted = threading.Event()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.connections = 0
        self._open: list[socket.socket] = []

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self.converse, args=(connection, self.connections == 1), daemon=True).start()

    def converse(self, connection: socket.socket, first: bool) -> None:
        with connection:
            while self.read_request(connection):
                connection.sendall(ADA)
                if first:
                    self.act.wait(60)
                    self.afterwards(connection)
                    self.acted.set()
                    self.linger(connection)
                    break

    def linger(self, connection: socket.socket) -> None:
        """Read what comes and say nothing."""
        try:
            while connection.recv(65536):
                pass
        except OSError:
            pass

    def read_request(self, connection: socket.socket) -> bytes:
        text = b""
        try:
            while b"\r\n\r\n" not in text:
                part = connection.recv(65536)
                if not part:
                    return b""
                text += part
            head, _, body = text.partition(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            left = int(lengths[0][15:]) - len(body) if lengths else 0
            while left > 0:
                left -= len(connection.recv(left))
        except OSError:
            return b""
        return text

    def close(self) -> None:
        self.listener.close()
        for connection in self._open:
            connection.close()


@contextmanager
def host(afterwards: Callable[[socket.socket], None]) -> Iterator[Host]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Host(listener, afterwards)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join(10)


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def say(what: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(what)


AFTERWARDS = {
    "hangs up": hang_up,
    "resets": reset,
    "answers unasked": say(STRANGER),
    "begins an answer": say(UNENDED),
    "half a status line": say(b"HTTP/1.1 2"),
    "an empty line": say(b"\r\n"),
}

BORROWED: dict[str, Callable[[], dict[str, Any]]] = {
    "our session": dict,
    "a given connector": lambda: {"connector": aiohttp.TCPConnector()},
    "a borrowed session": lambda: {"session": aiohttp.ClientSession()},
}


def block_while(server: Host) -> None:
    """Block the loop, as pandas or a frozen Lambda does, until the server has acted."""
    server.act.set()
    assert server.acted.wait(60)


async def create(crm: AsyncClient) -> Contact:
    return await crm.contacts.create(first_name="Ada", last_name="Lovelace")


@pytest.mark.parametrize("options", BORROWED.values(), ids=BORROWED)
@pytest.mark.parametrize("afterwards", AFTERWARDS.values(), ids=AFTERWARDS)
async def test_a_stale_connection_is_not_used(
    afterwards: Callable[[socket.socket], None], options: Callable[[], dict[str, Any]]
) -> None:
    """What the server does while the loop is blocked costs a new connection, and never a create."""
    given = options()
    with host(afterwards) as server:
        async with AsyncClient(KEY, base_url=server.url, max_retries=0, timeout=20, **given) as crm:
            await create(crm)
            block_while(server)
            assert (await create(crm)).id == "ada"
        assert server.connections == 2
    if "session" in given:
        await given["session"].close()


@pytest.mark.parametrize("afterwards", AFTERWARDS.values(), ids=AFTERWARDS)
async def test_a_read_gets_no_answer_of_before(afterwards: Callable[[socket.socket], None]) -> None:
    """A request that could be repeated is protected as well: it would be given another's answer."""
    with host(afterwards) as server:
        async with AsyncClient(KEY, base_url=server.url, max_retries=0, timeout=20) as crm:
            await create(crm)
            block_while(server)
            answer = await crm.request("GET", "/api/zapier/auth/test")
            assert answer["id"] == "ada"


@pytest.mark.parametrize("afterwards", AFTERWARDS.values(), ids=AFTERWARDS)
async def test_what_a_running_loop_reads_unasked_ends_the_connection(
    afterwards: Callable[[socket.socket], None],
) -> None:
    """Half a status line, too, which aiohttp would keep for the next answer's beginning."""
    with host(afterwards) as server:
        async with AsyncClient(KEY, base_url=server.url, max_retries=0, timeout=20) as crm:
            await create(crm)
            block_while(server)
            await spin(10)  # what is in the socket is read
            assert (await create(crm)).id == "ada"
        assert server.connections == 2


async def test_an_idle_connection_is_used_again() -> None:
    """The look costs no connection that is well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Host(listener, lambda _: None)
        server.connections = 1  # none is the first
        threading.Thread(target=server.serve, daemon=True).start()
        async with AsyncClient(KEY, base_url=server.url, max_retries=0) as crm:
            for _ in range(3):
                await create(crm)
        assert server.connections == 2
        listener.shutdown(socket.SHUT_RDWR)
        server.close()


async def test_a_connection_that_cannot_be_watched_is_used_once() -> None:
    """An aiohttp that makes its connections otherwise than we ask costs connections, and no rows."""
    connector = FreshConnector()
    connector._factory = partial(ResponseHandler, loop=asyncio.get_running_loop())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Host(listener, lambda _: None)
        server.connections = 1  # none is the first
        threading.Thread(target=server.serve, daemon=True).start()
        async with AsyncClient(KEY, base_url=server.url, max_retries=0, connector=connector) as crm:
            for _ in range(3):
                await create(crm)
        assert server.connections == 4
        listener.shutdown(socket.SHUT_RDWR)
        server.close()


async def test_a_server_that_speaks_first_is_heard_once() -> None:
    """On a new connection whatever comes first is the answer: no connection is made in vain, again and again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusals: list[socket.socket] = []

        def refuse() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                refusals.append(connection)
                connection.sendall(http("503 Full\nContent-Length: 0\nConnection: close"))

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with AsyncClient(KEY, base_url=url, max_retries=0, timeout=20) as crm:
            assert isinstance(await outcome(create(crm)), APIError)
        assert len(refusals) == 1
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for connection in refusals:
            connection.close()
