"""A sending that may have acted is never hidden by what comes after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import pytest

from impactive_async import (
    APIConnectionError,
    APIError,
    AsyncClient,
    ConfigurationError,
    DecodeError,
    RetryPolicy,
    ServerError,
)
from impactive_async.sandbox import Sandbox
from tests.support import KEY, FakeClock, ManualClock, outcome, until

ENROLL = "POST /api/agent/sequences/:id/enroll"


def keys(first: str, then: Callable[[], str]) -> Callable[[], str]:
    """A key source that gives `first` once, and then what `then` says."""
    given: list[str] = []

    def source() -> str:
        given.append("")
        return first if len(given) == 1 else then()

    return source


def fail() -> str:
    raise RuntimeError("vault down")


@pytest.mark.parametrize("then", [lambda: "garbage", fail], ids=["no key", "an exception"])
async def test_a_key_that_fails_on_the_repetition_hides_nothing(sandbox: Sandbox, then: Callable[[], str]) -> None:
    """An enroll whose first answer was lost stays unknown when there is no key for the second sending."""
    source = keys(sandbox.api_key, then)
    async with AsyncClient(source, base_url=sandbox.url, clock=FakeClock()) as crm:
        sandbox.fail(ENROLL, disconnect=True)
        error = await outcome(crm.sequences.enroll("seq_1", contact_ids=["a"]))
    assert isinstance(error, APIConnectionError)
    assert (error.outcome_unknown, error.attempts) == (True, 1)
    assert isinstance(error.__cause__, ConfigurationError | RuntimeError)
    assert crm.stats().failures == 1


async def test_closing_between_two_sendings_hides_nothing(sandbox: Sandbox) -> None:
    """An enroll that waits to be repeated stays unknown when the client is closed meanwhile."""
    clock = ManualClock()
    crm = AsyncClient(sandbox.api_key, base_url=sandbox.url, clock=clock, retry=RetryPolicy(jitter=float))
    sandbox.fail(ENROLL, status=502)
    call = asyncio.create_task(crm.sequences.enroll("seq_1", contact_ids=["a"]))
    await until(lambda: clock.sleepers == 1)
    await crm.aclose()
    clock.advance(1)
    with pytest.raises(ServerError) as caught:
        await call
    assert caught.value.outcome_unknown


async def test_what_fails_before_anything_was_sent_is_itself(sandbox: Sandbox) -> None:
    """Without a sending that may have acted, a failing key source is raised as it is."""
    async with AsyncClient(fail, base_url=sandbox.url) as crm:
        with pytest.raises(RuntimeError, match="vault down"):
            await crm.sequences.enroll("seq_1", contact_ids=["a"])
    assert not sandbox.requests


async def test_an_error_of_the_key_source_is_not_one_of_the_request(sandbox: Sandbox) -> None:
    """A key source that fails in a request of its own is a matter of configuration, and nothing is repeated."""

    def source() -> str:
        raise APIError("the vault says no", outcome_unknown=True)

    async with AsyncClient(source, base_url=sandbox.url) as crm:
        with pytest.raises(ConfigurationError, match="the vault says no"):
            await crm.contacts.create(first_name="Ada", last_name="Lovelace")
    assert not sandbox.requests


async def test_a_key_source_that_hangs_ends_with_the_timeout(sandbox: Sandbox) -> None:
    """The key has the time-out of the attempt, so that a hanging source blocks no slot for ever."""

    async def source() -> str:
        await asyncio.Event().wait()
        return KEY

    async with AsyncClient(source, base_url=sandbox.url, timeout=0.01, max_concurrency=1) as crm:
        with pytest.raises(ConfigurationError, match=r"did not answer within 0\.01 s"):
            await crm.contacts.list()
        assert crm.stats().in_flight == 0


async def test_a_proxy_that_refuses_sent_nothing(sandbox: Sandbox) -> None:
    """A create refused by a proxy before it left is not of unknown outcome."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    proxy = await asyncio.start_server(refuse, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    async with (
        proxy,
        aiohttp.ClientSession(proxy=address) as session,
        AsyncClient(KEY, base_url="https://crm.example", session=session, max_retries=0) as crm,
    ):
        error = await outcome(crm.contacts.create(first_name="Ada", last_name="Lovelace"))
    assert isinstance(error, APIConnectionError)
    assert (error.request_sent, error.outcome_unknown) == (False, False)
    assert "407" in str(error)


async def test_an_answer_of_the_wrong_shape_names_its_request(crm: AsyncClient, sandbox: Sandbox) -> None:
    """A `DecodeError` carries the server's request id, to be quoted to its support."""
    sandbox.fail("GET /api/zapier/auth/test", body=b"{}", headers={"x-request-id": "req_42"})
    error = await outcome(crm.zapier.auth_test())
    assert isinstance(error, DecodeError)
    assert error.request_id == "req_42"
