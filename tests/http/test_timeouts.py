"""What a time-out covers, and what it does not: time jumps on the loop, nobody waits."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from impactive_async import APITimeoutError
from impactive_async.sandbox import Sandbox
from tests.support import LoopClock, client_of, now, outcome, time_jumps, until

AUTH = "GET /api/zapier/auth/test"


@time_jumps
async def test_an_answer_that_does_not_come_times_out() -> None:
    """The error says after how many seconds, and that the server may have acted."""
    async with Sandbox() as sandbox, client_of(sandbox, timeout=4, max_retries=0) as crm:
        sandbox.fail(AUTH, hold=asyncio.Event(), times=None)
        start = now()
        error = await outcome(crm.zapier.auth_test())
        assert 4 <= now() - start < 4.5
        assert type(error) is APITimeoutError
        assert (error.request_sent, error.attempts, error.outcome_unknown) == (True, 1, False)
        assert "No whole answer within 4 s." in str(error)


@time_jumps
async def test_a_call_may_have_its_own_time_out() -> None:
    """`timeout=` of a call goes before that of a view, and that before the client's."""
    async with Sandbox() as sandbox, client_of(sandbox, timeout=4, max_retries=0) as crm:
        sandbox.fail("*", hold=asyncio.Event(), times=None)
        view = crm.with_options(timeout=3)
        calls = {2: view.contacts.list(timeout=2), 3: view.contacts.list(), 4: crm.contacts.list()}
        for seconds, call in calls.items():
            start = now()
            await outcome(call)
            assert seconds <= now() - start < seconds + 0.5


@time_jumps
async def test_each_attempt_has_the_whole_time_out() -> None:
    """Three attempts of four seconds are twelve, and the error counts them."""
    async with Sandbox() as sandbox, client_of(sandbox, timeout=4, max_retries=2) as crm:
        sandbox.fail(AUTH, hold=asyncio.Event(), times=None)
        start = now()
        error = await outcome(crm.zapier.auth_test())
        assert 12 <= now() - start < 13
        assert error.attempts == len(sandbox.requests) == 3
        assert "(after 3 attempts)" in str(error)


@time_jumps
async def test_a_body_that_stalls_times_out() -> None:
    """The time-out runs to the last byte, not to the first."""
    stalled = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[")
        await stalled.wait()
        writer.close()

    async with await asyncio.start_server(stall, "127.0.0.1", 0) as server, Sandbox() as sandbox:
        url = "http://127.0.0.1:{1}".format(*server.sockets[0].getsockname())
        async with client_of(sandbox, base_url=url, timeout=4, max_retries=0) as crm:
            error = await outcome(crm.contacts.list())
        stalled.set()
    assert type(error) is APITimeoutError
    assert error.request_sent


@time_jumps
async def test_waiting_for_a_slot_is_not_counted() -> None:
    """Behind `max_concurrency` three calls of three seconds take nine, and none times out after four."""
    async with Sandbox() as sandbox, client_of(sandbox, timeout=4, max_retries=0, max_concurrency=1) as crm:
        sandbox.fail(AUTH, delay=3, times=None)
        start = now()
        await asyncio.gather(*(crm.zapier.auth_test() for _ in range(3)))
        assert 9 <= now() - start < 10
        assert sandbox.peak_in_flight == 1


@time_jumps
async def test_waiting_for_the_rate_is_not_counted() -> None:
    """At one request in ten seconds the third call waits for twenty, with a time-out of four."""
    async with (
        Sandbox() as sandbox,
        client_of(sandbox, timeout=4, max_retries=0, rate_limit=0.1, clock=LoopClock()) as crm,
    ):
        start = now()
        await asyncio.gather(*(crm.zapier.auth_test() for _ in range(3)))
        assert 20 <= now() - start < 21


@time_jumps
async def test_waiting_out_a_429_is_not_counted() -> None:
    """A pause of a hundred seconds is no time-out."""
    async with Sandbox() as sandbox, client_of(sandbox, timeout=4, clock=LoopClock()) as crm:
        sandbox.fail(AUTH, status=429, retry_after=100)
        start = now()
        await crm.zapier.auth_test()
        assert 100 <= now() - start < 101


class Resolver(AbstractResolver):
    """Resolves every name to the given addresses of this machine; without any, never."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        if not self._addresses:
            await asyncio.Event().wait()
        return [
            {"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}
            for address in self._addresses
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("addresses", [(), ("127.0.0.1",), ("127.0.0.1", "127.0.0.2", "127.0.0.3")], ids=len)
def test_time_spent_connecting_was_certainly_not_spent_sending(addresses: tuple[str, ...]) -> None:
    """A name server, or hosts that accept and say nothing to our TLS: even a create is tried again, and is known
    not to have happened.
    """

    @time_jumps
    async def law() -> None:
        silence = asyncio.Event()

        async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await silence.wait()
            writer.close()

        async with await asyncio.start_server(say_nothing, "0.0.0.0", 0) as server, Sandbox() as sandbox:
            url = f"https://crm.example:{server.sockets[0].getsockname()[1]}"
            connector = aiohttp.TCPConnector(resolver=Resolver(*addresses))
            async with client_of(sandbox, base_url=url, connector=connector, timeout=30, max_retries=1) as crm:
                start = now()
                error = await outcome(crm.contacts.create(first_name="A", last_name="B"))
                assert now() - start < 25
            silence.set()
        assert type(error) is APITimeoutError
        assert (error.request_sent, error.attempts, error.outcome_unknown) == (False, 2, False)
        assert "No connection in time" in str(error)

    law()


@time_jumps
async def test_time_spent_in_a_borrowed_pool_was_not_spent_sending_either() -> None:
    """A call that never got a connection out of a crowded borrowed pool is known not to have been sent."""
    async with Sandbox() as sandbox, aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        hold = asyncio.Event()
        sandbox.fail(AUTH, hold=hold)
        async with client_of(sandbox, session=session, timeout=30, max_retries=0) as crm:
            busy = asyncio.create_task(crm.zapier.auth_test())
            await until(lambda: len(sandbox.requests) == 1)
            error = await outcome(crm.contacts.create(first_name="A", last_name="B"))
            hold.set()
            await busy
        assert (error.request_sent, error.outcome_unknown) == (False, False)
        assert len(sandbox.requests) == 1
