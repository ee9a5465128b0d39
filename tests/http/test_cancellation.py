"""A call that is cancelled, at whichever await, leaves nothing taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from impactive_async import AsyncClient
from impactive_async.sandbox import Sandbox
from tests.support import PATIENCE, FakeClock, client_of, until

AUTH = "GET /api/zapier/auth/test"
CREATE = "POST /api/agent/contacts"
MOST_TURNS = 400


async def cancelled_after(turns: int, call: Any) -> bool:
    """Cancel a call after so many turns of the loop; whether it was still under way then."""
    task = asyncio.ensure_future(call)
    for _ in range(turns):
        await asyncio.sleep(0)
        if task.done():
            await task
            return False
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return True


Trouble = Callable[[Sandbox], Any]


def no_trouble(_: Sandbox) -> None:
    pass


def refused(sandbox: Sandbox) -> None:
    sandbox.fail("*", status=429, retry_after=3)


def failing(sandbox: Sandbox) -> None:
    sandbox.fail("*", status=503, retry_after=3)


def dropped(sandbox: Sandbox) -> None:
    sandbox.fail("*", disconnect=True)


def cut(sandbox: Sandbox) -> None:
    sandbox.fail("*", die_mid_body=True)


@asynccontextmanager
async def narrow_client(sandbox: Sandbox) -> AsyncIterator[AsyncClient]:
    """One connection, one slot, and every kind of await there is on a call's way."""

    async def key() -> str:
        await asyncio.sleep(0)
        return sandbox.api_key

    connector = aiohttp.TCPConnector(limit=1)
    options: dict[str, Any] = {"connector": connector, "max_concurrency": 1, "rate_limit": 1000.0}
    async with client_of(sandbox, api_key=key, clock=FakeClock(), **options) as crm:
        yield crm


@pytest.mark.parametrize("trouble", [no_trouble, refused, failing, dropped, cut])
async def test_a_call_cancelled_at_any_await_leaves_nothing_taken(sandbox: Sandbox, trouble: Trouble) -> None:
    """With one connection, one slot and a rate, the next call goes through after every possible cancellation."""
    async with narrow_client(sandbox) as crm:
        for turns in range(MOST_TURNS):
            sandbox.clear_faults()
            trouble(sandbox)
            under_way = await cancelled_after(turns, crm.contacts.list())
            assert (crm.stats().in_flight, crm.stats().waiting) == (0, 0)
            sandbox.clear_faults()
            async with asyncio.timeout(PATIENCE):
                await crm.zapier.auth_test()
            if not under_way:
                break
        assert turns > 6
        assert not under_way


async def test_a_create_cancelled_at_any_await_arrives_at_most_once(sandbox: Sandbox) -> None:
    """Cancelling is swallowed nowhere: no attempt follows it."""
    async with narrow_client(sandbox) as crm:
        for turns in range(MOST_TURNS):
            before = len(sandbox.requests_to(CREATE))
            if not await cancelled_after(turns, crm.contacts.create(first_name="A", last_name="B")):
                break
            for _ in range(50):
                await asyncio.sleep(0)
            assert len(sandbox.requests_to(CREATE)) - before <= 1
        assert turns > 6


async def test_a_crowd_cancelled_at_once_leaves_nothing_taken(sandbox: Sandbox) -> None:
    """Twenty calls, some under way and some waiting, cancelled together: the twenty-first finds all free."""
    hold = asyncio.Event()
    async with client_of(sandbox, connector=aiohttp.TCPConnector(limit=3), max_concurrency=3) as crm:
        sandbox.fail(AUTH, hold=hold, times=None)
        calls = [asyncio.create_task(crm.zapier.auth_test()) for _ in range(20)]
        await until(lambda: len(sandbox.requests) == 3)
        for call in calls:
            call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
        assert (crm.stats().in_flight, crm.stats().waiting) == (0, 0)
        hold.set()
        sandbox.clear_faults()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(crm.zapier.auth_test() for _ in range(3)))
