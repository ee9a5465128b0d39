"""Before a request is sent: names, ports and certificates."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator

import aiohttp
import pytest
import trustme

from impactive_async import APIConnectionError, AsyncClient
from tests.http.test_timeouts import Resolver
from tests.support import KEY, FakeClock, http, outcome, scripted

WORKSPACE = http("200 OK\nContent-Length: 10", b'{"id":"w"}')


def client(url: str, connector: aiohttp.BaseConnector | None = None) -> AsyncClient:
    return AsyncClient(KEY, base_url=url, connector=connector, clock=FakeClock(), max_retries=2)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken, and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def tls_of(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def test_a_refused_connection_is_tried_again_and_known_not_to_be_sent(closed_port: int) -> None:
    """Even a create is repeated, since it never left; the error names host, port and what to check."""
    async with client(f"http://127.0.0.1:{closed_port}") as crm:
        for call in (crm.contacts.create(first_name="A", last_name="B"), crm.sequences.unenroll("s", "c")):
            error = await outcome(call)
            assert type(error) is APIConnectionError
            assert (error.request_sent, error.attempts, error.outcome_unknown) == (False, 3, False)
            assert f"127.0.0.1:{closed_port}, " in str(error)
            assert "base_url" in str(error)


async def test_an_unknown_name_is_tried_again_and_known_not_to_be_sent() -> None:
    """A name that does not resolve now may do so in a second."""

    class Unknown(Resolver):
        async def resolve(self, host: str, port: int = 0, family: object = 0) -> list[aiohttp.abc.ResolveResult]:
            raise OSError(None, "Name or service not known")

    async with client("https://crm.example", aiohttp.TCPConnector(resolver=Unknown())) as crm:
        error = await outcome(crm.contacts.create(first_name="A", last_name="B"))
    assert (error.request_sent, error.attempts, error.outcome_unknown) == (False, 3, False)
    assert "crm.example:443, Name or service not known" in str(error)


async def test_a_certificate_that_nobody_vouches_for_is_not_tried_again(authority: trustme.CA) -> None:
    """A self-made certificate is as untrusted in a second: one attempt, and the key has not been sent."""
    async with scripted(WORKSPACE, tls=tls_of(authority, "127.0.0.1")) as server, client(server.url) as crm:
        error = await outcome(crm.zapier.auth_test())
        assert server.heads == []
    assert type(error) is APIConnectionError
    assert isinstance(error.__cause__, ssl.CertificateError)
    assert (error.request_sent, error.attempts) == (False, 1)
    assert "certificate verify failed" in str(error)


async def test_a_certificate_for_another_name_is_not_tried_again(authority: trustme.CA) -> None:
    """Trusting the authority is not enough where the name does not fit."""
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    connector = aiohttp.TCPConnector(ssl=trusting)
    answer = scripted(WORKSPACE, tls=tls_of(authority, "other.example"))
    async with answer as server, client(server.url, connector) as crm:
        error = await outcome(crm.zapier.auth_test())
    assert (error.request_sent, error.attempts) == (False, 1)


async def test_a_private_authority_is_trusted_through_the_connector(authority: trustme.CA) -> None:
    """`connector=` is where a private CA goes."""
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    connector = aiohttp.TCPConnector(ssl=trusting)
    answer = scripted(WORKSPACE, tls=tls_of(authority, "127.0.0.1"))
    async with answer as server, client(server.url, connector) as crm:
        assert (await crm.zapier.auth_test()).id == "w"


async def test_speaking_tls_to_a_plain_server_is_a_connection_error() -> None:
    """A wrong scheme in base_url fails before the key is sent."""

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http("400 Bad Request"))
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, client(url) as crm:
        error = await outcome(crm.zapier.auth_test())
    assert type(error) is APIConnectionError
    assert error.request_sent is False
